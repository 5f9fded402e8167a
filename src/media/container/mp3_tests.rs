#![allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "byte strings are references"
)]

use super::*;
use crate::media::reader::Source;

fn parse(bytes: &[u8]) -> (Media, Result<(), Error>) {
    let mut media = Media::default();
    let source = Source::new(&bytes, bytes.len() as u64);
    let outcome = read(&mut Reader::new(&source), &mut media);
    (media, outcome)
}

fn millis(media: &Media) -> Option<u128> {
    media.duration.map(|d| d.as_millis())
}

/// MPEG-1 layer III, 44.1 kHz, stereo: 128 kbit/s is 417 bytes of 26.12 ms, 320 kbit/s 1044.
const K128: [u8; 4] = [0xFF, 0xFB, 0x90, 0x00];
const K320: [u8; 4] = [0xFF, 0xFB, 0xE0, 0x00];

fn frames(header: [u8; 4], count: usize) -> Vec<u8> {
    let len = usize::try_from(frame_header(header).unwrap().len).unwrap();
    let mut one = header.to_vec();
    one.resize(len, 0x55);
    one.repeat(count)
}

#[test]
fn headers_of_all_versions_and_layers_are_read() {
    let of = |header| {
        frame_header(header).map(|f| {
            (
                f.layer,
                f.bit_rate,
                f.sample_rate,
                f.channels,
                f.len,
                f.samples,
            )
        })
    };
    assert_eq!(of(K128), Some((3, 128_000, 44_100, 2, 417, 1152)));
    assert_eq!(
        of([0xFF, 0xFB, 0x92, 0xC0]),
        Some((3, 128_000, 44_100, 1, 418, 1152))
    ); // padded, mono
    assert_eq!(
        of([0xFF, 0xF3, 0x80, 0xC0]),
        Some((3, 64_000, 22_050, 1, 208, 576))
    ); // MPEG-2
    assert_eq!(
        of([0xFF, 0xE3, 0x18, 0xC0]),
        Some((3, 8_000, 8_000, 1, 72, 576))
    ); // "MPEG 2.5"
    assert_eq!(
        of([0xFF, 0xFD, 0xE4, 0x00]),
        Some((2, 384_000, 48_000, 2, 1152, 1152))
    ); // layer II
    assert_eq!(
        of([0xFF, 0xFF, 0xC8, 0x00]),
        Some((1, 384_000, 32_000, 2, 576, 384))
    ); // layer I
}

#[test]
fn what_is_no_header_is_refused() {
    let bad = [
        [0xFE, 0xFB, 0x90, 0], // sync
        [0xFF, 0xEB, 0x90, 0], // version
        [0xFF, 0xF9, 0x90, 0], // layer
        [0xFF, 0xFB, 0x00, 0], // free format
        [0xFF, 0xFB, 0xF0, 0], // bit rate
        [0xFF, 0xFB, 0x9C, 0], // sample rate
    ];
    assert!(bad.into_iter().all(|header| frame_header(header).is_none()));
}

#[test]
fn short_streams_are_counted() {
    let (media, outcome) = parse(&[frames(K128, 10), frames(K320, 10)].concat());
    assert_eq!(
        (millis(&media), media.sample_rate, media.channels, outcome),
        (Some(522), Some(44_100), Some(2), Ok(()))
    );
    assert_eq!(
        (media.mime, media.profile),
        (Some(Mime::MPEG_AUDIO), Some(profile::Profile::MP3))
    );
}

#[test]
fn every_prefix_ends_and_one_frame_is_enough() {
    let bytes = frames(K128, 3);
    for n in 0..bytes.len() {
        let (media, outcome) = parse(&bytes[..n]);
        assert_eq!(outcome.is_ok(), n >= 4, "{n}");
        assert_eq!(media.duration.is_some(), n >= 4, "{n}");
    }
}

