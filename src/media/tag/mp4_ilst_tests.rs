#![allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "byte strings are references"
)]

use super::*;
use crate::media::reader::Source;

fn boxed(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    let size = u32::try_from(payload.len() + 8).unwrap();
    [&size.to_be_bytes(), kind, payload].concat()
}

/// An `ilst` entry of one value.
fn entry(kind: &[u8; 4], value_kind: u8, value: &[u8]) -> Vec<u8> {
    boxed(
        kind,
        &boxed(
            b"data",
            &[&[0, 0, 0, value_kind, 0, 0, 0, 0], value].concat(),
        ),
    )
}

/// A `udta` with an MP4 `meta` of these entries.
fn udta(entries: &[Vec<u8>]) -> Vec<u8> {
    let meta = [
        vec![0; 4],
        boxed(b"hdlr", &[0; 25]),
        boxed(b"ilst", &entries.concat()),
    ]
    .concat();
    boxed(b"meta", &meta)
}

fn parse(bytes: &[u8]) -> (Media, Result<(), Error>) {
    let mut media = Media::default();
    let source = Source::new(&bytes, bytes.len() as u64);
    let outcome = read_udta(&mut Reader::new(&source), &mut media);
    (media, outcome)
}

fn full() -> Vec<u8> {
    udta(&[
        entry(b"\xA9nam", 1, "Títle".as_bytes()),
        entry(b"\xA9ART", 1, b"Artist"),
        entry(b"aART", 1, b"Album Artist"),
        entry(b"\xA9alb", 2, b"\0A\0l"),
        entry(b"gnre", 0, &[0, 18]),
        entry(b"\xA9wrt", 1, b"Composer"),
        entry(b"\xA9day", 1, b"1970-01-02T00:00:00Z"),
        entry(b"trkn", 0, &[0, 0, 0, 3, 0, 12, 0, 0]),
        entry(b"disk", 0, &[0, 0, 0, 1, 0, 2]),
        boxed(b"covr", &[0; 40]),
    ])
}

#[test]
fn every_property_is_read() {
    let (media, outcome) = parse(&full());
    assert_eq!(outcome, Ok(()));
    let texts = [
        media.title,
        media.artist,
        media.album_artist,
        media.album,
        media.genre,
        media.composer,
    ];
    let expected = ["Títle", "Artist", "Album Artist", "Al", "Rock", "Composer"];
    assert_eq!(texts.map(Option::unwrap), expected);
    assert_eq!(
        (media.track, media.disc, media.date.map(|d| d.unix_secs)),
        (Some(3), Some(1), Some(86_400))
    );
}

#[test]
fn episodes_name_their_series() {
    let entries = [
        entry(b"tvsh", 1, b"Show"),
        entry(b"tvsn", 21, &[0, 0, 0, 2]),
        entry(b"tves", 21, &[5]),
    ];
    let (media, outcome) = parse(&udta(&entries));
    assert_eq!(outcome, Ok(()));
    assert_eq!(
        (media.series.as_deref(), media.season, media.episode),
        (Some("Show"), Some(2), Some(5))
    );
    let (empty, _) = parse(&udta(&[entry(b"tvsn", 21, &[]), entry(b"tvsh", 1, b" ")]));
    assert_eq!((empty.series, empty.season), (None, None));
}

#[test]
fn every_prefix_ends_with_what_came_before_the_cut() {
    let bytes = full();
    for n in 0..bytes.len() {
        let (media, _) = parse(&bytes[..n]);
        assert!(
            media.title.is_none()
                || "Títle".starts_with(media.title.unwrap().trim_end_matches('\u{FFFD}'))
        );
    }
}

#[test]
fn empty_and_lying_values_give_nothing() {
    let (media, outcome) = parse(&udta(&[
        entry(b"\xA9nam", 1, b""),
        entry(b"gnre", 0, &[0, 0]),
        entry(b"trkn", 0, &[0, 0]),
        entry(b"disk", 0, &[0, 0, 0, 0]),
        boxed(b"\xA9ART", b""),
    ]));
    assert_eq!((media, outcome), (Media::default(), Ok(())));
    // An inner box that claims more than its outer one is clipped to it.
    let mut lying = udta(&[entry(b"\xA9nam", 1, b"T"), entry(b"\xA9ART", 1, b"A")]);
    let at = lying.windows(4).position(|w| w == b"data").unwrap();
    lying[at - 4] = 0x7F;
    let (media, _) = parse(&lying);
    assert_eq!(
        (media.title.as_deref(), media.artist.as_deref()),
        (Some("T"), Some("A"))
    );
}

#[test]
fn track_numbers_written_as_text_are_read() {
    assert_eq!(parse(&udta(&[entry(b"trkn", 1, b"4/9")])).0.track, Some(4));
}

#[test]
fn quicktime_strings_have_a_length_and_a_language() {
    let bytes = [
        boxed(b"\xA9nam", b"\0\x05\x55\xC4Title\0\x01\0\0x"),
        boxed(b"\xA9day", b"\0\x04\0\x001970"),
        vec![0; 4],
    ];
    let (media, outcome) = parse(&bytes.concat());
    assert_eq!(
        (media.title.as_deref(), media.date.is_some(), outcome),
        (Some("Title"), true, Ok(()))
    );
    assert_eq!(
        parse(&boxed(b"\xA9nam", b"\xFF\xFF\0\0Caf\xE9"))
            .0
            .title
            .as_deref(),
        Some("Café")
    );
}

