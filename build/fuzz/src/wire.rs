//! Readers of messages.

use rill::wire::{
    criteria as properties,
    date::DidlDate,
    http::{
        body::Decoder,
        range::{self as ranges, Selection},
        request::{self, Parsed},
    },
    soap::{Call, SoapAction},
    ssdp::{self as discovery, MSearch, Notice},
    tag_value,
    url::{Authority, Target, decode},
};

/// A head, then its body, which has to come out the same whole and byte by byte.
pub fn http(data: &[u8]) {
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

pub fn range(data: &[u8]) {
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

pub fn ssdp(data: &[u8]) {
    if let Ok(search) = MSearch::parse(data) {
        let _ = discovery::wanted(search.st, "uuid:12345678-1234-1234-1234-123456789abc");
    }
    let _ = Notice::parse(data);
}

pub fn soap(data: &[u8]) {
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

pub fn url(data: &[u8]) {
    let _ = Authority::parse(data);
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let _ = (Target::parse(text).is_ok(), decode(text).is_ok());
}

pub fn criteria(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let _ = properties::Filter::parse(text);
    let _ = properties::SortCriteria::parse(text);
}

pub fn tags(data: &[u8]) {
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
