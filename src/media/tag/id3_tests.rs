#![allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "byte strings are references"
)]

use super::*;
use crate::media::Precision;
use crate::media::reader::Source;

fn parse(bytes: &[u8]) -> (Media, Result<bool, Error>, u64) {
    let mut media = Media::default();
    let source = Source::new(&bytes, bytes.len() as u64);
    let mut r = Reader::new(&source);
    let outcome = read(&mut r, &mut media);
    (media, outcome, r.position())
}

fn title(bytes: &[u8]) -> Option<String> {
    parse(bytes).0.title
}

/// A whole tag of these frames.
fn tag(version: u8, flags: u8, frames: &[u8]) -> Vec<u8> {
    let len = u32::try_from(frames.len()).unwrap();
    let mut bytes = vec![b'I', b'D', b'3', version, 0, flags];
    bytes.extend([21, 14, 7, 0].map(|shift| u8::try_from((len >> shift) & 0x7F).unwrap()));
    bytes.extend(frames);
    bytes
}

/// A 2.3 frame without flags.
fn frame(id: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut bytes = id.to_vec();
    bytes.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend(content);
    bytes
}

#[test]
fn every_property_of_version_2_3_is_read() {
    let frames = [
        frame(b"TIT2", b"\0Title"),
        frame(b"TPE1", b"\0Artist"),
        frame(b"TPE2", b"\0Album Artist"),
        frame(b"TALB", b"\0Album"),
        frame(b"TCON", b"\0(17)"),
        frame(b"TCOM", b"\0Composer"),
        frame(b"TRCK", b"\x003/12"),
        frame(b"TPOS", b"\x001/2"),
        frame(b"TYER", b"\x001970"),
        frame(b"TDAT", b"\x000201"),
        frame(b"TIME", b"\x000102"),
        vec![0; 20],
    ];
    let bytes = tag(3, 0, &frames.concat());
    let (media, outcome, end) = parse(&bytes);
    assert_eq!((outcome, end), (Ok(true), bytes.len() as u64));
    let texts = [
        media.title,
        media.artist,
        media.album_artist,
        media.album,
        media.genre,
        media.composer,
    ];
    let expected = [
        "Title",
        "Artist",
        "Album Artist",
        "Album",
        "Rock",
        "Composer",
    ];
    assert_eq!(texts.map(Option::unwrap), expected);
    assert_eq!((media.track, media.disc), (Some(3), Some(1)));
    assert_eq!(
        media.date,
        Some(Date {
            unix_secs: 86_400 + 3720,
            precision: Precision::Second
        })
    );
}

#[test]
fn every_prefix_ends_and_says_that_it_is_cut() {
    let bytes = tag(3, 0, &frame(b"TIT2", b"\0Title"));
    for n in 0..bytes.len() {
        let (media, outcome, _) = parse(&bytes[..n]);
        assert_eq!(media.title, None, "{n}");
        assert_eq!(
            outcome,
            if n < 10 {
                Ok(false)
            } else {
                Err(Error::Truncated)
            },
            "{n}"
        );
    }
}

#[test]
fn version_2_2_has_three_letters_and_three_bytes_of_size() {
    assert_eq!(
        title(&tag(2, 0, b"TT2\0\0\x06\0Title")).as_deref(),
        Some("Title")
    );
    // Its "extended" bit is a compression nobody defined.
    assert_eq!(title(&tag(2, 0x40, b"TT2\0\0\x06\0Title")), None);
}

#[test]
fn all_encodings_are_read_and_broken_ones_replaced() {
    let of = |content: &[u8]| title(&tag(4, 0, &frame(b"TIT2", content)));
    assert_eq!(of(b"\0\xC4rt").as_deref(), Some("Ärt"));
    assert_eq!(of(b"\x01\xFF\xFEA\0\x03\x26\0\0").as_deref(), Some("A☃"));
    assert_eq!(of(b"\x01\xFE\xFF\0A").as_deref(), Some("A"));
    assert_eq!(of(b"\x01A\0B\0").as_deref(), Some("AB"));
    assert_eq!(of(b"\x01\0A\0B").as_deref(), Some("AB"));
    assert_eq!(of(b"\x02\0A").as_deref(), Some("A"));
    assert_eq!(of(b"\x03\xC3\x84\xFFx").as_deref(), Some("Ä\u{FFFD}x"));
    assert_eq!(
        [
            of(b""),
            of(b"\0"),
            of(b"\x01\xFF"),
            of(b"\x09abc"),
            of(b"\x03 \0 ")
        ],
        [const { None }; 5]
    );
}

