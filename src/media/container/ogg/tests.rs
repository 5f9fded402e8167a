//! Files built page by page.

use std::time::Duration;

use super::*;
use crate::media::container::testing::{parse, survives};

/// A page with these segments' lengths and this body; flags 1: continues, 2: begins.
fn page_of_segments(flags: u8, granule: u64, serial: u32, table: &[u8], body: &[u8]) -> Vec<u8> {
    let mut bytes = b"OggS\0".to_vec();
    bytes.push(flags);
    bytes.extend(granule.to_le_bytes());
    bytes.extend(serial.to_le_bytes());
    bytes.extend([0; 8]);
    bytes.push(u8::try_from(table.len()).unwrap());
    bytes.extend(table);
    bytes.extend(body);
    bytes
}

/// A page with one whole packet.
fn page(flags: u8, granule: u64, serial: u32, packet: &[u8]) -> Vec<u8> {
    let mut table = vec![255; packet.len() / 255];
    table.push(u8::try_from(packet.len() % 255).unwrap());
    page_of_segments(flags, granule, serial, &table, packet)
}

/// Pages of one packet of any length, a few segments on each.
fn pages(serial: u32, packet: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = packet.chunks(510).peekable();
    let mut out = Vec::new();
    while let Some(part) = parts.next() {
        let flags = u8::from(!out.is_empty());
        if parts.peek().is_some() {
            out.push(page_of_segments(flags, u64::MAX, serial, &[255, 255], part));
        } else {
            out.push(page(flags, 0, serial, part));
        }
    }
    out
}

/// 8 kHz, mono, blocks of at most 256 samples.
const VORBIS: &[u8] = b"\x01vorbis\0\0\0\0\x01\x40\x1F\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x86\x01";
/// Stereo, 480 samples to skip.
const OPUS: &[u8] = b"OpusHead\x01\x02\xE0\x01\x40\x1F\0\0\0\0\0";

fn comments(start: &[u8], lines: &[&[u8]]) -> Vec<u8> {
    let len = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    let mut bytes = [start, b"\x01\0\0\0x", &len(lines.len())].concat();
    for line in lines {
        bytes.extend(len(line.len()));
        bytes.extend(*line);
    }
    bytes
}

/// `samples` of Vorbis, all on one page of sound.
fn vorbis(serial: u32, title: &str, samples: u64) -> Vec<u8> {
    let title = format!("TITLE={title}");
    [
        page(2, 0, serial, VORBIS),
        page(0, 0, serial, &comments(b"\x03vorbis", &[title.as_bytes()])),
        page_of_segments(4, samples, serial, &[1; 255], &[0xAA; 255]),
    ]
    .concat()
}

#[test]
fn the_last_granule_is_the_length() {
    let (media, outcome) = parse(read, &vorbis(7, "One", 8000));
    assert_eq!(
        (media.duration, outcome),
        (Some(Duration::from_secs(1)), Ok(()))
    );
    assert_eq!((media.sample_rate, media.channels), (Some(8000), Some(1)));
    assert_eq!(media.title.as_deref(), Some("One"));
    assert_eq!(
        (media.class, media.mime),
        (Some(Class::Audio), Some(crate::media::mime::Mime::OGG))
    );
}

#[test]
fn opus_is_48_khz_less_what_is_skipped() {
    let bytes = [
        page(2, 0, 1, OPUS),
        page(0, 0, 1, &comments(b"OpusTags", &[b"ARTIST=A"])),
        page_of_segments(4, 48_480, 1, &[1; 50], &[0; 50]),
    ]
    .concat();
    let (media, _) = parse(read, &bytes);
    assert_eq!(
        (media.duration, media.sample_rate, media.channels),
        (Some(Duration::from_secs(1)), Some(48_000), Some(2))
    );
    assert_eq!(media.artist.as_deref(), Some("A"));
    survives(read, &bytes);
}

