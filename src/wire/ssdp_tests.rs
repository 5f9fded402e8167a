use super::*;
use crate::limits;

const UDN: &str = "uuid:4d696e69-444c-164e-9d41-b6d47660363b";
const DEVICE: Device<'static> = Device {
    udn: UDN,
    server: "Linux/6.1 UPnP/1.1 rill/0.1.0",
    max_age_secs: 1800,
    boot_id: 7,
    config_id: 42,
    search_port: None,
};
const DATE: &str = "Sat, 21 Nov 2026 02:07:55 GMT";

fn location() -> Location<'static> {
    Location {
        http: SocketAddr::from(([192, 168, 1, 20], 8200)),
        path: "/description.xml",
    }
}

fn to_v4() -> SocketAddr {
    group(Ipv4Addr::LOCALHOST.into())
}

fn search(lines: &[&str]) -> Vec<u8> {
    let mut bytes = lines.join("\r\n").into_bytes();
    bytes.extend_from_slice(b"\r\n\r\n");
    bytes
}

fn good() -> Vec<u8> {
    search(&[
        "M-SEARCH * HTTP/1.1",
        "HOST: 239.255.255.250:1900",
        "MAN: \"ssdp:discover\"",
        "MX: 2",
        "ST: upnp:rootdevice",
    ])
}

const ROOT_IN_2: MSearch<'static> = MSearch {
    st: "upnp:rootdevice",
    mx: Mx::Seconds(2),
};

// ---- searches ----------------------------------------------------------------------------------