#[test]
fn junk_in_front_is_passed_over_and_junk_alone_refused() {
    let junk: Vec<u8> = (0..=254).cycle().take(5000).collect();
    let (media, _) =
        parse(&[junk.clone(), K128.to_vec(), junk.clone(), frames(K128, 100)].concat());
    assert_eq!(millis(&media), Some(2612));
    assert_eq!(
        parse(&junk).1,
        Err(Error::Malformed("MPEG audio: no frames"))
    );
    assert_eq!(
        parse(&vec![0xFF; 100_000]).1,
        Err(Error::Malformed("MPEG audio: no frames"))
    );
    assert!(parse(b"").1.is_err());
}

#[test]
fn a_gap_in_the_middle_costs_only_itself() {
    let (media, _) = parse(&[frames(K128, 50), vec![0x11; 3000], frames(K128, 50)].concat());
    assert_eq!(millis(&media), Some(2612));
}

/// A first frame with a header that states `count` frames.
fn stated(name: &[u8; 4], at: usize, count: u32) -> Vec<u8> {
    let mut first = frames(K128, 1);
    first[4..].fill(0);
    first[at..at + 4].copy_from_slice(name);
    let count_at = if name == b"VBRI" { at + 14 } else { at + 8 };
    first[at + 7] = 1;
    first[count_at..count_at + 4].copy_from_slice(&count.to_be_bytes());
    first
}

#[test]
fn stated_counts_are_believed() {
    for first in [
        stated(b"Xing", 36, 40),
        stated(b"Info", 36, 40),
        stated(b"VBRI", 36, 40),
    ] {
        let (media, _) = parse(&[first, frames(K320, 30)].concat());
        assert_eq!(millis(&media), Some(1044));
    }
}

#[test]
fn counts_that_cannot_be_are_not_believed() {
    for count in [0, 1_000_000, u32::MAX] {
        let (media, _) = parse(&[stated(b"Xing", 36, count), frames(K128, 30)].concat());
        assert_eq!(millis(&media), Some(809), "{count}");
    }
}

#[test]
fn long_streams_go_by_rate_only_when_it_is_constant() {
    let (constant, _) = parse(&frames(K128, 2000));
    assert_eq!(millis(&constant), Some(52_125)); // 417 bytes for a frame of 417.96
    let (variable, _) = parse(&[frames(K128, 1000), frames(K320, 1000)].concat());
    assert_eq!(millis(&variable), Some(52_244));
}

#[test]
fn a_long_variable_stream_ends_with_the_budget() {
    let bytes = [frames(K128, 1), frames(K320, 30_000), frames(K128, 1)].concat();
    let (media, outcome) = parse(&bytes);
    let expected = 30_002 * 1152 * 1000 / 44_100;
    assert_eq!(outcome, Ok(()));
    assert!(millis(&media).unwrap().abs_diff(expected) < expected / 100);
}

#[test]
fn tags_at_both_ends_are_not_sound() {
    let mut v1 = b"TAGTitle".to_vec();
    v1.resize(128, 0);
    let mut ape = b"APETAGEX\xD0\x07\0\0".to_vec();
    ape.extend(52_u32.to_le_bytes()); // items and footer
    ape.extend([0; 16]);
    let front = b"ID3\x03\0\0\0\0\0\x10TALB\0\0\0\x06\0\0\0Album".to_vec();
    let sound = frames(K128, 1000);
    let (media, outcome) = parse(&[front.clone(), front, sound, vec![0xFF; 20], ape, v1].concat());
    assert_eq!((millis(&media), outcome), (Some(26_062), Ok(())));
    assert_eq!(
        (media.title.as_deref(), media.album.as_deref()),
        (Some("Title"), Some("Album"))
    );
}

#[test]
fn tags_are_kept_when_the_sound_is_missing() {
    let (media, outcome) = parse(b"ID3\x03\0\0\0\0\0\x10TALB\0\0\0\x06\0\0\0Album");
    assert_eq!(
        (media.album.as_deref(), outcome.is_err()),
        (Some("Album"), true)
    );
}

#[test]
fn layers_one_and_two_have_no_profile() {
    let (media, _) = parse(&frames([0xFF, 0xFD, 0xE4, 0x00], 10));
    assert_eq!(
        (media.profile, media.mime.map(Mime::as_str)),
        (None, Some("audio/mpeg"))
    );
    assert_eq!(millis(&media), Some(240));
}
