use super::*;
use crate::media::reader::Source;
use std::time::Duration;

fn parse(bytes: &[u8]) -> (Media, Result<(), Error>) {
    let mut media = Media::default();
    let source = Source::new(&bytes, bytes.len() as u64);
    let outcome = read(&mut Reader::new(&source), &mut media);
    (media, outcome)
}

/// 720 by 576, 25 pictures; then the extension: main profile at main level, fields.
const SEQUENCE: &[u8] = &[
    0, 0, 1, 0xB3, 0x2D, 0x02, 0x40, 0x33, 0xFF, 0xFF, 0xE0, 0x18, // header
    0, 0, 1, 0xB5, 0x14, 0x82, 0x00, 0x01, 0x00, 0x00, // extension
    0, 0, 1, 0xB8, 0, 0, 0, 0,
];

const PACK: &[u8] = &[0, 0, 1, 0xBA, 0x44, 0, 4, 0, 4, 1, 0x01, 0x89, 0xC3, 0xF8];

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

fn packet(stream: u8, ticks: u64, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(payload.len() + 8).unwrap().to_be_bytes();
    [
        &[0, 0, 1, stream],
        len.as_slice(),
        &[0x80, 0x80, 5],
        &stamp(ticks),
        payload,
    ]
    .concat()
}

/// AC-3 at 48 kHz in 5.1, behind the number, count and pointer of a DVD.
const AC3: &[u8] = &[0x80, 1, 0, 1, 0x0B, 0x77, 0, 0, 0x1E, 0x40, 0xE1, 0, 0];

fn film() -> Vec<u8> {
    [
        PACK.to_vec(),
        packet(0xE0, 90_000, SEQUENCE),
        packet(0xBD, 90_000, AC3),
        packet(
            0xBD,
            90_000,
            &[0x81, 1, 0, 1, 0x0B, 0x77, 0, 0, 0x1E, 0x40, 0x40, 0, 0],
        ),
        packet(0xBD, 90_000, &[0x20, 1, 2, 3]),
        PACK.to_vec(),
        packet(0xE0, 90_000 * 3, &[0, 0, 1, 0]),
        packet(0xE0, 90_000 * 3 - 3600, &[0, 0, 1, 0]),
        vec![0, 0, 1, 0xB9],
    ]
    .concat()
}

#[test]
fn a_disc_tells_its_streams_length_and_profile() {
    let (media, outcome) = parse(&film());
    assert_eq!(
        (media.class, media.mime, outcome),
        (Some(Class::Video), Some(Mime::MPEG_PS), Ok(()))
    );
    assert_eq!(
        (media.width, media.height, media.interlaced),
        (Some(720), Some(576), Some(true))
    );
    assert_eq!(
        (media.video_codec, media.frame_rate),
        (Some(VideoCodec::Mpeg2), FrameRate::new(25, 1))
    );
    assert_eq!(
        (media.audio_codec, media.sample_rate, media.channels),
        (Some(AudioCodec::Ac3), Some(48_000), Some(6))
    );
    assert_eq!(
        (media.audio_tracks.len(), media.subtitle_tracks.len()),
        (2, 1)
    );
    assert_eq!(media.duration, Some(Duration::from_millis(2040)));
    assert_eq!(
        media.profile.map(profile::Profile::name),
        Some("MPEG_PS_PAL")
    );
}

#[test]
fn pictures_without_a_stamp_are_counted_at_the_end() {
    let picture = |number: u8| [0, 0, 1, 0, number >> 2, number << 6 | 8, 0xFF, 0xF8];
    let at = |hundredths: u64| 90_000 + hundredths * 900;
    let unstamped = |payload: &[u8]| {
        let len = u16::try_from(payload.len() + 3).unwrap().to_be_bytes();
        [&[0, 0, 1, 0xE0], &len[..], &[0x80, 0, 0], payload].concat()
    };
    let of = |pictures: &[Vec<u8>]| {
        let sequence = packet(0xE0, at(0), SEQUENCE);
        let bytes = [PACK.to_vec(), sequence, pictures.concat()].concat();
        parse(&bytes).0.duration
    };
    let two = [picture(1), picture(2)].concat();
    // 25 a second: the last of three, of which one is stamped, ends after 120 ms.
    assert_eq!(
        of(&[packet(0xE0, at(0), &picture(0)), unstamped(&two)]),
        Some(Duration::from_millis(120))
    );
    // The last that is stamped is shown before the one coded in front of it.
    assert_eq!(
        of(&[
            packet(0xE0, at(0), &picture(0)),
            unstamped(&picture(3)),
            packet(0xE0, at(4), &picture(1)),
            packet(0xE0, at(8), &picture(2)),
        ]),
        Some(Duration::from_millis(160))
    );
    // Sound in between is passed over, and a header cut in two is one.
    assert_eq!(
        of(&[
            packet(0xE0, at(0), &picture(0)),
            unstamped(&[&[0xAA, 0, 0][..], &[]].concat()),
            packet(0xC0, at(0), &picture(9)),
            unstamped(&picture(1)[2..]),
        ]),
        Some(Duration::from_millis(80))
    );
}

#[test]
fn every_prefix_ends_and_never_tells_wrong() {
    let bytes = film();
    for n in 0..bytes.len() {
        let (media, _) = parse(&bytes[..n]);
        assert!(media.width.is_none_or(|w| w == 720), "{n}");
    }
}