#[test]
fn the_first_of_several_values_is_taken() {
    assert_eq!(
        title(&tag(4, 0, &frame(b"TIT2", b"\x03One\0Two"))).as_deref(),
        Some("One")
    );
    let two = tag(
        4,
        0,
        &[frame(b"TIT2", b"\x03One"), frame(b"TIT2", b"\x03Two")].concat(),
    );
    assert_eq!(title(&two).as_deref(), Some("One"));
}

#[test]
fn unsynchronisation_is_undone_for_the_tag_or_the_frame() {
    // FF 00 stands for FF: a size of 0x000000FF in 2.3 would be stored so too.
    let picture = [
        frame(b"APIC", &[1, 0xFF, 0, 0xE0]),
        frame(b"TIT2", b"\x01\xFF\0\xFEA\0"),
    ]
    .concat();
    let mut stuffed = picture;
    stuffed[7] = 3; // sizes count the bytes before stuffing
    stuffed[21] = 5;
    assert_eq!(title(&tag(3, 0x80, &stuffed)).as_deref(), Some("A"));
    let mut per_frame = frame(b"TIT2", b"\x01\xFF\0\xFEA\0");
    per_frame[9] = 0x02;
    assert_eq!(title(&tag(4, 0, &per_frame)).as_deref(), Some("A"));
}

#[test]
fn extended_headers_are_passed_over() {
    let frames = frame(b"TIT2", b"\0T");
    let v23 = [&[0, 0, 0, 6, 0, 0, 0, 0, 0, 0], frames.as_slice()].concat();
    assert_eq!(title(&tag(3, 0x40, &v23)).as_deref(), Some("T"));
    let v24 = [&[0, 0, 0, 6, 1, 0], frames.as_slice()].concat();
    assert_eq!(title(&tag(4, 0x40, &v24)).as_deref(), Some("T"));
}

#[test]
fn frames_with_flags_are_understood_or_left_out() {
    let with = |version, flags, content: &[u8]| {
        let mut bytes = frame(b"TIT2", content);
        bytes[9] = flags;
        title(&tag(version, 0, &bytes))
    };
    assert_eq!(with(3, 0x20, b"g\0T").as_deref(), Some("T")); // group byte
    assert_eq!(with(4, 0x41, b"g\0\0\0\x02\0T").as_deref(), Some("T")); // group byte, data length
    assert_eq!(
        [
            with(3, 0x80, b"\0T"),
            with(4, 0x08, b"\0T"),
            with(4, 0x04, b"\0T")
        ],
        [const { None }; 3]
    );
}

#[test]
fn plain_sizes_in_version_2_4_are_told_by_where_they_lead() {
    let long = frame(b"COMM", &[b'x'; 200]); // 200 is 0xC8: not synchsafe
    let longer = frame(b"COMM", &[b'x'; 260]); // 260 is 0x0104: synchsafe would be 132
    let frames = [long, longer, frame(b"TIT2", b"\0T")].concat();
    assert_eq!(title(&tag(4, 0, &frames)).as_deref(), Some("T"));
}

#[test]
fn lying_sizes_end_the_tag_and_not_the_file() {
    let mut frames = [frame(b"TIT2", b"\0T"), frame(b"TALB", b"\0A")].concat();
    frames[15..19].copy_from_slice(&[0x7F; 4]);
    let mut bytes = tag(3, 0, &frames);
    bytes.extend(b"sound");
    let (media, outcome, end) = parse(&bytes);
    assert_eq!(
        (media.title.as_deref(), media.album, outcome),
        (Some("T"), None, Ok(true))
    );
    assert_eq!(end, bytes.len() as u64 - 5);
}

#[test]
fn what_is_no_tag_is_left_alone() {
    for bytes in [
        &b"ID3\x05\0\0\0\0\0\0"[..],
        b"ID3\x03\0\0\x80\0\0\0",
        b"RIFF......",
        b"",
    ] {
        let (_, outcome, end) = parse(bytes);
        assert_eq!((outcome, end), (Ok(false), 0));
    }
}