#[test]
fn the_searches_of_real_control_points_are_understood() {
    let table: [(&str, &[u8], MSearch<'_>); 5] = [
        ("upnpy", &good(), ROOT_IN_2),
        (
            "gssdp 1.6",
            b"M-SEARCH * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\nMan: \"ssdp:discover\"\r\nST: ssdp:all\r\n\
              MX: 3\r\nUser-Agent: Linux/6.1.0 UPnP/1.0 GSSDP/1.6.2\r\n\r\n",
            MSearch { st: "ssdp:all", mx: Mx::Seconds(3) },
        ),
        (
            "upnpclient",
            b"M-SEARCH * HTTP/1.1\r\nST: ssdp:all\r\nMX: 2\r\nMAN: \"ssdp:discover\"\r\n\
              HOST: 239.255.255.250:1900\r\n\r\n",
            MSearch { st: "ssdp:all", mx: Mx::Seconds(2) },
        ),
        (
            "async_upnp_client",
            b"M-SEARCH * HTTP/1.1\r\nHOST:239.255.255.250:1900\r\nMAN:\"ssdp:discover\"\r\nMX:2\r\n\
              ST:urn:schemas-upnp-org:device:MediaServer:1\r\n\r\n",
            MSearch {
                st: "urn:schemas-upnp-org:device:MediaServer:1",
                mx: Mx::Seconds(2),
            },
        ),
        (
            "bare LF, as Kodi sends",
            b"M-SEARCH * HTTP/1.1\nMX: 2\nST: upnp:rootdevice\nMAN: \"ssdp:discover\"\n\n",
            ROOT_IN_2,
        ),
    ];
    for (name, bytes, expected) in table {
        assert_eq!(MSearch::parse(bytes), Ok(expected), "{name}");
    }
}

/// One line of the good search replaced by another; `None` where it stays readable.
#[test]
fn each_line_is_lenient_where_it_harms_nobody_and_strict_elsewhere() {
    let rows: [(&str, &str, Option<Reject>); 26] = [
        ("HOST: 239.255.255.250:1900", "X: y", None),
        ("HOST: 239.255.255.250:1900", "host:", None),
        ("HOST: 239.255.255.250:1900", "no colon here", None),
        ("HOST: 239.255.255.250:1900", " ST: folded", None),
        ("HOST: 239.255.255.250:1900", ": no name", None),
        ("MAN: \"ssdp:discover\"", "mAn:\t ssdp:discover \t", None),
        (
            "MAN: \"ssdp:discover\"",
            "MAN: \"ssdp:foo\"",
            Some(Reject::Man),
        ),
        (
            "MAN: \"ssdp:discover\"",
            "MANX: ssdp:discover",
            Some(Reject::Man),
        ),
        ("MAN: \"ssdp:discover\"", "MAN:", Some(Reject::Man)),
        ("ST: upnp:rootdevice", "ST:upnp:rootdevice", None),
        ("ST: upnp:rootdevice", "sT: upnp:rootdevice  ", None),
        (
            "ST: upnp:rootdevice",
            "ST: upnp:rootdevice\r\nST: ssdp:foo",
            None,
        ),
        ("ST: upnp:rootdevice", "ST:", Some(Reject::Target)),
        ("ST: upnp:rootdevice", "X-ST: a", Some(Reject::Target)),
        ("ST: upnp:rootdevice", "ST: a\0b", Some(Reject::Target)),
        ("MX: 2", "MX:\t2 ", None),
        ("MX: 2", "mx:0002", None),
        ("MX: 2", "MX: soon", Some(Reject::Mx)),
        ("MX: 2", "MX: -1", Some(Reject::Mx)),
        ("MX: 2", "MX: +2", Some(Reject::Mx)),
        ("MX: 2", "MX: 0x10", Some(Reject::Mx)),
        ("MX: 2", "MX:", Some(Reject::Mx)),
        (
            "M-SEARCH * HTTP/1.1",
            "m-search * HTTP/1.1",
            Some(Reject::StartLine),
        ),
        (
            "M-SEARCH * HTTP/1.1",
            "M-SEARCH /x HTTP/1.1",
            Some(Reject::StartLine),
        ),
        (
            "M-SEARCH * HTTP/1.1",
            "GET * HTTP/1.1",
            Some(Reject::StartLine),
        ),
        (
            "M-SEARCH * HTTP/1.1",
            "NOTIFY * HTTP/1.1",
            Some(Reject::NotSearch),
        ),
    ];
    let good = String::from_utf8(good()).unwrap();
    for (from, to, reject) in rows {
        let changed = good.replace(from, to);
        assert_ne!(changed, good, "{from} stands in the good search");
        let expected = reject.map_or(Ok(ROOT_IN_2), Err);
        assert_eq!(MSearch::parse(changed.as_bytes()), expected, "{to}");
    }
}

#[test]
fn text_that_is_not_utf8_is_no_target() {
    let bytes = b"M-SEARCH * HTTP/1.1\r\nMAN: ssdp:discover\r\nST: \xff\xfe\r\n\r\n";
    assert_eq!(MSearch::parse(bytes), Err(Reject::Target));
}

#[test]
fn mx_is_clamped_and_may_be_absent() {
    let table = [
        ("MX: 0", Mx::Seconds(0)),
        ("MX: 5", Mx::Seconds(5)),
        ("MX: 6", Mx::Seconds(5)),
        ("MX: 999", Mx::Seconds(5)),
        ("MX: 4294967297", Mx::Seconds(5)),
        ("MX: 99999999999999999999", Mx::Seconds(5)),
        ("X: y", Mx::Absent),
    ];
    let good = String::from_utf8(good()).unwrap();
    for (line, mx) in table {
        let bytes = good.replace("MX: 2", line);
        assert_eq!(
            MSearch::parse(bytes.as_bytes()).map(|found| found.mx),
            Ok(mx),
            "{line}"
        );
    }
}

#[test]
fn the_last_empty_line_may_be_missing_or_many() {
    let bytes = good();
    let without = bytes.strip_suffix(b"\r\n").unwrap();
    assert_eq!(MSearch::parse(without), Ok(ROOT_IN_2));
    let with_more = [&bytes[..], b"\r\n\r\nST"].concat();
    assert_eq!(MSearch::parse(&with_more), Ok(ROOT_IN_2));
    let bare = b"M-SEARCH * HTTP/1.1\nMAN: ssdp:discover\nST: a\n\nMX: junk\ncut";
    let found = MSearch::parse(bare).map(|found| found.mx);
    assert_eq!(
        found,
        Ok(Mx::Absent),
        "nothing counts behind the empty line"
    );
    let old = String::from_utf8(bytes)
        .unwrap()
        .replace("HTTP/1.1", "HTTP/1.0");
    assert_eq!(MSearch::parse(old.as_bytes()), Ok(ROOT_IN_2));
}

/// A prefix is read as a search only when it ends behind a whole line and everything needed has come.
#[test]
fn every_prefix_of_a_search_is_whole_or_rejected() {
    let bytes = good();
    for end in 0..bytes.len() {
        let prefix = &bytes[..end];
        match MSearch::parse(prefix) {
            Ok(found) => {
                assert_eq!(found, ROOT_IN_2);
                assert!(prefix.ends_with(b"upnp:rootdevice\r\n") || prefix.ends_with(b"\r\n\r"));
            }
            Err(why) => assert!(matches!(
                why,
                Reject::Truncated | Reject::Man | Reject::Target
            )),
        }
    }
}

#[test]
fn a_datagram_beyond_the_limit_is_rejected_whole() {
    let mut bytes = good();
    bytes.resize(limits::DATAGRAM_BYTES, b'x');
    assert_eq!(MSearch::parse(&bytes), Ok(ROOT_IN_2), "all behind the end");
    bytes.push(b'x');
    assert_eq!(MSearch::parse(&bytes), Err(Reject::TooLong));
    assert_eq!(Notice::parse(&bytes), Err(Reject::TooLong));
}

#[test]
fn a_written_search_is_read_back() {
    let mut text = String::new();
    ROOT_IN_2
        .write(group(Ipv4Addr::LOCALHOST.into()), &mut text)
        .unwrap();
    assert_eq!(text.as_bytes(), good());
    for mx in [Mx::Absent, Mx::Seconds(0), Mx::Seconds(5)] {
        let one = MSearch { st: UDN, mx };
        let mut text = String::new();
        one.write(group(Ipv6Addr::LOCALHOST.into()), &mut text)
            .unwrap();
        assert_eq!(MSearch::parse(text.as_bytes()), Ok(one));
        assert!(text.contains("HOST: [ff02::c]:1900\r\n"));
    }
}

// ---- targets -----------------------------------------------------------------------------------

#[test]
fn a_target_is_compared_whole() {
    assert_eq!(wanted("ssdp:all", UDN), Target::ALL);
    for target in Target::ALL {
        assert_eq!(wanted(target.nt(UDN), UDN), [target]);
    }
    assert_eq!(wanted(&UDN.to_uppercase(), UDN), [Target::Uuid]);
    for st in [
        "",
        "ssdp:allx",
        "ssdp:al",
        "SSDP:ALL",
        "upnp:rootdevicex",
        "upnp:RootDevice",
        "uuid:4d696e69-444c-164e-9d41",
        "uuid:00000000-1111-2222-3333-444444444444",
        "urn:schemas-upnp-org:device:MediaServer",
        "urn:schemas-upnp-org:device:MediaServer:2",
        "urn:schemas-upnp-org:device:MediaServer:11",
        "urn:schemas-upnp-org:device:MediaServer:1x",
        "urn:schemas-upnp-org:device:MediaRenderer:1",
        "urn:schemas-example-org:device:MediaServer:1",
        "urn:schemas-upnp-org:service:ContentDirectory:9",
    ] {
        assert_eq!(wanted(st, UDN), [], "{st}");
    }
}

// ---- what rill says ----------------------------------------------------------------------------

#[test]
fn an_answer_reads_exactly_so() {
    let mut text = String::new();
    DEVICE
        .answer(Target::ContentDirectory, location(), DATE, &mut text)
        .unwrap();
    assert_eq!(
        text,
        "HTTP/1.1 200 OK\r\n\
         CACHE-CONTROL: max-age=1800\r\n\
         DATE: Sat, 21 Nov 2026 02:07:55 GMT\r\n\
         EXT:\r\n\
         LOCATION: http://192.168.1.20:8200/description.xml\r\n\
         SERVER: Linux/6.1 UPnP/1.1 rill/0.1.0\r\n\
         ST: urn:schemas-upnp-org:service:ContentDirectory:1\r\n\
         USN: uuid:4d696e69-444c-164e-9d41-b6d47660363b::urn:schemas-upnp-org:service:ContentDirectory:1\r\n\
         BOOTID.UPNP.ORG: 7\r\n\
         CONFIGID.UPNP.ORG: 42\r\n\
         \r\n"
    );
}

#[test]
fn an_alive_reads_exactly_so() {
    let mut text = String::new();
    DEVICE
        .alive(Target::RootDevice, location(), to_v4(), &mut text)
        .unwrap();
    assert_eq!(
        text,
        "NOTIFY * HTTP/1.1\r\n\
         HOST: 239.255.255.250:1900\r\n\
         CACHE-CONTROL: max-age=1800\r\n\
         LOCATION: http://192.168.1.20:8200/description.xml\r\n\
         NT: upnp:rootdevice\r\n\
         NTS: ssdp:alive\r\n\
         SERVER: Linux/6.1 UPnP/1.1 rill/0.1.0\r\n\
         USN: uuid:4d696e69-444c-164e-9d41-b6d47660363b::upnp:rootdevice\r\n\
         BOOTID.UPNP.ORG: 7\r\n\
         CONFIGID.UPNP.ORG: 42\r\n\
         \r\n"
    );
}

#[test]
fn a_byebye_reads_exactly_so() {
    let mut text = String::new();
    DEVICE
        .byebye(Target::Uuid, group(Ipv4Addr::LOCALHOST.into()), &mut text)
        .unwrap();
    assert_eq!(
        text,
        "NOTIFY * HTTP/1.1\r\n\
         HOST: 239.255.255.250:1900\r\n\
         NT: uuid:4d696e69-444c-164e-9d41-b6d47660363b\r\n\
         NTS: ssdp:byebye\r\n\
         USN: uuid:4d696e69-444c-164e-9d41-b6d47660363b\r\n\
         BOOTID.UPNP.ORG: 7\r\n\
         CONFIGID.UPNP.ORG: 42\r\n\
         \r\n"
    );
}

#[test]
fn each_message_is_read_back_as_it_was_written() {
    for target in Target::ALL {
        let usn = target.usn(UDN).to_string();
        let expected = Notice {
            saying: Saying::Answer,
            target: target.nt(UDN),
            usn: &usn,
            location: Some("http://192.168.1.20:8200/description.xml"),
            server: Some(DEVICE.server),
            max_age_secs: Some(1800),
            boot_id: Some(7),
            next_boot_id: None,
            search_port: None,
        };
        let mut text = String::new();
        DEVICE.answer(target, location(), DATE, &mut text).unwrap();
        assert_eq!(Notice::parse(text.as_bytes()), Ok(expected));
        assert_eq!(MSearch::parse(text.as_bytes()), Err(Reject::NotSearch));

        text.clear();
        DEVICE
            .alive(target, location(), to_v4(), &mut text)
            .unwrap();
        let alive = Notice {
            saying: Saying::Alive,
            ..expected
        };
        assert_eq!(Notice::parse(text.as_bytes()), Ok(alive));

        text.clear();
        let to = group(Ipv4Addr::LOCALHOST.into());
        DEVICE.byebye(target, to, &mut text).unwrap();
        let byebye = Notice {
            saying: Saying::Byebye,
            location: None,
            server: None,
            max_age_secs: None,
            ..expected
        };
        assert_eq!(Notice::parse(text.as_bytes()), Ok(byebye));
    }
}

#[test]
fn an_update_names_the_bootid_that_is_and_the_one_that_follows() {
    let mut text = String::new();
    let written = DEVICE.update(Target::RootDevice, location(), to_v4(), 8, &mut text);
    assert_eq!(written, Ok(()));
    assert_eq!(
        text,
        "NOTIFY * HTTP/1.1\r\n\
         HOST: 239.255.255.250:1900\r\n\
         LOCATION: http://192.168.1.20:8200/description.xml\r\n\
         NT: upnp:rootdevice\r\n\
         NTS: ssdp:update\r\n\
         USN: uuid:4d696e69-444c-164e-9d41-b6d47660363b::upnp:rootdevice\r\n\
         BOOTID.UPNP.ORG: 7\r\n\
         CONFIGID.UPNP.ORG: 42\r\n\
         NEXTBOOTID.UPNP.ORG: 8\r\n\r\n"
    );
    let read = Notice::parse(text.as_bytes()).unwrap();
    assert_eq!(
        (read.saying, read.boot_id, read.next_boot_id),
        (Saying::Update, Some(7), Some(8))
    );
}

#[test]
fn another_port_for_searches_is_told_everywhere_but_in_a_byebye() {
    let device = Device {
        search_port: Some(50_000),
        ..DEVICE
    };
    let mut texts = [const { String::new() }; 4];
    let [answer, alive, update, byebye] = &mut texts;
    let target = Target::Uuid;
    device.answer(target, location(), DATE, answer).unwrap();
    device.alive(target, location(), to_v4(), alive).unwrap();
    device
        .update(target, location(), to_v4(), 8, update)
        .unwrap();
    device.byebye(target, to_v4(), byebye).unwrap();
    let told = texts.map(|text| {
        assert!(text.ends_with("\r\n\r\n"));
        Notice::parse(text.as_bytes()).unwrap().search_port
    });
    assert_eq!(told, [Some(50_000), Some(50_000), Some(50_000), None]);
}

#[test]
fn a_location_on_ipv6_has_brackets() {
    let location = Location {
        http: SocketAddr::new(Ipv6Addr::LOCALHOST.into(), 80),
        path: "/d",
    };
    assert_eq!(location.to_string(), "http://[::1]:80/d");
}

/// `upnpclient` reads 1024 bytes of an answer and no more.
#[test]
fn the_longest_message_stays_below_a_kibibyte() {
    let long = "x".repeat(limits::SERVER_BYTES);
    let device = Device {
        server: &long,
        max_age_secs: u32::MAX,
        boot_id: u32::MAX,
        config_id: u32::MAX,
        search_port: Some(u16::MAX),
        ..DEVICE
    };
    let location = Location {
        http: "[fe80:1111:2222:3333:4444:5555:6666:7777%4294967295]:65535"
            .parse()
            .unwrap(),
        path: "/description.xml",
    };
    for target in Target::ALL {
        let mut text = heapless::String::<{ limits::SSDP_MESSAGE_BYTES }>::new();
        assert_eq!(
            device.answer(target, location, DATE, &mut text),
            Ok(()),
            "{target:?}"
        );
        text.clear();
        assert_eq!(
            device.alive(target, location, group(location.http.ip()), &mut text),
            Ok(()),
            "{target:?}"
        );
    }
}

// ---- what others say ---------------------------------------------------------------------------

#[test]
fn the_answer_of_another_server_is_understood() {
    let bytes =
        b"HTTP/1.1 200 OK\r\nCache-Control: no-cache, Max-Age = 180\r\nST: upnp:rootdevice\r\n\
                  USN: uuid:a::upnp:rootdevice\r\nEXT:\r\nLocation:http://10.0.0.1:1/d\r\n\
                  Content-Length: 0\r\n\r\n";
    let expected = Notice {
        saying: Saying::Answer,
        target: "upnp:rootdevice",
        usn: "uuid:a::upnp:rootdevice",
        location: Some("http://10.0.0.1:1/d"),
        server: None,
        max_age_secs: Some(180),
        boot_id: None,
        next_boot_id: None,
        search_port: None,
    };
    assert_eq!(Notice::parse(bytes), Ok(expected));
}

#[test]
fn a_notice_without_its_parts_is_rejected() {
    let table: [(&[u8], Reject); 8] = [
        (b"", Reject::Truncated),
        (b"NOTIFY * HTTP/1.1", Reject::Truncated),
        (b"NOTIFY * HTTP/1.1\r\n", Reject::Target),
        (
            b"NOTIFY * HTTP/1.1\r\nNT: a\r\nNTS: ssdp:other\r\nUSN: b\r\n\r\n",
            Reject::Target,
        ),
        (
            b"NOTIFY * HTTP/1.1\r\nNT: a\r\nNTS: ssdp:update\r\n\r\n",
            Reject::Usn,
        ),
        (
            b"HTTP/1.1 404 Not Found\r\nST: a\r\nUSN: b\r\n\r\n",
            Reject::StartLine,
        ),
        (
            b"M-SEARCH * HTTP/1.1\r\nST: a\r\nUSN: b\r\n\r\n",
            Reject::StartLine,
        ),
        (b"HTTP/1.1 200 OK\r\nST: a\r\nUSN: b", Reject::Truncated),
    ];
    for (bytes, why) in table {
        assert_eq!(Notice::parse(bytes), Err(why), "{}", bytes.escape_ascii());
    }
}

#[test]
fn every_prefix_of_a_notice_is_whole_or_rejected() {
    let mut text = String::new();
    DEVICE
        .alive(Target::Registrar, location(), to_v4(), &mut text)
        .unwrap();
    let usn_ends = text.find("BOOTID").unwrap();
    for end in 0..text.len() {
        let whole = Notice::parse(&text.as_bytes()[..end]).is_ok();
        assert!(!whole || end >= usn_ends, "{end}");
    }
}
