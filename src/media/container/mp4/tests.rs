#![allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "byte strings are references"
)]

use super::*;
use crate::media::codec::AudioCodec;
use crate::media::mime::Mime;
use crate::media::reader::Source;

fn boxed(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    let size = u32::try_from(payload.len() + 8).unwrap();
    [&size.to_be_bytes(), kind, payload].concat()
}

fn nest(kind: &[u8; 4], children: &[Vec<u8>]) -> Vec<u8> {
    boxed(kind, &children.concat())
}

fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_be_bytes()).collect()
}

fn parse(bytes: &[u8]) -> (Media, Result<(), Error>) {
    let mut media = Media::default();
    let source = Source::new(&bytes, bytes.len() as u64);
    let outcome = read(&mut Reader::new(&source), &mut media);
    (media, outcome)
}

fn ftyp(major: &[u8; 4]) -> Vec<u8> {
    boxed(b"ftyp", &[major.as_slice(), &[0; 4]].concat())
}

/// 1000 units per second.
fn mvhd(duration: u32) -> Vec<u8> {
    boxed(b"mvhd", &words(&[0, 0, 0, 1000, duration]))
}

const UPRIGHT: [u32; 5] = [1 << 16, 0, 0, 0, 1 << 16];
const QUARTER: [u32; 5] = [0, 1 << 16, 0, u32::MAX << 16, 0];

fn trak(id: u32, handler: &[u8; 4], matrix: [u32; 5], duration: u32, entry: Vec<u8>) -> Vec<u8> {
    trak_with(id, handler, matrix, duration, &[entry, vec![]])
}

/// The same with tables behind the sample description.
fn trak_with(
    id: u32,
    handler: &[u8; 4],
    matrix: [u32; 5],
    duration: u32,
    [entry, tables]: &[Vec<u8>; 2],
) -> Vec<u8> {
    let tkhd = words(&[
        0, 0, 0, id, 0, 0, 0, 0, 0, 0, matrix[0], matrix[1], matrix[2], matrix[3], matrix[4],
    ]);
    let mdhd = words(&[0, 0, 0, 500, duration, 0]);
    let hdlr = [words(&[0, 0]), handler.to_vec(), vec![0; 13]].concat();
    let stsd = [&words(&[0, 1]), entry.as_slice()].concat();
    let stbl = nest(
        b"stbl",
        &[
            boxed(b"stsd", &stsd),
            boxed(b"stts", &words(&[0, u32::MAX])),
            tables.clone(),
        ],
    );
    let mdia = nest(
        b"mdia",
        &[
            boxed(b"mdhd", &mdhd),
            boxed(b"hdlr", &hdlr),
            nest(b"minf", &[stbl]),
        ],
    );
    nest(b"trak", &[boxed(b"tkhd", &tkhd), mdia])
}

fn avc1(width: u16, height: u16) -> Vec<u8> {
    let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
    boxed(b"avc1", &[vec![0; 24], sides, vec![0; 50]].concat())
}

fn mp4a(rate: u16, channels: u16) -> Vec<u8> {
    let mut body = vec![0; 28];
    body[16..18].copy_from_slice(&channels.to_be_bytes());
    body[24..26].copy_from_slice(&rate.to_be_bytes());
    boxed(b"mp4a", &body)
}

fn video(matrix: [u32; 5]) -> Vec<u8> {
    trak(1, b"vide", matrix, 1000, avc1(640, 360))
}

fn sound() -> Vec<u8> {
    trak(2, b"soun", UPRIGHT, 1000, mp4a(48_000, 2))
}

fn film() -> Vec<u8> {
    let moov = nest(b"moov", &[mvhd(2500), video(UPRIGHT), sound()]);
    [
        ftyp(b"isom"),
        boxed(b"free", &[0; 9]),
        moov,
        boxed(b"mdat", &[0; 100]),
    ]
    .concat()
}

#[test]
fn a_film_tells_its_length_size_and_sound() {
    let (media, outcome) = parse(&film());
    assert_eq!(
        (media.class, media.mime, outcome),
        (Some(Class::Video), Some(Mime::MP4), Ok(()))
    );
    assert_eq!(media.duration, Some(Duration::from_millis(2500)));
    assert_eq!((media.width, media.height), (Some(640), Some(360)));
    assert_eq!((media.sample_rate, media.channels), (Some(48_000), Some(2)));
    assert_eq!(media.profile, None);
}