#[test]
fn genres_are_numbers_words_or_both() {
    let is = |raw: &str| genre_text(raw);
    let pairs = [
        ("Rock", "Rock"),
        ("17", "Rock"),
        ("(17)", "Rock"),
        ("(17)Hard", "Hard"),
        ("(8)(17)", "Jazz"),
        ("((odd)", "(odd)"),
        ("(RX)", "Remix"),
        ("(strange)", "(strange)"),
        ("999", "999"),
    ];
    for (raw, expected) in pairs {
        assert_eq!(is(raw).as_deref(), Some(expected), "{raw}");
    }
    assert_eq!(is(" \0"), None);
}

#[test]
fn version_1_fills_what_version_2_left_open() {
    let mut bytes = [0; 128];
    bytes[..3].copy_from_slice(b"TAG");
    bytes[3..8].copy_from_slice(b"Title");
    bytes[33..39].copy_from_slice(b"Art\xEFst");
    bytes[63..68].copy_from_slice(b"Album");
    bytes[93..97].copy_from_slice(b"1970");
    bytes[126] = 7;
    bytes[127] = 8;
    let mut media = Media {
        title: Some("Kept".to_owned()),
        ..Media::default()
    };
    read_v1(&bytes, &mut media);
    assert_eq!(
        (media.title.as_deref(), media.artist.as_deref()),
        (Some("Kept"), Some("Artïst"))
    );
    assert_eq!(
        (media.track, media.genre.as_deref()),
        (Some(7), Some("Jazz"))
    );
    assert_eq!(
        media.date,
        Some(Date {
            unix_secs: 0,
            precision: Precision::Year
        })
    );
    // Version 1.0: a comment up to the end has no track.
    bytes[97..127].fill(b'c');
    bytes[127] = 255;
    let mut media = Media::default();
    read_v1(&bytes, &mut media);
    assert_eq!((media.track, media.genre), (None, None));
}

/// A front cover in PNG behind an encoding, a media type, a kind and an empty description.
const COVER: &[u8] = b"\0image/png\0\x03\0\x89PNG\r\n\xFF\x00";

fn art_of(bytes: &[u8]) -> Option<&[u8]> {
    let art = parse(bytes).0.art?;
    let start = usize::try_from(art.offset).unwrap();
    let len = usize::try_from(art.len).unwrap();
    Some(&bytes[start..start + len])
}

#[test]
fn covers_are_located_in_all_versions() {
    let picture = &COVER[13..];
    let v23 = tag(3, 0, &frame(b"APIC", COVER));
    assert_eq!(art_of(&v23), Some(picture));
    let v22 = tag(
        2,
        0,
        &[b"PIC\0\0\x0E\0PNG\x03\0".as_slice(), picture].concat(),
    );
    assert_eq!(art_of(&v22), Some(picture));
    // 2.4 with the length stated once more in front of the content.
    let mut content = vec![0, 0, 0, 21];
    content.extend(COVER);
    let mut v24 = frame(b"APIC", &content);
    v24[9] = 1;
    assert_eq!(art_of(&tag(4, 0, &v24)), Some(picture));
}

#[test]
fn covers_that_are_not_there_as_they_are_have_no_place() {
    // Unsynchronised as a whole, as a frame; compressed; cut off.
    assert_eq!(art_of(&tag(3, 0x80, &frame(b"APIC", COVER))), None);
    for flags in [0x02, 0x08] {
        let mut v24 = frame(b"APIC", COVER);
        v24[9] = flags;
        assert_eq!(art_of(&tag(4, 0, &v24)), None);
    }
    let whole = tag(3, 0, &frame(b"APIC", COVER));
    for n in 0..whole.len() {
        assert_eq!(art_of(&whole[..n]), None, "{n}");
    }
    // A broken picture does not hide what follows.
    let bytes = tag(
        3,
        0,
        &[frame(b"APIC", b"\0x"), frame(b"TIT2", b"\0T")].concat(),
    );
    assert_eq!(title(&bytes).as_deref(), Some("T"));
}

#[test]
fn stars_are_the_steps_of_players() {
    let rated = |n: u8| {
        let content = [b"a@b.example\0".as_slice(), &[n, 0, 0, 0, 1]].concat();
        parse(&tag(3, 0, &frame(b"POPM", &content))).0.rating
    };
    assert_eq!(
        [0, 1, 64, 128, 196, 255].map(rated),
        [None, Some(1), Some(2), Some(3), Some(4), Some(5)]
    );
    assert_eq!(parse(&tag(3, 0, &frame(b"POPM", b"no end"))).0.rating, None);
}
