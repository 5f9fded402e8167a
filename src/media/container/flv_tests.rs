use super::*;
use crate::media::reader::Source;

fn parse(bytes: &[u8]) -> (Media, Result<(), Error>) {
    let mut media = Media::default();
    let source = Source::new(&bytes, bytes.len() as u64);
    let outcome = read(&mut Reader::new(&source), &mut media);
    (media, outcome)
}

const HEADER: &[u8] = b"FLV\x01\x05\0\0\0\x09\0\0\0\0";

/// A tag and its size behind it.
fn tag(kind: u8, millis: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap();
    let [high, time @ ..] = millis.to_be_bytes();
    let head = [&[kind], &len.to_be_bytes()[1..], &time, &[high, 0, 0, 0]].concat();
    [head, payload.to_vec(), (len + 11).to_be_bytes().to_vec()].concat()
}

fn name(text: &str) -> Vec<u8> {
    [
        &u16::try_from(text.len()).unwrap().to_be_bytes(),
        text.as_bytes(),
    ]
    .concat()
}

fn script(values: &[(&str, f64)]) -> Vec<u8> {
    let mut bytes = [vec![2], name("onMetaData"), vec![8, 0, 0, 0, 9]].concat();
    bytes.extend([name("creator"), vec![2], name("someone")].concat());
    bytes.extend([name("stereo"), vec![1, 1]].concat());
    for (key, value) in values {
        bytes.extend([name(key), vec![0], value.to_be_bytes().to_vec()].concat());
    }
    bytes.extend([0, 0, 9]);
    bytes
}

/// H.263 of Sorenson, and MP3 at 22.05 kHz in stereo.
fn film(values: &[(&str, f64)]) -> Vec<u8> {
    let tags = [
        tag(18, 0, &script(values)),
        tag(9, 0, &[0x12, 0, 0, 0x84]),
        tag(8, 0, &[0x2B, 0xFF]),
        tag(9, 1960, &[0x22, 0, 0]),
    ];
    [HEADER, &tags.concat()].concat()
}

const STATED: &[(&str, f64)] = &[
    ("duration", 2.5),
    ("width", 640.0),
    ("height", 360.0),
    ("framerate", 29.97),
];

#[test]
fn the_script_tells_length_and_size_and_the_tags_their_codings() {
    let (media, outcome) = parse(&film(STATED));
    assert_eq!(
        (media.class, media.mime, outcome),
        (Some(Class::Video), Some(Mime::FLV), Ok(()))
    );
    assert_eq!(
        (media.duration, media.width, media.height),
        (Some(Duration::from_millis(2500)), Some(640), Some(360))
    );
    assert_eq!(
        (media.video_codec, media.audio_codec),
        (Some(VideoCodec::Sorenson), Some(AudioCodec::Mp3))
    );
    assert_eq!((media.sample_rate, media.channels), (Some(22_050), Some(2)));
    assert_eq!(media.frame_rate, FrameRate::new(30_000, 1001));
}

#[test]
fn without_a_stated_length_the_last_tag_tells_it() {
    let (media, _) = parse(&film(&[]));
    assert_eq!(
        (media.duration, media.width),
        (Some(Duration::from_millis(1960)), None)
    );
}

#[test]
fn every_prefix_ends() {
    let bytes = film(STATED);
    let whole = parse(&bytes).0;
    for n in 0..bytes.len() {
        let (media, _) = parse(&bytes[..n]);
        assert!(media.width.is_none() || media.width == whole.width, "{n}");
    }
}

#[test]
fn lies_and_foreign_bytes_end() {
    assert_eq!(parse(b"").1, Err(Error::Truncated));
    assert_eq!(parse(b"GIF89a").1, Err(Error::Malformed("FLV signature")));
    for value in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e300] {
        let (media, _) = parse(&film(&[("duration", value), ("width", value)]));
        assert_eq!(
            (media.duration, media.width),
            (Some(Duration::from_millis(1960)), None),
            "{value}"
        );
    }
    for at in 0..film(STATED).len() {
        for value in [0, 0xFF] {
            let mut bytes = film(STATED);
            bytes[at] = value;
            drop(parse(&bytes));
        }
    }
}

#[test]
fn texts_of_the_script_are_tags() {
    let mut values = [vec![2], name("onMetaData"), vec![8, 0, 0, 0, 9]].concat();
    for (key, value) in [("title", "Name"), ("artist", "Me"), ("date", "1970-01-02")] {
        values.extend([name(key), vec![2], name(value)].concat());
    }
    values.extend([0, 0, 9]);
    let (media, _) = parse(&[HEADER, &tag(18, 0, &values)].concat());
    assert_eq!(
        (media.title.as_deref(), media.artist.as_deref()),
        (Some("Name"), Some("Me"))
    );
    assert_eq!(media.date.map(|d| d.unix_secs), Some(86_400));
}

#[test]
fn pictures_of_sorenson_tell_their_size_themselves() {
    // 17 bits of start, 5 of version, 8 of time, 3 of format, the size.
    for (picture, size) in [
        (b"\x12\0\0\x84\x02\x80\0\0\0\0", (320, 240)),
        (b"\x12\0\0\x84\0\x50\x28\0\0\0", (160, 80)),
        (b"\x12\0\0\x84\0\x80\xA0\0\x78\0", (320, 240)),
    ] {
        let (media, _) = parse(&[HEADER, &tag(9, 0, picture)].concat());
        assert_eq!((media.width, media.height), (Some(size.0), Some(size.1)));
    }
}
