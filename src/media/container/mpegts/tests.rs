use super::*;
use crate::media::reader::Source;
use std::time::Duration;

fn parse(bytes: &[u8]) -> (Media, Result<(), Error>) {
    let mut media = Media::default();
    let source = Source::new(&bytes, bytes.len() as u64);
    let outcome = read(&mut Reader::new(&source), &mut media);
    (media, outcome)
}

/// One packet: the payload at its end, an adaptation field in front to fill it.
fn packet(pid: u16, payload: &[u8]) -> Vec<u8> {
    let [high, low] = pid.to_be_bytes();
    let gap = 184 - payload.len();
    let mut bytes = vec![0x47, 0x40 | high, low, if gap > 0 { 0x30 } else { 0x10 }];
    if gap > 0 {
        bytes.push(u8::try_from(gap - 1).unwrap());
        bytes.resize(4 + gap, 0);
    }
    bytes.extend(payload);
    bytes
}

fn section(table: u8, body: &[u8]) -> Vec<u8> {
    let len = u16::try_from(body.len() + 4).unwrap() | 0xB000;
    [&[0, table], len.to_be_bytes().as_slice(), body, &[0; 4]].concat()
}

fn association() -> Vec<u8> {
    packet(
        0,
        &section(0, &[0, 1, 0xC1, 0, 0, 0, 0, 0xE0, 0x10, 0, 1, 0xE1, 0x00]),
    )
}

/// Number, kind and descriptors of each stream.
fn map(program: &[u8], streams: &[(u8, u8, &[u8])]) -> Vec<u8> {
    let mut body = vec![
        0,
        1,
        0xC1,
        0,
        0,
        0xE2,
        0x00,
        0xF0,
        u8::try_from(program.len()).unwrap(),
    ];
    body.extend(program);
    for (pid, kind, info) in streams {
        body.extend([*kind, 0xE2, *pid, 0xF0, u8::try_from(info.len()).unwrap()]);
        body.extend(*info);
    }
    packet(0x100, &section(2, &body))
}

fn stamp(ticks: u64) -> [u8; 5] {
    let byte = |n: u64| u8::try_from(n & 0xFF).unwrap();
    [
        byte(0x21 | (ticks >> 29) & 0x0E),
        byte(ticks >> 22),
        byte((ticks >> 14) | 1),
        byte(ticks >> 7),
        byte((ticks << 1) | 1),
    ]
}

fn pes(pid: u16, ticks: u64, payload: &[u8]) -> Vec<u8> {
    let head = [
        &[0, 0, 1, 0xE0, 0, 0, 0x80, 0x80, 5],
        stamp(ticks).as_slice(),
        payload,
    ]
    .concat();
    packet(pid, &head)
}

/// 720 by 576, 25 pictures, main profile.
const SEQUENCE: &[u8] = &[
    0, 0, 1, 0xB3, 0x2D, 0x02, 0x40, 0x33, 0xFF, 0xFF, 0xE0, 0x18, //
    0, 0, 1, 0xB5, 0x14, 0x82, 0x00, 0x01, 0x00, 0x00, 0, 0, 1, 0xB8, 0, 0, 0, 0,
];
const AC3: &[u8] = &[0x0B, 0x77, 0, 0, 0x1E, 0x40, 0xE1, 0, 0];

/// From just before the wrap of the clock on.
fn film() -> Vec<Vec<u8>> {
    let start = (1 << 33) - 90_000;
    let streams: &[(u8, u8, &[u8])] = &[
        (0, 0x02, &[]),
        (1, 0x81, &[0x0A, 4, b'e', b'n', b'g', 0]),
        (2, 0x06, &[0x0A, 4, b'd', b'e', b'u', 0, 0x6A, 1, 0]),
        (3, 0x06, &[0x59, 8, b'f', b'r', b'a', 0x10, 0, 1, 0, 1]),
        (4, 0x05, &[]),
    ];
    vec![
        association(),
        map(&[], streams),
        pes(0x200, start, SEQUENCE),
        pes(0x201, start, AC3),
        pes(0x202, start, AC3),
        pes(0x200, 180_000, &[0, 0, 1, 0]),
        pes(0x200, 180_000 - 3600, &[0, 0, 1, 0]),
    ]
}

