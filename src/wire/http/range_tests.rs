//! `range.rs`, byte by byte.

use super::*;

fn span(start: u64, end: u64) -> Span {
    Span { start, end }
}

fn one(start: u64, end: u64) -> Selection {
    Selection::One(span(start, end))
}

fn many(spans: &[(u64, u64)]) -> Selection {
    Selection::Many(
        spans
            .iter()
            .map(|(start, end)| span(*start, *end))
            .collect(),
    )
}

use Selection::{Unsatisfiable, Whole};

#[test]
fn single_ranges_of_a_thousand_bytes() {
    for (header, selection) in [
        ("bytes=0-0", one(0, 1)),
        ("bytes=0-99", one(0, 100)),
        ("bytes=999-999", one(999, 1000)),
        ("bytes=990-2000", one(990, 1000)), // cut at the end
        ("bytes=0-", one(0, 1000)),         // the whole as a range
        ("bytes=999-", one(999, 1000)),
        ("bytes=1000-", Unsatisfiable),
        ("bytes=1005-1009", Unsatisfiable),
        ("bytes=-1", one(999, 1000)),
        ("bytes=-1000", one(0, 1000)),
        ("bytes=-1100", one(0, 1000)), // longer than the file: all of it
        ("bytes=-0", Unsatisfiable),
        ("BYTES=0-9", one(0, 10)),
        ("Bytes = 0-9", one(0, 10)),
        ("bytes= 0-9\t", one(0, 10)),
        ("bytes=,0-9, ,", one(0, 10)), // empty members
        ("bytes=000-0009", one(0, 10)),
    ] {
        assert_eq!(resolve(header.as_bytes(), 1000), selection, "{header}");
    }
}

#[test]
fn what_is_no_range_is_ignored() {
    for header in [
        "",
        "bytes",
        "bytes=",
        "bytes= ",
        "bytes=,",
        "bytes=-",
        "bytes=--5",
        "bytes=9-5",
        "bytes=5-3,",
        "bytes=a-b",
        "bytes=0x10-0x20",
        "bytes=0-9x",
        "bytes=+1-2",
        "bytes=0 - 9",
        "bytes=0-9-",
        "bytes=5",
        "bytes=0-9;100-109",
        "bytes=0-9,x",
        "items=0-5",
        "=0-5",
        "bytes==0-5",
        "bytes:0-5",
        "bytes=0-9,9-5",
        "bytes=5000-4000",
        "0-9",
        "bytes=0-\0",
        "bytes=\u{661}-",
    ] {
        assert_eq!(resolve(header.as_bytes(), 1000), Whole, "{header:?}");
    }
    assert_eq!(resolve(b"bytes=\xff-", 1000), Whole);
}

#[test]
fn positions_beyond_64_bits_never_give_wrong_bytes() {
    for (header, selection) in [
        ("bytes=99999999999999999999-", Unsatisfiable),
        ("bytes=18446744073709551615-", Unsatisfiable),
        (
            "bytes=18446744073709551615-18446744073709551616",
            Unsatisfiable,
        ),
        ("bytes=0-99999999999999999999999", one(0, 1000)),
        ("bytes=0-18446744073709551615", one(0, 1000)),
        ("bytes=1-18446744073709551616", one(1, 1000)),
        ("bytes=-99999999999999999999999", one(0, 1000)),
        ("bytes=99999999999999999999-5", Whole),
    ] {
        assert_eq!(resolve(header.as_bytes(), 1000), selection, "{header}");
    }
    let last = u64::MAX - 1;
    assert_eq!(
        resolve(format!("bytes={last}-").as_bytes(), u64::MAX),
        one(last, u64::MAX)
    );
    assert_eq!(
        resolve(b"bytes=99999999999999999999-", u64::MAX),
        Unsatisfiable
    );
    assert_eq!(
        resolve(b"bytes=-99999999999999999999", u64::MAX),
        one(0, u64::MAX)
    );
}

#[test]
fn ranges_past_four_gigabytes_keep_all_their_bits() {
    let len = 5 << 30;
    assert_eq!(
        resolve(b"bytes=4294967296-4294967305", len),
        one(1 << 32, (1 << 32) + 10)
    );
    assert_eq!(resolve(b"bytes=-1", len), one(len - 1, len));
}

#[test]
fn an_empty_body_has_no_range_and_a_suffix_of_it_is_all_of_it() {
    for header in ["bytes=0-", "bytes=0-0", "bytes=5-9", "bytes=-0"] {
        assert_eq!(resolve(header.as_bytes(), 0), Unsatisfiable, "{header}");
    }
    assert_eq!(resolve(b"bytes=-5", 0), Whole);
    assert_eq!(resolve(b"bytes=-0", 0), Unsatisfiable);
}