#[test]
fn every_prefix_ends_and_never_tells_wrong() {
    let bytes = film();
    let whole = parse(&bytes).0;
    for n in 0..bytes.len() {
        let (media, outcome) = parse(&bytes[..n]);
        assert!(outcome.is_ok() || n < bytes.len() - 108, "{n}");
        assert!(media.width.is_none() || media.width == whole.width, "{n}");
        assert!(
            media.duration.is_none() || media.duration == whole.duration,
            "{n}"
        );
    }
}

#[test]
fn moov_behind_a_large_mdat_is_found() {
    let moov = nest(b"moov", &[mvhd(2500), sound()]);
    let mut large = boxed(b"mdat", &[0; 8]);
    large[..4].copy_from_slice(&1_u32.to_be_bytes());
    large.splice(8.., 100_016_u64.to_be_bytes());
    large.resize(100_016, 0);
    let (media, outcome) = parse(&[ftyp(b"M4A "), large, moov].concat());
    assert_eq!(
        (media.class, media.mime, outcome),
        (Some(Class::Audio), Some(Mime::M4A), Ok(()))
    );
}

#[test]
fn sound_alone_is_audio_whatever_the_brand() {
    let of = |brand| {
        parse(&[ftyp(brand), nest(b"moov", &[mvhd(1), sound()])].concat())
            .0
            .mime
            .map(Mime::as_str)
    };
    assert_eq!(of(b"isom"), Some("audio/mp4"));
    assert_eq!(of(b"3gp4"), Some("audio/3gpp"));
}

#[test]
fn moving_pictures_are_named_by_brand() {
    let of = |brand| {
        parse(&[ftyp(brand), nest(b"moov", &[mvhd(1), video(UPRIGHT)])].concat())
            .0
            .mime
            .map(Mime::as_str)
    };
    assert_eq!(of(b"qt  "), Some("video/quicktime"));
    assert_eq!(of(b"3gp4"), Some("video/3gpp"));
    assert_eq!(of(b"what"), Some("video/mp4"));
}

#[test]
fn a_quarter_turn_swaps_the_sides() {
    let (media, _) = parse(&nest(b"moov", &[mvhd(1), video(QUARTER)]));
    assert_eq!((media.width, media.height), (Some(360), Some(640)));
}

#[test]
fn the_cover_of_an_audio_book_is_no_film() {
    let cover = trak(3, b"vide", UPRIGHT, 1000, boxed(b"jpeg", &[0; 78]));
    let moov = nest(b"moov", &[mvhd(1), cover, sound()]);
    assert_eq!(
        parse(&[ftyp(b"M4B "), moov.clone()].concat()).0.class,
        Some(Class::Audio)
    );
    assert_eq!(
        parse(&[ftyp(b"qt  "), moov].concat()).0.class,
        Some(Class::Video)
    );
}

#[test]
fn without_a_film_length_the_longest_track_counts() {
    for unknown in [0, u32::MAX] {
        let (media, _) = parse(&nest(b"moov", &[mvhd(unknown), sound()]));
        assert_eq!(media.duration, Some(Duration::from_secs(2)));
    }
    let endless = trak(2, b"soun", UPRIGHT, 0, mp4a(48_000, 2));
    assert_eq!(parse(&nest(b"moov", &[mvhd(0), endless])).0.duration, None);
}

fn fragmented(extra: &[Vec<u8>]) -> Vec<u8> {
    let trex = boxed(b"trex", &words(&[0, 2, 1, 100, 0, 0]));
    let mvex = nest(b"mvex", &[trex]);
    let silent = trak(2, b"soun", UPRIGHT, 0, mp4a(48_000, 2));
    [
        ftyp(b"iso5"),
        nest(b"moov", &[mvhd(0), silent, mvex]),
        extra.concat(),
    ]
    .concat()
}

/// One that starts at `time` and lasts 100 units of 1/500 s, and its sound.
fn timed_fragment(time: u32) -> Vec<u8> {
    let traf = nest(
        b"traf",
        &[
            boxed(b"tfhd", &words(&[0, 2])),
            boxed(b"tfdt", &words(&[0, time])),
            boxed(b"trun", &words(&[0, 1])),
        ],
    );
    let moof = nest(b"moof", &[boxed(b"mfhd", &words(&[0, 1])), traf]);
    [moof, boxed(b"mdat", &[7; 500])].concat()
}