#[test]
fn comments_go_over_pages_with_those_of_other_streams_between() {
    let picture = [b"METADATA_BLOCK_PICTURE=".as_slice(), &[b'A'; 5000]].concat();
    let packet = comments(b"\x03vorbis", &[&picture, b"TITLE=Behind"]);
    let mut parts = vec![page(2, 0, 1, VORBIS), page(2, 0, 2, b"unknown")];
    for part in pages(1, &packet) {
        parts.push(part);
        parts.push(page(0, 5, 2, b"something else"));
    }
    parts.push(page(0, 200, 1, b"sound"));
    let (media, outcome) = parse(read, &parts.concat());
    assert_eq!((media.title.as_deref(), outcome), (Some("Behind"), Ok(())));
    assert_eq!(media.duration, Some(Duration::from_millis(25)));
    // Without its middle the packet is no packet.
    parts.remove(4);
    assert_eq!(parse(read, &parts.concat()).0.title, None);
}

#[test]
fn links_of_a_chain_add_up_and_the_first_names_it() {
    let chain = [
        vorbis(1, "One", 8000),
        vorbis(2, "Two", 16_000),
        vorbis(3, "Three", 4000),
    ]
    .concat();
    let (media, outcome) = parse(read, &chain);
    assert_eq!(
        (media.duration, outcome),
        (Some(Duration::from_millis(3500)), Ok(()))
    );
    assert_eq!(media.title.as_deref(), Some("One"));
    // Links far longer than one look.
    let long = |serial: u32| {
        let mut bytes = [
            page(2, 0, serial, VORBIS),
            page(0, 0, serial, &comments(b"\x03vorbis", &[])),
        ]
        .concat();
        for n in 1..=20 {
            bytes.extend(page_of_segments(
                0,
                n * 8000,
                serial,
                &[255; 255],
                &vec![0; 255 * 255],
            ));
        }
        // Everything is one packet: no limit on what it holds is broken.
        bytes.extend(page(1, 168_000, serial, b"end"));
        bytes
    };
    let media = parse(read, &[long(1), long(2)].concat()).0;
    let alone = parse(read, &long(1)).0;
    assert_eq!(media.duration, alone.duration.map(|d| d.saturating_mul(2)));
    assert!(alone.duration.is_some());
}

#[test]
fn a_stream_cut_out_of_a_longer_one_starts_where_it_starts() {
    let bytes = [
        page(2, 0, 1, VORBIS),
        page(0, 0, 1, &comments(b"\x03vorbis", &[])),
        page(0, 800_000, 1, b"sound"),
        page(4, 808_000, 1, b"sound"),
    ]
    .concat();
    assert_eq!(parse(read, &bytes).0.duration, Some(Duration::from_secs(1)));
}

#[test]
fn vp8_beside_opus_is_a_film() {
    // 320 by 180, square pixels, 25 pictures in 1 second.
    let head = b"OVP80\x01\x01\0\x01\x40\0\xB4\0\0\x01\0\0\x01\0\0\0\x19\0\0\0\x01";
    let bytes = [
        page(2, 0, 1, head),
        page(2, 0, 2, OPUS),
        page(0, 0, 1, &comments(b"OVP80\x02 ", &[b"TITLE=Film"])),
        page(0, 0, 2, &comments(b"OpusTags", &[])),
        page(4, 50 << 32, 1, b"picture"),
        page(4, 96_480, 2, b"sound"),
    ]
    .concat();
    let (media, outcome) = parse(read, &bytes);
    assert_eq!((media.class, outcome), (Some(Class::Video), Ok(())));
    assert_eq!(
        (media.video_codec, media.audio_codec),
        (Some(VideoCodec::Vp8), Some(AudioCodec::Opus))
    );
    assert_eq!((media.width, media.height), (Some(320), Some(180)));
    assert_eq!(media.duration, Some(Duration::from_secs(2)));
    assert_eq!(media.title.as_deref(), Some("Film"));
    survives(read, &bytes);
}

#[test]
fn a_film_is_theora_with_its_picture_size() {
    let mut theora = b"\x80theora\x03\x02\x01\0\x14\0\x0D\0\x01\x40\0\0\xC8\0\0".to_vec();
    theora.extend(25_u32.to_be_bytes());
    theora.extend(1_u32.to_be_bytes());
    theora.extend(b"\0\0\0\0\0\0\0\0\0\0\0\xC0"); // shift 6
    let bytes = [
        page(2, 0, 1, &theora),
        page(2, 0, 2, VORBIS),
        page(0, 0, 1, &comments(b"\x81theora", &[b"TITLE=Film"])),
        page(0, 0, 2, &comments(b"\x03vorbis", &[])),
        page(0, (40 << 6) + 10, 1, b"picture"),
        page(0, 1, 2, b"sound"),
    ]
    .concat();
    let (media, outcome) = parse(read, &bytes);
    assert_eq!(
        (media.class, media.mime, outcome),
        (
            Some(Class::Video),
            Some(crate::media::mime::Mime::OGV),
            Ok(())
        )
    );
    assert_eq!((media.width, media.height), (Some(320), Some(200)));
    assert_eq!(
        (media.duration, media.sample_rate),
        (Some(Duration::from_secs(2)), Some(8000))
    );
    survives(read, &bytes);
}

