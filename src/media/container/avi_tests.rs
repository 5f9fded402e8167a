use super::*;
use crate::media::reader::Source;

fn parse(bytes: &[u8]) -> (Media, Result<(), Error>) {
    let mut media = Media::default();
    let source = Source::new(&bytes, bytes.len() as u64);
    let outcome = read(&mut Reader::new(&source), &mut media);
    (media, outcome)
}

fn chunk(kind: &str, payload: &[u8]) -> Vec<u8> {
    let size = u32::try_from(payload.len()).unwrap();
    let pad = vec![0; payload.len() % 2];
    [kind.as_bytes(), &size.to_le_bytes(), payload, &pad].concat()
}

fn list(kind: &str, children: &[Vec<u8>]) -> Vec<u8> {
    chunk("LIST", &[kind.as_bytes(), &children.concat()].concat())
}

fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn stream(kind: &str, handler: &str, times: [u32; 2], length: u32, format: &[u8]) -> Vec<u8> {
    let header = [
        kind.as_bytes(),
        handler.as_bytes(),
        &words(&[0, 0, 0, times[0], times[1], 0, length, 0, 0, 0]),
    ];
    list(
        "strl",
        &[chunk("strh", &header.concat()), chunk("strf", format)],
    )
}

fn film(all_frames: Option<u32>) -> Vec<u8> {
    let main = words(&[40_000, 0, 0, 0, 50, 0, 2, 0, 320, 240, 0, 0, 0, 0]);
    // Height below zero: the top row first.
    let bitmap = [
        words(&[40, 640, u32::MAX - 359]),
        vec![1, 0, 24, 0],
        b"XVID".to_vec(),
        vec![0; 20],
    ]
    .concat();
    let wave = [
        vec![0x55, 0, 2, 0],
        words(&[44_100, 16_000]),
        vec![1, 0, 0, 0],
    ]
    .concat();
    let odml = all_frames
        .map(|n| list("odml", &[chunk("dmlh", &words(&[n]))]))
        .unwrap_or_default();
    let headers = [
        chunk("avih", &main),
        stream("vids", "xvid", [1, 25], 50, &bitmap),
        stream("auds", "\0\0\0\0", [1, 44_100], 88_200, &wave),
        odml,
    ];
    let body = [
        list("hdrl", &headers),
        chunk("JUNK", &[0; 5]),
        list("movi", &[vec![0; 64]]),
        chunk("idx1", &[0; 16]),
        list(
            "INFO",
            &[chunk("INAM", b"Name\0"), chunk("ICRD", b"1999-03-04")],
        ),
    ];
    let body = body.concat();
    let size = u32::try_from(body.len() + 4).unwrap();
    [b"RIFF", size.to_le_bytes().as_slice(), b"AVI ", &body].concat()
}

#[test]
fn a_film_tells_its_streams_length_and_tags() {
    let (media, outcome) = parse(&film(None));
    assert_eq!(
        (media.class, media.mime, outcome),
        (Some(Class::Video), Some(Mime::AVI), Ok(()))
    );
    assert_eq!(
        (media.duration, media.width, media.height),
        (Some(Duration::from_secs(2)), Some(640), Some(360))
    );
    assert_eq!(
        (media.video_codec, media.audio_codec),
        (Some(VideoCodec::Mpeg4), Some(AudioCodec::Mp3))
    );
    assert_eq!(
        (media.sample_rate, media.channels, media.frame_rate),
        (Some(44_100), Some(2), FrameRate::new(25, 1))
    );
    assert_eq!(
        (
            media.title.as_deref(),
            media.audio_tracks.len(),
            media.profile
        ),
        (Some("Name"), 1, None)
    );
    assert!(media.date.is_some());
}

#[test]
fn all_parts_of_a_large_file_count() {
    assert_eq!(
        parse(&film(Some(250))).0.duration,
        Some(Duration::from_secs(10))
    );
}

#[test]
fn every_prefix_ends_and_never_tells_wrong() {
    let bytes = film(None);
    let whole = parse(&bytes).0;
    for n in 0..bytes.len() {
        let (media, _) = parse(&bytes[..n]);
        assert!(
            media.video_codec.is_none() || media.video_codec == whole.video_codec,
            "{n}"
        );
        assert!(
            media.duration.is_none() || media.duration == whole.duration,
            "{n}"
        );
    }
}

#[test]
fn lying_sizes_and_impossible_times_end() {
    assert_eq!(parse(b"").1, Err(Error::Truncated));
    assert_eq!(
        parse(b"RIFF\0\0\0\0WAVE").1,
        Err(Error::Malformed("AVI header"))
    );
    for at in 0..film(None).len() {
        for value in [0, 0xFF] {
            let mut bytes = film(None);
            bytes[at] = value;
            drop(parse(&bytes));
        }
    }
    let endless = [
        b"RIFF\0\0\0\0AVI ".as_slice(),
        &b"JUNK\0\0\0\0".repeat(5000),
    ]
    .concat();
    assert_eq!(parse(&endless).0.duration, None);
}

#[test]
fn sound_alone_has_the_length_of_its_own() {
    let main = words(&[0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    let wave = [
        vec![1, 0, 2, 0],
        words(&[44_100, 176_400]),
        vec![4, 0, 16, 0],
    ];
    let sound = stream("auds", "\0\0\0\0", [4, 176_400], 88_200, &wave.concat());
    let body = list("hdrl", &[chunk("avih", &main), sound]);
    let (media, _) = parse(&[b"RIFF\0\0\0\0AVI ", body.as_slice()].concat());
    assert_eq!(media.duration, Some(Duration::from_secs(2)));
    assert_eq!(media.class, Some(Class::Audio));
}

#[test]
fn the_extensible_format_names_its_coding_in_a_guid() {
    let main = words(&[0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    let wave = [
        vec![0xFE, 0xFF, 6, 0],
        words(&[48_000, 56_000]),
        vec![1, 0, 0, 0, 22, 0, 0, 0],
        words(&[0x3F]),
        vec![
            0, 0x20, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71,
        ],
    ]
    .concat();
    let of = |wave: &[u8]| {
        let sound = stream("auds", "\0\0\0\0", [1, 48_000], 48_000, wave);
        let body = list("hdrl", &[chunk("avih", &main), sound]);
        parse(&[b"RIFF\0\0\0\0AVI ", body.as_slice()].concat()).0
    };
    let media = of(&wave);
    assert_eq!(
        (media.audio_codec, media.channels),
        (Some(AudioCodec::Ac3), Some(6))
    );
    // Without the GUID nobody knows.
    assert_eq!(of(&wave[..24]).audio_codec, None);
}