#[test]
fn many_fragments_are_told_by_the_last_one() {
    // Every 150 units, from 1000 on: what adds up would be 40 times 100.
    let fragments: Vec<_> = (0..40).map(|i| timed_fragment(1000 + i * 150)).collect();
    let expected = Some(Duration::from_millis((39 * 150 + 100) * 2));
    let bytes = fragmented(&fragments);
    assert_eq!(parse(&bytes).0.duration, expected);
    // An index that lists the last fragment but two, and its length at its end.
    let at = bytes.len() - 3 * timed_fragment(0).len();
    let entries = [0, 0, 5, u32::try_from(at).unwrap()];
    let tfra = [
        words(&[0, 2, 0, 2]),
        words(&entries[..2]),
        vec![1; 3],
        words(&entries[2..]),
        vec![1; 3],
    ];
    let index = nest(
        b"mfra",
        &[
            boxed(b"tfra", &tfra.concat()),
            boxed(b"mfro", &words(&[0, 87])),
        ],
    );
    assert_eq!(index.len(), 70);
    let lies = [bytes.clone(), index.clone()].concat();
    assert_eq!(parse(&lies).0.duration, expected);
    let honest = [&lies[..lies.len() - 4], &70_u32.to_be_bytes()].concat();
    assert_eq!(parse(&honest).0.duration, expected);
    // Without decode times they are added up.
    let untimed = |mut fragment: Vec<u8>| {
        let at = fragment.windows(4).position(|w| w == b"tfdt").unwrap();
        fragment[at..at + 4].copy_from_slice(b"skip");
        fragment
    };
    let untimed: Vec<_> = fragments.into_iter().map(untimed).collect();
    assert_eq!(
        parse(&fragmented(&untimed)).0.duration,
        Some(Duration::from_secs(8))
    );
}

#[test]
fn runs_of_fragments_add_up() {
    let by_default = nest(
        b"traf",
        &[
            boxed(b"tfhd", &words(&[0, 2])),
            boxed(b"trun", &words(&[0, 5])),
        ],
    );
    let by_header = nest(
        b"traf",
        &[
            boxed(b"tfhd", &words(&[8, 2, 50])),
            boxed(b"trun", &words(&[0, 2])),
        ],
    );
    // flags 0x301: data offset; each sample has a duration and a size
    let each = words(&[0x301, 2, 0, 150, 7, 250, 7]);
    let by_sample = nest(
        b"traf",
        &[boxed(b"tfhd", &words(&[0, 2])), boxed(b"trun", &each)],
    );
    let moofs = [by_default, by_header, by_sample].map(|traf| nest(b"moof", &[traf]));
    // 500 + 100 + 400 units of 1/500 s
    assert_eq!(
        parse(&fragmented(&moofs)).0.duration,
        Some(Duration::from_secs(2))
    );
}

#[test]
fn samples_of_the_film_itself_come_before_those_of_fragments() {
    let traf = nest(
        b"traf",
        &[
            boxed(b"tfhd", &words(&[0, 2])),
            boxed(b"trun", &words(&[0, 5])),
        ],
    );
    let trex = boxed(b"trex", &words(&[0, 2, 1, 100, 0, 0]));
    let of = |track: Vec<u8>| {
        let moov = nest(
            b"moov",
            &[
                mvhd(1500),
                track,
                nest(b"mvex", std::slice::from_ref(&trex)),
            ],
        );
        let moof = nest(b"moof", std::slice::from_ref(&traf));
        parse(&[ftyp(b"iso5"), moov, moof].concat()).0.duration
    };
    // 1500 units of 1/500 s, then 500.
    let track = trak(2, b"soun", UPRIGHT, 1500, mp4a(48_000, 2));
    assert_eq!(of(track.clone()), Some(Duration::from_secs(4)));
    // A length that no samples stand for is that of the fragments, or wrong.
    let at = track.windows(4).position(|w| w == b"stts").unwrap() + 8;
    let mut none = track;
    none[at..at + 4].fill(0);
    assert_eq!(of(none), Some(Duration::from_secs(1)));
}