#[test]
fn flac_and_speex_are_known() {
    let info = b"\x10\0\x10\0\0\0\0\0\0\0\x01\xF4\x00\xF0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let flac = [b"\x7FFLAC\x01\0\0\x01fLaC\0\0\0\x22".as_slice(), info].concat();
    let bytes = [
        page(2, 0, 1, &flac),
        page(0, 0, 1, &comments(b"\x84\0\0\0", &[b"ALBUM=F"])),
        page(0, 4000, 1, b"sound"),
    ]
    .concat();
    let (media, outcome) = parse(read, &bytes);
    assert_eq!(
        (media.sample_rate, media.bits_per_sample, outcome),
        (Some(8000), Some(16), Ok(()))
    );
    assert_eq!(
        (media.duration, media.album.as_deref()),
        (Some(Duration::from_millis(500)), Some("F"))
    );
    let mut speex = b"Speex   1.2".to_vec();
    speex.resize(36, 0);
    for word in [8000_u32, 0, 4, 1, 0, 160, 0, 2, 0, 0, 0] {
        speex.extend(word.to_le_bytes());
    }
    let bytes = [
        page(2, 0, 1, &speex),
        page(0, 0, 1, &comments(b"", &[b"TITLE=S"])),
        page(0, 320, 1, b"sound"),
    ]
    .concat();
    let (media, _) = parse(read, &bytes);
    assert_eq!(
        (media.duration, media.title.as_deref()),
        (Some(Duration::from_millis(40)), Some("S"))
    );
    survives(read, &bytes);
}

#[test]
fn a_cut_page_does_not_count_and_damage_ends() {
    let whole = [vorbis(1, "One", 8000), page(0, 16_000, 1, b"more sound")].concat();
    assert_eq!(parse(read, &whole).0.duration, Some(Duration::from_secs(2)));
    assert_eq!(
        parse(read, &whole[..whole.len() - 1]).0.duration,
        Some(Duration::from_secs(1))
    );
    survives(read, &whole);
    survives(
        read,
        &[vorbis(1, "One", 8000), vorbis(2, "Two", 8000)].concat(),
    );
    assert!(parse(read, &page(0, 0, 1, VORBIS)).1.is_err());
    assert_eq!(
        parse(read, &page(2, 0, 1, b"fishead")).1,
        Err(Error::Unsupported)
    );
}

/// A picture block of FLAC around a picture of `len` bytes that starts like a PNG.
fn block(len: usize) -> (Vec<u8>, Vec<u8>) {
    let mut picture = b"\x89PNG\r\n\x1A\n".to_vec();
    picture.extend((0..=255).cycle().take(len - picture.len()));
    let mut block = b"\0\0\0\x03\0\0\0\x09image/png\0\0\0\x01d".to_vec();
    block.extend([0; 16]);
    block.extend(u32::try_from(len).unwrap().to_be_bytes());
    block.extend(&picture);
    (block, picture)
}

/// RFC 4648 §4.
fn base64(bytes: &[u8]) -> Vec<u8> {
    let letters = [
        b'A'..=b'Z',
        b'a'..=b'z',
        b'0'..=b'9',
        b'+'..=b'+',
        b'/'..=b'/',
    ];
    let letters: Vec<u8> = letters.into_iter().flatten().collect();
    let mut text = Vec::new();
    for three in bytes.chunks(3) {
        let word = [three, &[0; 2]].concat();
        let bits = u32::from_be_bytes([0, word[0], word[1], word[2]]);
        let four = [18, 12, 6, 0].map(|shift| letters[(bits >> shift & 63) as usize]);
        text.extend(&four[..=three.len()]);
        text.resize(text.len().next_multiple_of(4), b'=');
    }
    text
}

