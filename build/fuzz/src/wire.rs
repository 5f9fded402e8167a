//! Readers of messages.

use std::{net::SocketAddr, time::Duration};

use rill::service::{
    Now,
    browser::{Browser, Wanted},
    discovery::{Datagram, Input, Interface},
    mdns::{Responder, Settings},
};
use rill::wire::{
    criteria as properties,
    date::DidlDate,
    device::read::Description,
    didl::read::objects,
    dns as messages,
    gena::{Notify, Sid, Subscribe, parse_unsubscribe},
    http::{
        body::Decoder,
        range::{self as ranges, Selection},
        reply,
        request::{self, Framing, Parsed},
        status_line,
    },
    soap::{Call, SoapAction, reply::Reply},
    ssdp::{self as discovery, MSearch, Notice},
    status::Status,
    tag_value,
    url::{Authority, Target, absolute::HttpUrl, decode},
};

/// A description, and each URL in it beside another.
pub(super) fn description(data: &[u8]) {
    let Ok(description) = Description::parse(data) else {
        return;
    };
    let base = HttpUrl::parse(&description.url_base);
    for service in &description.services {
        let _ = base.as_ref().map(|base| base.join(&service.control_url));
    }
}

/// A listing; also the head and the SOAP reply that it comes in.
pub(super) fn didl(data: &[u8]) {
    for object in objects(data).unwrap_or_default() {
        assert!(!object.id.is_empty());
        assert!(object.res.iter().all(|res| !res.url.is_empty()));
    }
    let _ = (
        reply::parse(data).is_ok(),
        Reply::parse(data, "Browse").is_ok(),
    );
}

/// A head, then its body, which has to come out the same whole and byte by byte.
pub(super) fn http(data: &[u8]) {
    let Ok(Parsed::Done { head, used }) = request::parse(data) else {
        return;
    };
    assert!(used <= data.len());
    let body = &data[used..];
    let Ok(mut whole) = Decoder::new(head.framing) else {
        return;
    };
    let (mut single, mut out, mut bytes) = (whole.clone(), Vec::new(), Vec::new());
    let done = whole.decode(body, &mut out);
    let mut taken = 0;
    for byte in body.chunks(1) {
        match single.decode(byte, &mut bytes) {
            Ok(progress) => taken += progress.used,
            Err(error) => return assert_eq!(done, Err(error)),
        }
    }
    assert_eq!(done.map(|progress| progress.used), Ok(taken));
    assert_eq!(out, bytes);
}

/// A chunked body alone, in pieces of the length that the first byte says: the same comes out as of the whole.
pub(super) fn chunked(data: &[u8]) {
    let Some((piece, body)) = data.split_first() else {
        return;
    };
    let (Ok(mut whole), Ok(mut parts)) = (
        Decoder::new(Framing::Chunked),
        Decoder::new(Framing::Chunked),
    ) else {
        return;
    };
    let (mut out, mut bytes, mut taken) = (Vec::new(), Vec::new(), 0);
    let done = whole.decode(body, &mut out);
    assert!(out.len() <= body.len() && out.len() <= rill::limits::SOAP_BODY_BYTES);
    for part in body.chunks(usize::from(*piece).max(1)) {
        match parts.decode(part, &mut bytes) {
            Ok(progress) => taken += progress.used,
            Err(error) => return assert_eq!(done, Err(error)),
        }
    }
    assert_eq!(done.map(|progress| progress.used), Ok(taken));
    assert_eq!(out, bytes);
}

/// A subscription, from a peer of either family: its events go to that peer alone, in one head each. Any reply to one.
pub(super) fn gena(data: &[u8]) {
    let _ = status_line::parse(data);
    let Ok(Parsed::Done { head, .. }) = request::parse(data) else {
        return;
    };
    let _ = parse_unsubscribe(&head.fields);
    for peer in [
        "10.0.0.5:4004",
        "[fe80::5%3]:4004",
        "[::ffff:10.0.0.5]:4004",
    ] {
        let peer: SocketAddr = peer.parse().expect("an address");
        let Ok(Subscribe::New { callbacks, .. }) = Subscribe::parse(&head.fields, peer) else {
            continue;
        };
        assert!(!callbacks.is_empty());
        for callback in &callbacks {
            let to = callback.address();
            assert!(to.ip() == peer.ip().to_canonical() && to.port() != 0);
            let notify = Notify {
                callback,
                sid: Sid::from_random([1; 16]),
                seq: 1,
                content_length: 0,
            };
            let text = notify.to_string();
            assert!(text.is_ascii() && text.find("\r\n\r\n") == Some(text.len() - 4));
            assert_eq!(text.matches(['\r', '\n']).count(), 2 * 10);
            let words = text.lines().next().map(|line| line.split(' ').count());
            assert_eq!(words, Some(3));
        }
    }
}