#[test]
fn mobile_phone_strings_are_read() {
    let bytes = [
        boxed(b"titl", b"\0\0\0\0\x15\xC7Title\0"),
        boxed(b"perf", b"\0\0\0\0\x15\xC7\xFE\xFF\0A\0\0"),
        boxed(b"yrrc", b"\0\0\0\0\x07\xB2"),
    ];
    let (media, _) = parse(&bytes.concat());
    assert_eq!(
        (media.title.as_deref(), media.artist.as_deref()),
        (Some("Title"), Some("A"))
    );
    assert_eq!(media.date.map(|d| d.unix_secs), Some(0));
}

#[test]
fn names_without_a_prefix_are_those_of_ffmpeg() {
    let names = [b"album_artist".as_slice(), b"date", b"track", b"disc"];
    let texts = [b"All".as_slice(), b"1970", b"3/9", b"1"];
    let mut keys = b"\0\0\0\0\0\0\0\x04".to_vec();
    let mut values = Vec::new();
    for (number, (name, text)) in (1_u32..).zip(names.iter().zip(texts)) {
        keys.extend(boxed(b"mdta", name));
        let data = boxed(b"data", &[b"\0\0\0\x01\0\0\0\0".as_slice(), text].concat());
        values.extend(boxed(&number.to_be_bytes(), &data));
    }
    let meta = [
        vec![0; 4],
        boxed(b"hdlr", &[0; 24]),
        boxed(b"keys", &keys),
        boxed(b"ilst", &values),
    ];
    let (media, outcome) = parse(&boxed(b"meta", &meta.concat()));
    assert_eq!(
        (media.album_artist.as_deref(), outcome),
        (Some("All"), Ok(()))
    );
    assert_eq!(media.date.map(|d| d.unix_secs), Some(0));
    assert_eq!((media.track, media.disc), (Some(3), Some(1)));
}

#[test]
fn an_author_stands_in_for_the_artist() {
    let author = boxed(b"\xA9aut", b"\0\x01\0\0A");
    let artist = boxed(b"\xA9ART", b"\0\x01\0\0B");
    let of = |bytes: &[u8]| parse(bytes).0.artist;
    assert_eq!(of(&author).as_deref(), Some("A"));
    for both in [[&author, &artist], [&artist, &author]] {
        assert_eq!(of(&both.map(Vec::as_slice).concat()).as_deref(), Some("B"));
    }
}

#[test]
fn numbered_entries_mean_what_the_keys_say() {
    let keys = [
        b"\0\0\0\0\0\0\0\x02".to_vec(),
        boxed(b"mdta", b"com.apple.quicktime.make"),
        boxed(b"mdta", b"com.apple.quicktime.title"),
    ];
    let ilst = [
        entry(b"\0\0\0\x01", 1, b"Maker"),
        entry(b"\0\0\0\x02", 1, b"Title"),
        entry(b"\0\0\0\x09", 1, b"?"),
    ];
    let meta = [
        boxed(b"hdlr", &[0; 25]),
        boxed(b"keys", &keys.concat()),
        boxed(b"ilst", &ilst.concat()),
    ];
    let (media, outcome) = parse(&boxed(b"meta", &meta.concat()));
    assert_eq!(
        (media.title.as_deref(), media.artist, outcome),
        (Some("Title"), None, Ok(()))
    );
}

#[test]
fn covers_are_located_by_what_they_are_and_whole() {
    let data = |kind: u8, picture: &[u8]| {
        boxed(b"data", &[&[0, 0, 0, kind, 0, 0, 0, 0], picture].concat())
    };
    // The first claims to be PNG and is BMP, the second claims to be JPEG and is PNG.
    let covers = [data(14, b"BM______"), data(13, b"\x89PNG\r\n")].concat();
    let bytes = udta(&[boxed(b"covr", &covers)]);
    let art = parse(&bytes).0.art.unwrap();
    let start = usize::try_from(art.offset).unwrap();
    assert_eq!(&bytes[start..start + 6], b"\x89PNG\r\n");
    assert_eq!((art.len, art.mime), (6, crate::media::mime::Mime::PNG));
    for n in 0..bytes.len() {
        assert_eq!(parse(&bytes[..n]).0.art, None, "{n}");
    }
}

/// A `----` entry, as iTunes' own and as taggers write them.
fn freeform(name: &[u8], value_kind: u8, value: &[u8]) -> Vec<u8> {
    let inner = [
        boxed(b"mean", b"\0\0\0\0com.apple.iTunes"),
        boxed(b"name", &[b"\0\0\0\0", name].concat()),
        entry(b"data", value_kind, value)[8..].to_vec(),
    ];
    boxed(b"----", &inner.concat())
}

#[test]
fn freeform_names_and_genre_numbers_count_where_the_made_boxes_are_silent() {
    let entries = [
        freeform(b"AlbumArtist", 1, b"AA"),
        freeform(b"TITLE", 1, b"Beside"),
        freeform(b"DISCNUMBER", 1, b"2/3"),
        freeform(b"COMPOSER", 0, b"binary"),
        entry(b"gnre", 0, &[0, 18]),
        entry(b"\xA9gen", 1, b"Own words"),
        entry(b"\xA9nam", 1, b"Title"),
    ];
    let (media, outcome) = parse(&udta(&entries));
    assert_eq!(outcome, Ok(()));
    assert_eq!(media.album_artist.as_deref(), Some("AA"));
    assert_eq!(media.title.as_deref(), Some("Title"));
    assert_eq!(media.genre.as_deref(), Some("Own words"));
    assert_eq!((media.disc, media.composer), (Some(2), None));
    let words = parse(&udta(&[entry(b"gnre", 1, b"Words")])).0.genre;
    assert_eq!(words.as_deref(), Some("Words"));
}