#[test]
fn several_ranges_keep_their_order_and_join_where_they_touch() {
    for (header, selection) in [
        ("bytes=0-9,100-109", many(&[(0, 10), (100, 110)])),
        ("bytes=100-109, 0-9", many(&[(100, 110), (0, 10)])),
        ("bytes=0-9,-10", many(&[(0, 10), (990, 1000)])),
        ("bytes=0-9,5000-", one(0, 10)), // what does not exist is left out
        ("bytes=5000-,6000-", Unsatisfiable),
        ("bytes=0-9,5-19", one(0, 20)),
        ("bytes=0-9,10-19", one(0, 20)),
        ("bytes=0-9,0-9,0-9", one(0, 10)),
        ("bytes=0-,0-,-1", one(0, 1000)),
        ("bytes=0-9,20-29,9-20", one(0, 30)), // the last one bridges the first two
        ("bytes=500-509,0-9,20-29,9-20", many(&[(500, 510), (0, 30)])),
        (
            "bytes=500-509,0-9,700-709,8-12",
            many(&[(500, 510), (0, 13), (700, 710)]),
        ),
        ("bytes=0-9,11-19", many(&[(0, 10), (11, 20)])), // a gap of one byte
    ] {
        assert_eq!(resolve(header.as_bytes(), 1000), selection, "{header}");
    }
}

#[test]
fn more_ranges_than_the_limit_are_ignored_all_together() {
    let specs: Vec<String> = (0..=limits::RANGES)
        .map(|at| format!("{0}-{0}", at * 2))
        .collect();
    let most = format!("bytes={}", specs[1..].join(","));
    let Selection::Many(spans) = resolve(most.as_bytes(), 1000) else {
        panic!("{most} is not many");
    };
    assert_eq!(spans.len(), limits::RANGES);
    let over = format!("bytes={}", specs.join(","));
    assert_eq!(resolve(over.as_bytes(), 1000), Whole);
    let overlapping: Vec<String> = (0..1000).map(|at| format!("0-{}", at + 1000)).collect();
    let header = format!("bytes={}", overlapping.join(","));
    assert_eq!(resolve(header.as_bytes(), 1_000_000), Whole);
}

#[test]
fn no_byte_is_ever_sent_twice() {
    // Every set of three ranges over a body of five bytes.
    let specs: Vec<String> = (0..6)
        .flat_map(|a| (a..6).map(move |b| format!("{a}-{b}")))
        .chain((0..7).map(|n| format!("-{n}")))
        .collect();
    for a in &specs {
        for b in &specs {
            for c in &specs {
                let header = format!("bytes={a},{b},{c}");
                let Selection::Many(spans) = resolve(header.as_bytes(), 5) else {
                    continue;
                };
                let mut sent = [0; 5];
                for span in &spans {
                    assert!(!span.is_empty() && span.end <= 5, "{header}");
                    (span.start..span.end).for_each(|at| sent[usize::try_from(at).unwrap()] += 1);
                }
                assert!(
                    sent.iter().all(|times| *times <= 1) && spans.len() > 1,
                    "{header}"
                );
            }
        }
    }
}

#[test]
fn every_prefix_of_a_header_resolves_inside_the_body() {
    let header = b"bytes=0-9, 100-109 ,-5,18446744073709551615-";
    for cut in 0..=header.len() {
        match resolve(&header[..cut], 1000) {
            Selection::One(span) => assert!(span.start < span.end && span.end <= 1000),
            Selection::Many(spans) => assert!(spans.iter().all(|span| span.end <= 1000)),
            Whole | Unsatisfiable => {}
        }
    }
}

#[test]
fn content_range_names_the_last_byte_not_the_end() {
    let range = |span| ContentRange { span, len: 1000 }.to_string();
    assert_eq!(range(Some(span(0, 10))), "bytes 0-9/1000");
    assert_eq!(range(Some(span(999, 1000))), "bytes 999-999/1000");
    assert_eq!(range(None), "bytes */1000");
}

#[test]
fn a_multipart_body_is_written_whole_and_as_long_as_it_says() {
    let spans = [span(0, 10), span(100, 110)];
    let multipart = Multipart {
        boundary: "rill-1f",
        mime: "video/mp4",
        spans: &spans,
        len: 1000,
    };
    let body = format!(
        "{}0123456789{}0123456789{}",
        multipart.part(0),
        multipart.part(1),
        multipart.end()
    );
    assert_eq!(
        body,
        "--rill-1f\r\n\
         Content-Type: video/mp4\r\n\
         Content-Range: bytes 0-9/1000\r\n\
         \r\n\
         0123456789\r\n\
         --rill-1f\r\n\
         Content-Type: video/mp4\r\n\
         Content-Range: bytes 100-109/1000\r\n\
         \r\n\
         0123456789\r\n\
         --rill-1f--\r\n"
    );
    assert_eq!(
        multipart.content_length(),
        u64::try_from(body.len()).unwrap()
    );
    assert_eq!(multipart.content_length(), 179); // as the doc comment draws it
    assert_eq!(
        multipart.content_type().to_string(),
        "multipart/byteranges; boundary=rill-1f"
    );
    assert_eq!(multipart.part(2).to_string(), "");
}

#[test]
fn a_multipart_body_past_four_gigabytes_counts_in_64_bits() {
    let spans = [span(0, 1 << 33), span(1 << 34, 1 << 35)];
    let multipart = Multipart {
        boundary: "b",
        mime: "m/m",
        spans: &spans,
        len: 1 << 36,
    };
    assert!(multipart.content_length() > (1 << 33) + (1 << 34));
}