#[test]
fn an_index_is_believed_and_its_fragments_passed_over() {
    let sidx = words(&[0, 2, 1000, 0, 0, 1, 64, 7000, 0]);
    let (media, outcome) = parse(&fragmented(&[
        boxed(b"sidx", &sidx),
        boxed(b"moof", &[0xFF; 56]),
    ]));
    assert_eq!(
        (media.duration, outcome),
        (Some(Duration::from_secs(7)), Ok(()))
    );
}

#[test]
fn an_initial_segment_alone_has_no_length() {
    let (media, outcome) = parse(&fragmented(&[]));
    assert_eq!(
        (media.class, media.duration, outcome),
        (Some(Class::Audio), None, Ok(()))
    );
}

#[test]
fn lying_counts_in_runs_and_indexes_end() {
    let each = words(&[0x100, u32::MAX, 500]);
    let traf = nest(
        b"traf",
        &[boxed(b"tfhd", &words(&[0, 2])), boxed(b"trun", &each)],
    );
    assert_eq!(
        parse(&fragmented(&[nest(b"moof", &[traf])])).0.duration,
        Some(Duration::from_secs(1))
    );
    let sidx = words(&[0, 2, 1000, 0, 0, 0xFFFF, 0, 3000, 0]);
    assert_eq!(
        parse(&fragmented(&[boxed(b"sidx", &sidx)])).0.duration,
        Some(Duration::from_secs(3))
    );
}

#[test]
fn a_picture_is_told_by_brand_and_sized_by_its_primary_item() {
    let ispe = |w, h| boxed(b"ispe", &words(&[0, w, h]));
    let ipco = nest(b"ipco", &[ispe(8, 8), ispe(640, 480), boxed(b"irot", &[1])]);
    // One association: item 7 has properties 2 (essential) and 3.
    let ipma = boxed(b"ipma", &[words(&[0, 1]), vec![0, 7, 2, 0x82, 3]].concat());
    let pitm = boxed(b"pitm", &[0, 0, 0, 0, 0, 7]);
    let meta = boxed(
        b"meta",
        &[words(&[0]), pitm, nest(b"iprp", &[ipco, ipma])].concat(),
    );
    let (media, outcome) = parse(&[ftyp(b"heic"), meta].concat());
    assert_eq!(
        (media.class, media.mime, outcome),
        (Some(Class::Image), Some(Mime::HEIC), Ok(()))
    );
    assert_eq!(
        (media.width, media.height, media.orientation),
        (Some(640), Some(480), Some(8))
    );
}

#[test]
fn a_file_without_a_film_is_damaged() {
    let (media, outcome) = parse(&[ftyp(b"isom"), boxed(b"mdat", &[0; 8])].concat());
    assert_eq!(
        (media.class, outcome),
        (None, Err(Error::Malformed("file without moov")))
    );
}

#[test]
fn garbage_behind_the_film_does_not_matter() {
    let bytes = [fragmented(&[]), vec![0, 0, 0, 3, 1, 2, 3, 4, 5]].concat();
    assert_eq!(parse(&bytes).1, Ok(()));
}

/// Sound with this entry: 20 bytes of header fields, then boxes.
fn sound_of(coding: &[u8; 4], channels: u16, bits: u16, rate: u16, boxes: &[u8]) -> Media {
    let body = [
        vec![0; 16],
        channels.to_be_bytes().to_vec(),
        bits.to_be_bytes().to_vec(),
        vec![0; 4],
        rate.to_be_bytes().to_vec(),
        vec![0; 2],
        boxes.to_vec(),
    ]
    .concat();
    let track = trak(1, b"soun", UPRIGHT, 1000, boxed(coding, &body));
    let (media, outcome) = parse(&[ftyp(b"isom"), nest(b"moov", &[mvhd(1), track])].concat());
    assert_eq!(outcome, Ok(()));
    media
}

#[test]
fn flac_tells_of_itself_what_the_entry_has_no_room_for() {
    // 96 kHz, 2 channels, 24 bits, 192,000 samples.
    let packed: u64 = (96_000 << 44) + (1 << 41) + (23 << 36) + 192_000;
    let info = [
        vec![0x10, 0, 0x10, 0],
        vec![0; 6],
        packed.to_be_bytes().to_vec(),
        vec![0; 16],
    ];
    let description = [vec![0; 4], vec![0x80, 0, 0, 34], info.concat()].concat();
    let media = sound_of(b"fLaC", 6, 16, 0, &boxed(b"dfLa", &description));
    assert_eq!(
        (media.sample_rate, media.channels, media.bits_per_sample),
        (Some(96_000), Some(2), Some(24))
    );
}

