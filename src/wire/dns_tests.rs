use super::*;

/// A response as a printer would send it: PTR, and SRV, TXT and A beside it, names compressed.
const PRINTER: &[u8] = &[
    0x00, 0x00, // id
    0x84, 0x00, // response, authoritative
    0, 0, 0, 1, 0, 0, 0, 3, // no question, one answer, three additionals
    // 12: _ipp._tcp.local
    4, b'_', b'i', b'p', b'p', 4, b'_', b't', b'c', b'p', 5, b'l', b'o', b'c', b'a', b'l',
    0, //
    0, 12, 0, 1, // PTR, IN
    0, 0, 0x11, 0x94, // 4500 s
    0, 5, // 5 bytes: P1 and a pointer to 12
    2, b'P', b'1', 0xc0, 12, // 39: P1._ipp._tcp.local
    0xc0, 39, 0, 33, 0x80, 1, 0, 0, 0, 120, // SRV, flush, 120 s
    0, 11, 0, 1, 0, 2, 0x02, 0x77, 2, b'p', b'1', 0xc0,
    22, // priority 1, weight 2, port 631, p1.local at 62
    0xc0, 39, 0, 16, 0x80, 1, 0, 0, 0x11, 0x94, // TXT
    0, 6, 3, b'a', b'=', b'b', 1, b'c', // two texts
    0xc0, 62, 0, 1, 0x80, 1, 0, 0, 0, 120, // A
    0, 4, 192, 168, 1, 9,
];

fn name(text: &str) -> NameBuf {
    NameBuf::new(text.split('.').map(str::as_bytes)).unwrap()
}

fn shown(bytes: &[u8]) -> Vec<String> {
    let message = Message::parse(bytes).unwrap();
    let questions = message.questions().map(|q| format!("{q:?}"));
    let records = message.records().map(|(s, r)| format!("{s:?} {r:?}"));
    questions.chain(records).collect()
}

#[test]
fn a_printers_response_is_read() {
    let message = Message::parse(PRINTER).unwrap();
    assert!(message.is_response() && !message.is_truncated());
    let records: Vec<_> = message.records().collect();
    assert_eq!(records.len(), 4);
    let (section, ptr) = records[0];
    assert_eq!(section, Section::Answer);
    assert_eq!((ptr.ttl_secs, ptr.flush), (4500, false));
    assert!(
        ptr.name.is(name("_IPP._tcp.local").view()),
        "case is nothing"
    );
    assert!(matches!(ptr.data, Data::Ptr(target) if target.to_string() == "P1._ipp._tcp.local"));
    let (section, srv) = records[1];
    assert_eq!(
        (section, srv.ttl_secs, srv.flush, srv.class),
        (Section::Additional, 120, true, 1)
    );
    let Data::Srv {
        priority: 1,
        weight: 2,
        port: 631,
        target,
    } = srv.data
    else {
        panic!("{srv:?}")
    };
    assert_eq!(target.to_string(), "p1.local");
    let mut spelled = Vec::new();
    srv.data.spell(|piece| spelled.extend_from_slice(piece));
    assert_eq!(spelled, b"\0\x01\0\x02\x02\x77\x02p1\x05local\0");
    assert!(matches!(records[2].1.data, Data::Txt(raw) if texts(raw).eq([&b"a=b"[..], b"c"])));
    assert!(
        matches!(records[3].1.data, Data::A(address) if address == Ipv4Addr::new(192, 168, 1, 9))
    );
    assert_eq!(records[3].1.name.to_string(), "p1.local");
}

#[test]
fn every_prefix_is_refused() {
    for len in 0..PRINTER.len() {
        assert!(Message::parse(&PRINTER[..len]).is_err(), "{len} bytes");
    }
    assert!(Message::parse(&[PRINTER, b"more"].concat()).is_ok());
}

#[test]
fn no_changed_byte_makes_a_panic_or_a_loop() {
    for at in 0..PRINTER.len() {
        for value in 0..=255 {
            let mut bytes = PRINTER.to_vec();
            bytes[at] = value;
            if Message::parse(&bytes).is_ok() {
                let _ = shown(&bytes);
            }
        }
    }
}