pub(super) fn range(data: &[u8]) {
    let Some((len, header)) = data.split_first_chunk::<8>() else {
        return;
    };
    for len in [u64::from_le_bytes(*len), u64::from(len[0]), 0] {
        let selection = ranges::resolve(header, len);
        if let Selection::One(span) = selection {
            assert!(span.start < span.end && span.end <= len);
        }
        let _ = format!("{selection:?}");
    }
}

pub(super) fn ssdp(data: &[u8]) {
    if let Ok(search) = MSearch::parse(data) {
        let _ = discovery::wanted(search.st, "uuid:12345678-1234-1234-1234-123456789abc");
    }
    let _ = Notice::parse(data);
}

/// A message, then the two machines that read it from a neighbour, from ourselves, and as a legacy query.
pub(super) fn dns(data: &[u8]) {
    if let Ok(message) = messages::Message::parse(data) {
        let _ = format!("{:?}", message.questions().collect::<Vec<_>>());
        let _ = format!("{:?}", message.records().collect::<Vec<_>>());
    }
    let mut responder = Responder::new(&Settings {
        name: "Cinema".to_owned(),
        host: "b".to_owned(),
        http_port: 8200,
        udn: "uuid:1".to_owned(),
        seed: 1,
    });
    let mut browser = Browser::new(Wanted::Everything, 1);
    let mut now = Now {
        uptime: Duration::from_secs(1),
        unix_secs: 0,
    };
    let up = Input::InterfaceUp(Interface {
        index: 2,
        address: [192, 168, 1, 20].into(),
        prefix_len: 24,
    });
    responder.handle(now, up);
    browser.handle(now, up);
    for from in ["192.168.1.9:5353", "192.168.1.20:5353", "192.168.1.9:4000"]
        .iter()
        .cycle()
        .take(6)
    {
        let input = Input::Datagram(Datagram {
            bytes: data,
            from: from.parse().expect("an address"),
            interface: 2,
            local: [224, 0, 0, 251].into(),
            multicast: true,
        });
        responder.handle(now, input);
        browser.handle(now, input);
        // Probing at first; later the names are ours.
        now.uptime += Duration::from_millis(700);
        for turn in 0.. {
            let (a, b) = (
                responder.output(now).is_some(),
                browser.output(now).is_some(),
            );
            if !a && !b && browser.event(now).is_none() {
                break;
            }
            assert!(turn < 2000, "a turn is bounded");
        }
    }
}

pub(super) fn soap(data: &[u8]) {
    let (field, body) = data.split_at(data.iter().position(|b| *b == b'\n').unwrap_or(0));
    let action = SoapAction::parse(field);
    for body in [body, data] {
        let Ok(call) = Call::parse(body) else {
            continue;
        };
        let _ = (
            call.ui4("StartingIndex"),
            call.i4("A"),
            call.required("ObjectID"),
        );
        let _ = action.as_ref().map(|action| action.agrees(&call));
    }
}

pub(super) fn url(data: &[u8]) {
    let _ = Authority::parse(data);
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let _ = (Target::parse(text).is_ok(), decode(text).is_ok());
}

pub(super) fn criteria(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let _ = properties::Filter::parse(text);
    let _ = properties::SortCriteria::parse(text);
}

pub(super) fn tags(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    for element in tag_value::parse(text).into_iter().flatten().flatten() {
        let _ = (
            tag_value::position_ms(&element.text),
            DidlDate::parse(&element.text),
        );
    }
    let _ = (tag_value::position_ms(text), DidlDate::parse(text));
}

/// What a server on the same machine tells the doctor; what is understood is written as it is read.
pub(super) fn status(data: &[u8]) {
    if let Ok(status) = Status::parse(data) {
        let written = status.to_string();
        assert_eq!(Status::parse(written.as_bytes()), Ok(status));
    }
}