#[test]
fn a_filler_of_two_channels_is_not_believed_of_surround_codings() {
    let of = |indication: u8| {
        let esds = [
            vec![0, 0, 0, 0, 3, 0x16, 0, 1, 0, 4, 0x11, indication, 0x15],
            vec![0; 16],
        ];
        sound_of(b"mp4a", 2, 16, 48_000, &boxed(b"esds", &esds.concat()))
    };
    let (dts, mp3) = (of(0xA9), of(0x6B));
    assert_eq!(
        (dts.audio_codec, dts.channels),
        (Some(AudioCodec::Dts), None)
    );
    assert_eq!(
        (mp3.audio_codec, mp3.channels),
        (Some(AudioCodec::Mp3), Some(2))
    );
}

#[test]
fn the_first_frame_tells_what_the_entry_has_a_filler_for() {
    let entry = |indication: u8| {
        let esds = [
            vec![0, 0, 0, 0, 3, 0x16, 0, 1, 0, 4, 0x11, indication, 0x15],
            vec![0; 16],
        ];
        let head = mp4a(48_000, 2);
        boxed(
            b"mp4a",
            &[&head[8..], &boxed(b"esds", &esds.concat())].concat(),
        )
    };
    let dts: &[u8] = &[
        0x7F, 0xFE, 0x80, 0x01, 0xFC, 0x3C, 0x3F, 0x22, 0x77, 0x80, 0x10, 0,
    ];
    // MPEG-1 layer III, 128 kbit/s, 44,100 Hz, one channel; what follows is the film's.
    let mono: &[u8] = &[0xFF, 0xFB, 0x90, 0xC4, 0, 0, 0, 0, 0, 0, 0, 0];
    let layer_2: &[u8] = &[0xFF, 0xFD, 0x84, 0x04, 0, 0, 0, 0, 0, 0, 0, 0];
    let rows = [
        (0xA9, dts, AudioCodec::Dts, Some(5), 48_000),
        (0x6B, mono, AudioCodec::Mp3, Some(1), 44_100),
        (0x6B, layer_2, AudioCodec::Mp2, Some(2), 48_000),
        (0xA9, &[0; 12], AudioCodec::Dts, None, 48_000),
        (0x6B, &[0; 12], AudioCodec::Mp3, Some(2), 48_000),
    ];
    for (indication, frame, codec, channels, rate) in rows {
        let front = [ftyp(b"isom"), boxed(b"mdat", frame)].concat();
        let at = u32::try_from(front.len() - frame.len()).unwrap();
        let narrow = boxed(b"stco", &words(&[0, 1, at]));
        let wide = boxed(b"co64", &words(&[0, 1, 0, at]));
        for table in [narrow, wide] {
            let track = trak_with(1, b"soun", UPRIGHT, 1000, &[entry(indication), table]);
            let bytes = [front.clone(), nest(b"moov", &[mvhd(1), track])].concat();
            let (media, outcome) = parse(&bytes);
            let told = (media.audio_codec, media.channels, media.sample_rate);
            assert_eq!(
                (told, outcome),
                ((Some(codec), channels, Some(rate)), Ok(())),
                "{frame:?}"
            );
        }
        for table in [words(&[0, 0]), words(&[0, 1, u32::MAX]), words(&[0, 9])] {
            let table = boxed(b"stco", &table);
            let track = trak_with(1, b"soun", UPRIGHT, 1000, &[entry(indication), table]);
            let bytes = [front.clone(), nest(b"moov", &[mvhd(1), track])].concat();
            assert_eq!(parse(&bytes).0.sample_rate, Some(48_000));
        }
    }
}

#[test]
fn a_depth_in_the_name_is_the_depth() {
    let bits = |coding| sound_of(coding, 2, 16, 48_000, &[]).bits_per_sample;
    assert_eq!(bits(b"in24"), Some(24));
    assert_eq!(bits(b"in32"), Some(32));
    assert_eq!(bits(b"sowt"), Some(16));
}