#[test]
fn a_program_tells_its_streams_languages_length_and_profile() {
    let (media, outcome) = parse(&film().concat());
    assert_eq!(
        (media.class, media.mime, outcome),
        (Some(Class::Video), Some(Mime::MPEG_TS), Ok(()))
    );
    assert_eq!(
        (media.video_codec, media.width, media.height),
        (Some(VideoCodec::Mpeg2), Some(720), Some(576))
    );
    assert_eq!(
        (media.audio_codec, media.channels),
        (Some(AudioCodec::Ac3), Some(6))
    );
    let shown = |tracks: &[Language]| {
        tracks
            .iter()
            .map(|l| l.as_str().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(shown(&media.audio_tracks), ["eng", "deu"]);
    assert_eq!(shown(&media.subtitle_tracks), ["fra"]);
    // 1 s before the wrap, 2 s behind it, one picture.
    assert_eq!(media.duration, Some(Duration::from_millis(3040)));
    assert_eq!(
        media.profile.map(profile::Profile::name),
        Some("MPEG_TS_SD_EU_ISO")
    );
}

#[test]
fn packets_of_all_sizes_are_found() {
    let with = |front: &[u8], back: &[u8]| {
        let all: Vec<_> = film()
            .iter()
            .flat_map(|p| [front, p, back].concat())
            .collect();
        parse(&all).0
    };
    let name = |media: &Media| media.profile.map(profile::Profile::name);
    let stamped = with(&[0, 1, 2, 3], &[]);
    assert_eq!(
        (stamped.mime, name(&stamped)),
        (Some(Mime::M2TS), Some("MPEG_TS_SD_EU_T"))
    );
    assert_eq!(stamped.duration, Some(Duration::from_millis(3040)));
    let unstamped = with(&[0; 4], &[]);
    assert_eq!(
        (unstamped.mime, name(&unstamped)),
        (Some(Mime::M2TS), Some("MPEG_TS_SD_EU"))
    );
    let corrected = with(&[], &[9; 16]);
    assert_eq!(
        (corrected.mime, name(&corrected), corrected.width),
        (Some(Mime::MPEG_TS), None, Some(720))
    );
}

#[test]
fn codings_are_told_by_number_or_descriptor() {
    let of = |program: &[u8], kind: u8, info: &[u8]| {
        let (media, _) = parse(
            &[
                association(),
                map(program, &[(0, kind, info)]),
                association(),
                association(),
            ]
            .concat(),
        );
        (media.video_codec, media.audio_codec)
    };
    let bluray = [0x05, 4, b'H', b'D', b'M', b'V'];
    assert_eq!(of(&[], 0x24, &[]), (Some(VideoCodec::Hevc), None));
    assert_eq!(of(&bluray, 0x82, &[]), (None, Some(AudioCodec::Dts)));
    assert_eq!(of(&bluray, 0x86, &[]), (None, Some(AudioCodec::DtsHd)));
    assert_eq!(of(&bluray, 0x80, &[]), (None, Some(AudioCodec::Lpcm)));
    assert_eq!(of(&[], 0x82, &[]), (None, None));
    let frame = [&[0x7F, 0xFE, 0x80, 0x01], [0; 10].as_slice()].concat();
    // With a language and nothing else as well.
    for info in [&[][..], &[0x0A, 4, b'e', b'n', b'g', 0]] {
        let told = [
            association(),
            map(&[], &[(0, 0x82, info)]),
            pes(0x200, 0, &frame),
        ]
        .concat();
        let media = parse(&told).0;
        assert_eq!(media.audio_codec, Some(AudioCodec::Dts));
        assert_eq!(media.class, Some(Class::Audio));
        assert_eq!(of(&[], 0x82, info), (None, None));
    }
    assert_eq!(of(&[], 0x06, &[0x7B, 0]), (None, Some(AudioCodec::Dts)));
    assert_eq!(
        of(&[], 0x06, &[0x05, 4, b'A', b'C', b'-', b'3']),
        (None, Some(AudioCodec::Ac3))
    );
    assert_eq!(of(&[], 0x06, &[0x05, 200, b'A']), (None, None));
}

#[test]
fn a_map_over_several_packets_is_put_together() {
    let whole = [&[0; 1], &section(2, &[7; 300])[1..]].concat();
    let mut gathered = Section::default();
    assert_eq!(gathered.add(&whole[200..], false), None);
    assert_eq!(gathered.add(&whole[..184], true), None);
    assert_eq!(
        gathered.add(&whole[184..], false).map(<[u8]>::len),
        Some(303)
    );
    assert_eq!(Section::default().add(&[], true), None);
}

#[test]
fn every_prefix_ends_and_never_tells_wrong() {
    let bytes = film().concat();
    for n in 0..bytes.len() {
        let (media, _) = parse(&bytes[..n]);
        assert!(media.width.is_none_or(|w| w == 720), "{n}");
        assert!(
            media
                .duration
                .is_none_or(|d| d <= Duration::from_millis(3040)),
            "{n}"
        );
    }
}

#[test]
fn what_is_no_stream_is_refused_and_damage_ends() {
    let none = Err(Error::Malformed("transport stream: no packets"));
    assert_eq!(parse(b"").1, none);
    assert_eq!(parse(b"export const answer: number = 42;").1, none);
    assert_eq!(parse(&[0; 4096]).1, none);
    let bytes = film().concat();
    for at in 0..bytes.len() {
        for value in [0, 0x47, 0xFF] {
            let mut damaged = bytes.clone();
            damaged[at] = value;
            drop(parse(&damaged));
        }
    }
}

#[test]
fn linear_sound_of_blu_ray_is_read() {
    let sound = bluray_lpcm(&[0x03, 0xC0, 0x31, 0x40]).unwrap();
    assert_eq!(
        (sound.sample_rate, sound.channels, sound.bits_per_sample),
        (Some(48_000), Some(2), Some(16))
    );
    assert_eq!(
        (bluray_lpcm(&[0, 0, 0x31]), bluray_lpcm(&[0, 0, 0x01, 0x40])),
        (None, None)
    );
}