#[test]
fn bad_names_codes_and_data_are_refused() {
    let query = |tail: &[u8]| [b"\0\0\0\0\0\x01\0\0\0\0\0\0", tail].concat();
    let record = |tail: &[u8]| [b"\0\0\x84\0\0\0\0\x01\0\0\0\0\0", tail].concat();
    let long_label = [&[64][..], &[b'a'; 64], b"\0\0\x01\0\x01"].concat();
    let long_name = [&b"\x01a".repeat(127)[..], b"\0\0\x01\0\x01"].concat();
    let longer_name = [&b"\x01a".repeat(128)[..], b"\0\0\x01\0\x01"].concat();
    assert!(
        Message::parse(&query(&long_name)).is_ok(),
        "255 bytes are a name"
    );
    for (what, bytes, error) in [
        (
            "a pointer to itself",
            query(b"\xc0\x0c\0\x01\0\x01"),
            Error::Name,
        ),
        (
            "a pointer forward",
            query(b"\xc0\x0e\0\0\x01\0\x01"),
            Error::Name,
        ),
        (
            "a pointer into its own run",
            query(b"\x01a\xc0\x0c\0\x01\0\x01"),
            Error::Name,
        ),
        ("a label of 64 bytes", query(&long_label), Error::Name),
        ("a name of 256 bytes", query(&longer_name), Error::Name),
        ("half a pointer", query(b"\xc0"), Error::Truncated),
        (
            "another operation",
            b"\0\0\x28\0\0\0\0\0\0\0\0\0".to_vec(),
            Error::Code,
        ),
        (
            "an error code",
            b"\0\0\x84\x03\0\0\0\0\0\0\0\0".to_vec(),
            Error::Code,
        ),
        (
            "more questions than there are",
            query(b""),
            Error::Truncated,
        ),
        (
            "A of 5 bytes",
            record(b"\0\x01\0\x01\0\0\0\0\0\x0512345"),
            Error::Data,
        ),
        (
            "AAAA of 4 bytes",
            record(b"\0\x1c\0\x01\0\0\0\0\0\x041234"),
            Error::Data,
        ),
        (
            "PTR with a byte left",
            record(b"\0\x0c\0\x01\0\0\0\0\0\x02\0\0"),
            Error::Data,
        ),
        (
            "PTR beyond its data",
            record(b"\0\x0c\0\x01\0\0\0\0\0\x01\x01a\0"),
            Error::Data,
        ),
        (
            "SRV of 3 bytes",
            record(b"\0\x21\0\x01\0\0\0\0\0\x03abc"),
            Error::Data,
        ),
        (
            "TXT with a lying text",
            record(b"\0\x10\0\x01\0\0\0\0\0\x02\x02a"),
            Error::Data,
        ),
        (
            "data that are cut",
            record(b"\0\x63\0\x01\0\0\0\0\0\x09a"),
            Error::Truncated,
        ),
    ] {
        assert_eq!(Message::parse(&bytes).map(drop), Err(error), "{what}");
    }
    // A pointer into the head is odd, but goes back and ends.
    assert!(Message::parse(&query(b"\xc0\x00\0\x01\0\x01")).is_ok());
}

#[test]
fn a_chain_of_pointers_ends_early() {
    // A record whose data are a name and `links` pointers, each to the one before; a second that ends the chain.
    let chain = |links: u16| {
        let mut bytes = b"\0\0\x84\0\0\0\0\x02\0\0\0\0\0\0\x63\0\x01\0\0\0\0".to_vec();
        bytes.extend((3 + 2 * links).to_be_bytes());
        bytes.extend(b"\x01a\0");
        for link in 0..links {
            let to = if link == 0 { 23 } else { 26 + 2 * (link - 1) };
            bytes.extend((0xc000 | to).to_be_bytes());
        }
        bytes.extend((0xc000 | (26 + 2 * (links - 1))).to_be_bytes());
        bytes.extend(b"\0\x63\0\x01\0\0\0\0\0\0");
        Message::parse(&bytes).map(drop)
    };
    assert_eq!(chain(31), Ok(()));
    assert_eq!(chain(32), Err(Error::Name));
}