#[test]
fn the_older_form_is_read() {
    // Pack, then stuffing, a buffer size and a stamp; MPEG-1: pictures follow the header.
    let pack = [0, 0, 1, 0xBA, 0x21, 0, 1, 0, 1, 0x80, 0x1B, 0x91];
    let pictures = [
        &[
            0, 0, 1, 0xB3, 0x16, 0x01, 0x20, 0x13, 0xFF, 0xFF, 0xE0, 0x18, 0, 0, 1, 0xB8, 0, 0, 0,
            0,
        ][..],
        &[0; 8],
    ]
    .concat();
    let body = [&[0xFF, 0xFF, 0x60, 0x20], stamp(0).as_slice(), &pictures].concat();
    let len = u16::try_from(body.len()).unwrap().to_be_bytes();
    let video = [&[0, 0, 1, 0xE0], len.as_slice(), &body].concat();
    let frame = [0xFF, 0xFD, 0x84, 0x04];
    let sound = packet(0xC0, 0, &[frame.as_slice(), &[0; 380], &frame].concat());
    let (media, _) = parse(&[pack.to_vec(), video, sound].concat());
    assert_eq!(
        (media.video_codec, media.width, media.height),
        (Some(VideoCodec::Mpeg1), Some(352), Some(288))
    );
    assert_eq!(
        (media.audio_codec, media.channels),
        (Some(AudioCodec::Mp2), Some(2))
    );
    assert_eq!(media.profile.map(profile::Profile::name), Some("MPEG1"));
}

#[test]
fn sound_alone_is_audio_and_has_a_length() {
    let frame = [0xFF, 0xFD, 0x84, 0x04];
    let frames = [frame.as_slice(), &[0; 380], &frame].concat();
    let bytes = [
        PACK.to_vec(),
        packet(0xC0, 90_000, &frames),
        PACK.to_vec(),
        packet(0xC0, 90_000 * 3, &frames),
    ]
    .concat();
    let (media, outcome) = parse(&bytes);
    assert_eq!(
        (media.class, media.mime, outcome),
        (Some(Class::Audio), Some(Mime::MPEG_PS), Ok(()))
    );
    assert_eq!(media.audio_codec, Some(AudioCodec::Mp2));
    assert_eq!(media.duration, Some(Duration::from_secs(2)));
    // Without a stream that is known, it is what such files are.
    assert_eq!(parse(PACK).0.class, Some(Class::Video));
}

#[test]
fn the_longer_of_pictures_and_sound_is_the_play_time() {
    // 24 ms of layer II at 48 kHz in 384 bytes.
    let frames = |n: usize| {
        [&[0xFF, 0xFD, 0x84, 0x04][..], &[0; 380]]
            .concat()
            .repeat(n)
    };
    let of = |sounds: &[Vec<u8>]| {
        let film = [
            PACK.to_vec(),
            packet(0xE0, 90_000, SEQUENCE),
            sounds.concat(),
            packet(0xE0, 90_000, &[0, 0, 1, 0, 0, 8]),
        ];
        parse(&film.concat()).0.duration
    };
    let ms = |ms| Some(Duration::from_millis(ms));
    // Of 40 ms: sound of 24, of 48, of 72 that begins 10 before the picture; of two packets.
    assert_eq!(of(&[packet(0xC0, 90_000, &frames(1))]), ms(40));
    assert_eq!(of(&[packet(0xC0, 90_000, &frames(2))]), ms(48));
    assert_eq!(of(&[packet(0xC0, 89_100, &frames(3))]), ms(72));
    let two = [
        packet(0xC0, 90_000, &frames(3)[..1000]),
        packet(0xC0, 90_000 + 4320, &frames(3)[1000..]),
    ];
    assert_eq!(of(&two), ms(72));
    // Bytes that are no frames, and a clock that has jumped, say nothing.
    assert_eq!(of(&[packet(0xC0, 90_000, &[7; 900])]), ms(40));
    assert_eq!(of(&[packet(0xC0, 9_000_000, &frames(3))]), ms(40));
}

#[test]
fn bare_pictures_tell_their_size() {
    let (media, outcome) = parse(SEQUENCE);
    assert_eq!(
        (media.width, media.duration, outcome),
        (Some(720), None, Ok(()))
    );
}

#[test]
fn what_is_no_stream_is_refused_and_damage_ends() {
    assert_eq!(parse(b"").1, Err(Error::Truncated));
    assert_eq!(
        parse(&[0; 9000]).1,
        Err(Error::Malformed("program stream: no start codes"))
    );
    for at in 0..film().len() {
        for value in [0, 0x47, 0xFF] {
            let mut bytes = film();
            bytes[at] = value;
            drop(parse(&bytes));
        }
    }
}

#[test]
fn a_clock_that_starts_anew_gives_no_length() {
    let padding = [&[0, 0, 1, 0xBE, 0xF0, 0], vec![0xFF; 0xF000].as_slice()]
        .concat()
        .repeat(5);
    let jump = [
        PACK.to_vec(),
        packet(0xE0, 90_000_000, SEQUENCE),
        padding,
        packet(0xE0, 0, &[]),
    ]
    .concat();
    assert_eq!(parse(&jump).1, Ok(()));
    assert_eq!(parse(&jump).0.duration, None);
}

#[test]
fn linear_sound_of_discs_is_read() {
    let sound = dvd_lpcm(&[0, 0b0001_0001, 0x80]).unwrap();
    assert_eq!(
        (sound.sample_rate, sound.channels, sound.bits_per_sample),
        (Some(96_000), Some(2), Some(16))
    );
    assert_eq!(dvd_lpcm(&[]), None);
}