fn taken_out(file: &[u8]) -> Result<Vec<u8>, Error> {
    let art = parse(read, file).0.art.ok_or(Error::Unsupported)?;
    let picture = crate::media::art::packed::unpack(&file, file.len() as u64, art.offset)?;
    assert_eq!(picture.len(), art.len as usize);
    Ok(picture)
}

#[test]
fn covers_in_comments_are_taken_out_over_pages_with_others_between() {
    for len in [8, 900, 901, 902, 20_000] {
        let (block, picture) = block(len);
        let rows = [
            [b"METADATA_BLOCK_PICTURE=".to_vec(), base64(&block)].concat(),
            [b"coverart=".to_vec(), base64(&picture)].concat(),
        ];
        for line in rows {
            for (start, head) in [(&b"\x03vorbis"[..], VORBIS), (b"OpusTags", OPUS)] {
                let packet = comments(start, &[b"TITLE=One", &line, b"ALBUM=Two"]);
                let other = page(0, 0, 9, b"not ours");
                let pages = pages(7, &packet);
                let file = [page(2, 0, 7, head), pages.join(&other[..])].concat();
                assert_eq!(taken_out(&file), Ok(picture.clone()), "{len}");
                assert_eq!(parse(read, &file).0.album.as_deref(), Some("Two"));
            }
        }
    }
}

#[test]
fn the_front_cover_of_several_is_taken_out() {
    let icon = [&[0, 0, 0, 1], &block(70).0[4..]].concat();
    let (front, picture) = block(2000);
    let lines = [&icon, &front, &front]
        .map(|block| [b"METADATA_BLOCK_PICTURE=".to_vec(), base64(block)].concat());
    let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
    let packet = comments(b"\x03vorbis", &lines);
    let file = [page(2, 0, 7, VORBIS), pages(7, &packet).concat()].concat();
    assert_eq!(taken_out(&file), Ok(picture));
}

#[test]
fn covers_that_lie_or_are_cut_are_refused_and_never_wrong() {
    let (block, picture) = block(1500);
    let line = [b"METADATA_BLOCK_PICTURE=".to_vec(), base64(&block)].concat();
    let packet = comments(b"\x03vorbis", &[&line]);
    let file = [page(2, 0, 7, VORBIS), pages(7, &packet).concat()].concat();
    for n in (0..file.len()).step_by(7) {
        assert!(taken_out(&file[..n]).is_err(), "{n}");
    }
    for at in 0..file.len() {
        let mut bad = file.clone();
        bad[at] ^= 0x55;
        if let Ok(found) = taken_out(&bad) {
            assert!(found.len() <= picture.len(), "{at}");
        }
    }
    let len = file.len() as u64;
    let elsewhere = crate::media::art::packed::unpack(&file.as_slice(), len, 3);
    assert_eq!(elsewhere, Err(Error::Malformed("picture")));
}

#[test]
fn a_picture_block_of_ogg_flac_is_taken_out() {
    let mut head = b"\x7FFLAC\x01\0\0\x03fLaC\0\0\0\x22\x10\0\x10\0".to_vec();
    head.extend(b"\0\0\0\0\0\0\x0A\xC4\x42\xF0\0\0\xAC\x44");
    head.resize(head.len() + 16, 0);
    let (block, picture) = block(5000);
    let with = |kind: u8, body: &[u8]| {
        let len = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[kind], &len[1..], body].concat()
    };
    let file = [
        page(2, 0, 7, &head),
        page(0, 0, 7, &with(4, &comments(b"", &[b"TITLE=One"]))),
        page(0, 0, 7, &with(1, &[0; 20])),
        pages(7, &with(6 | 0x80, &block)).concat(),
        page(4, 44_100, 7, &[0xFF; 40]),
    ]
    .concat();
    assert_eq!(taken_out(&file), Ok(picture));
    // Where the comments are the last block, no packet behind them is one.
    let last = [
        page(2, 0, 7, &head),
        page(0, 0, 7, &with(4 | 0x80, &comments(b"", &[b"TITLE=One"]))),
        pages(7, &with(6 | 0x80, &block)).concat(),
    ]
    .concat();
    assert_eq!(taken_out(&last), Err(Error::Unsupported));
}