#[test]
fn what_is_written_reads_back_compressed() {
    let (service, host) = (name("P1._ipp._tcp.local"), name("p1.local"));
    let kind = name("_ipp._tcp.local");
    let mut buffer = [0; 512];
    let mut writer = Writer::new(&mut buffer, Header::Response);
    let ptr = Data::Ptr(service.view());
    let srv = Data::Srv {
        priority: 1,
        weight: 2,
        port: 631,
        target: host.view(),
    };
    let a = Data::A(Ipv4Addr::new(192, 168, 1, 9));
    writer
        .record(Section::Answer, kind.view(), 4500, false, &ptr)
        .unwrap();
    writer
        .record(Section::Additional, service.view(), 120, true, &srv)
        .unwrap();
    let txt = Data::Txt(b"\x03a=b\x01c");
    writer
        .record(Section::Additional, service.view(), 4500, true, &txt)
        .unwrap();
    writer
        .record(Section::Additional, host.view(), 120, true, &a)
        .unwrap();
    let bytes = writer.finish();
    assert_eq!(shown(bytes), shown(PRINTER));
    // As the printer's, but the host in SRV is written out, and so its own name points into nothing but "local".
    assert_eq!(bytes.len(), PRINTER.len() + 5 + 3);
}

#[test]
fn what_does_not_fit_is_not_begun() {
    let (long, kind) = (name("a-long-name.local"), name("_http._tcp.local"));
    for room in 0..100 {
        let mut buffer = vec![0; room];
        let mut writer = Writer::new(&mut buffer, Header::Query { more_follows: true });
        let asked = writer.question(kind.view(), kind::PTR, true);
        let data = Data::Ptr(long.view());
        let known = writer.record(Section::Answer, kind.view(), 9, false, &data);
        let bytes = writer.finish();
        if room < 12 {
            assert_eq!((asked, known), (Err(Full), Err(Full)));
            continue;
        }
        let message = Message::parse(bytes).unwrap();
        assert!(message.is_truncated());
        assert_eq!(message.questions().count(), usize::from(asked.is_ok()));
        assert_eq!(message.records().count(), usize::from(known.is_ok()));
        assert!(
            message
                .questions()
                .all(|q| q.unicast && q.asks_for(kind::PTR))
        );
    }
}

#[test]
fn a_legacy_answer_repeats_id_and_question() {
    let mut buffer = [0; 64];
    let mut writer = Writer::new(&mut buffer, Header::Legacy { id: 0xbeef });
    writer
        .echo(name("P1.Local").view(), kind::ANY, CLASS_ANY)
        .unwrap();
    let bytes = writer.finish();
    assert_eq!(
        bytes,
        b"\xbe\xef\x84\0\0\x01\0\0\0\0\0\0\x02P1\x05Local\0\0\xff\0\xff"
    );
}

#[test]
fn nsec_has_one_bit_for_each_type() {
    let data = nsec(name("p1.local").view(), &[kind::A, kind::AAAA, 300]);
    // A is bit 1 of byte 0, AAAA bit 4 of byte 3.
    assert_eq!(data, b"\x02p1\x05local\0\0\x04\x40\0\0\x08");
    let data = nsec(name("p1").view(), &[kind::TXT, kind::SRV]);
    assert_eq!(data, b"\x02p1\0\0\x05\0\0\x80\0\x40");
}

#[test]
fn names_are_compared_and_shown() {
    let dotted = NameBuf::new([&b"St. John\\"[..], b"_http", b"\xff\xc3\xa4"]).unwrap();
    assert_eq!(
        dotted.view().to_string(),
        "St\\. John\\\\._http.\u{fffd}\u{e4}"
    );
    assert_eq!(name("a.B"), name("A.b"));
    for other in ["a", "a.b.c", "a.c", "ab"] {
        assert_ne!(name("a.b"), name(other), "{other}");
    }
    assert_eq!(NameBuf::default().view().labels().count(), 0);
    assert!(NameBuf::new([&b""[..]]).is_err());
    assert!(NameBuf::new([&[b'a'; 64][..]]).is_err());
    assert!(NameBuf::new([&[b'a'; 63][..]; 4]).is_err());
}
