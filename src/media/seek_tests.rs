use super::*;
use std::io;
use std::path::PathBuf;

/// Where `mime`'s index says that each second of `bytes` is, `whole` seconds long: offset and time of both sides.
fn sides(mime: Mime, bytes: &[u8], whole: u64, millis: u64) -> Result<Option<Around>, Error> {
    let (_, look) = LOOKS
        .iter()
        .find(|(mimes, _)| mimes.contains(&mime))
        .unwrap();
    let source = Source::with_budget(&bytes, bytes.len() as u64, limits::SEEK_BYTES);
    look(
        &mut Reader::new(&source),
        Duration::from_millis(millis),
        Duration::from_secs(whole),
    )
}

/// Offset and milliseconds of the place before, and of the one after.
fn told(found: Result<Option<Around>, Error>) -> ((u64, u64), Option<(u64, u64)>) {
    let place = |place: Place| (place.offset, u64::try_from(place.time.as_millis()).unwrap());
    let found = found.unwrap().unwrap();
    (place(found.before), found.after.map(place))
}

/// Every beginning of `bytes`, and `bytes` with every byte in turn set to 00 and FF: must end within the budget.
fn survives(mime: Mime, bytes: &[u8]) {
    let ask = |bytes: &[u8]| {
        for millis in [2500, 1_000_000] {
            let _ = sides(mime, bytes, 4, millis);
        }
    };
    for n in 0..bytes.len().min(1200) {
        ask(&bytes[..n]);
        for value in [0, 0xFF] {
            let mut lying = bytes.to_vec();
            lying[n] = value;
            ask(&lying);
        }
    }
}

// ---- MP4 --------------------------------------------------------------------------------------

fn mp4_box(kind: [u8; 4], payload: &[&[u8]]) -> Vec<u8> {
    let payload = payload.concat();
    let mut bytes = u32::try_from(payload.len() + 8)
        .unwrap()
        .to_be_bytes()
        .to_vec();
    bytes.extend(kind);
    bytes.extend(payload);
    bytes
}

fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_be_bytes()).collect()
}

/// `tkhd`, `mdhd` and `hdlr` of a track.
fn mp4_heads(id: u32, timescale: u32, handler: [u8; 4]) -> [Vec<u8>; 3] {
    let mut tkhd = words(&[0, 0, 0, id]);
    tkhd.resize(84, 0);
    [
        mp4_box(*b"tkhd", &[&tkhd]),
        mp4_box(*b"mdhd", &[&words(&[0, 0, 0, timescale, 0, 0])]),
        mp4_box(*b"hdlr", &[&words(&[0, 0]), &handler, &[0; 13]]),
    ]
}

/// Pictures of a second each, in four chunks of three, every second one a key frame, shown two seconds after they are
/// decoded; the edit list takes those away again. A chunk of sound, of a second as well, stands in front of each of pictures.
fn mp4_with_tables() -> Vec<u8> {
    let [tkhd, mdhd, hdlr] = mp4_heads(1, 10, *b"vide");
    let edts = mp4_box(
        *b"edts",
        &[&mp4_box(*b"elst", &[&words(&[0, 1, 120, 20, 0x1_0000])])],
    );
    let stbl = mp4_box(
        *b"stbl",
        &[
            &mp4_box(*b"stts", &[&words(&[0, 2, 5, 10, 7, 10])]),
            &mp4_box(*b"ctts", &[&words(&[0, 1, 12, 20])]),
            &mp4_box(*b"stss", &[&words(&[0, 6, 1, 3, 5, 7, 9, 11])]),
            &mp4_box(*b"stsc", &[&words(&[0, 1, 1, 3, 1])]),
            &mp4_box(
                *b"stsz",
                &[&words(&[0, 0, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])],
            ),
            &mp4_box(*b"stco", &[&words(&[0, 4, 1000, 2000, 3000, 4000])]),
        ],
    );
    let minf = mp4_box(*b"minf", &[&stbl]);
    let pictures = mp4_box(
        *b"trak",
        &[&tkhd, &edts, &mp4_box(*b"mdia", &[&mdhd, &hdlr, &minf])],
    );
    let [tkhd, mdhd, hdlr] = mp4_heads(2, 1000, *b"soun");
    let stbl = mp4_box(
        *b"stbl",
        &[
            &mp4_box(*b"stts", &[&words(&[0, 1, 12, 1000])]),
            &mp4_box(*b"stsc", &[&words(&[0, 2, 1, 1, 1, 3, 5, 1])]),
            &mp4_box(*b"stsz", &[&words(&[0, 4, 12])]),
            &mp4_box(
                *b"co64",
                &[&words(&[0, 4, 0, 900, 0, 1900, 0, 2900, 0, 3900])],
            ),
        ],
    );
    let minf = mp4_box(*b"minf", &[&stbl]);
    let sound = mp4_box(
        *b"trak",
        &[&tkhd, &mp4_box(*b"mdia", &[&mdhd, &hdlr, &minf])],
    );
    let mvhd = mp4_box(*b"mvhd", &[&words(&[0, 0, 0, 10, 120])]);
    let mut file = mp4_box(*b"moov", &[&mvhd, &pictures, &sound]);
    file.resize(5000, 0);
    file
}

#[test]
fn mp4_is_looked_up_in_its_sample_tables() {
    let file = mp4_with_tables();
    let at = |millis| told(sides(Mime::MP4, &file, 12, millis));
    // Frames 0 and 2 of chunk 1; sound 0 stands at 900, sound 2 in chunk 3, behind the pictures.
    assert_eq!(at(0), ((900, 0), Some((1003, 2000))));
    assert_eq!(at(1999), ((900, 0), Some((1003, 2000))));
    assert_eq!(at(2000), ((1003, 2000), Some((2004, 4000))));
    // Frame 4 is the second of chunk 2, behind one of 4 bytes; frame 6 the first of chunk 3, sound 6 the fifth of its.
    assert_eq!(at(5999).0, (2004, 4000));
    assert_eq!(at(6000), ((2916, 6000), Some((3015, 8000))));
    assert_eq!(at(99_000), ((3912, 10_000), None));
}

#[test]
fn lying_sample_tables_end() {
    survives(Mime::MP4, &mp4_with_tables());
    let huge = u32::MAX;
    let [tkhd, mdhd, hdlr] = mp4_heads(1, 1, *b"vide");
    let stbl = mp4_box(
        *b"stbl",
        &[
            &mp4_box(*b"stts", &[&words(&[0, huge, huge, 0])]),
            &mp4_box(*b"stss", &[&words(&[0, huge, huge])]),
            &mp4_box(*b"stsc", &[&words(&[0, huge, 1, huge, 1])]),
            &mp4_box(*b"stsz", &[&words(&[0, 0, huge, 1])]),
            &mp4_box(*b"stco", &[&words(&[0, huge, 1])]),
        ],
    );
    let mdia = mp4_box(*b"mdia", &[&mdhd, &hdlr, &mp4_box(*b"minf", &[&stbl])]);
    let file = mp4_box(*b"moov", &[&mp4_box(*b"trak", &[&tkhd, &mdia])]);
    assert!(sides(Mime::MP4, &file, 12, 6000).is_err());
}

/// Four fragments of two seconds, the third without a key frame in front.
fn mp4_in_fragments(index: bool, list: bool) -> Vec<u8> {
    let [tkhd, mdhd, hdlr] = mp4_heads(7, 10, *b"vide");
    let stbl = mp4_box(*b"stbl", &[&mp4_box(*b"stts", &[&words(&[0, 0])])]);
    let mdia = mp4_box(*b"mdia", &[&mdhd, &hdlr, &mp4_box(*b"minf", &[&stbl])]);
    let trex = mp4_box(*b"trex", &[&words(&[0, 7, 1, 20, 0, 0])]);
    let mvhd = mp4_box(*b"mvhd", &[&words(&[0, 0, 0, 10, 0])]);
    let trak = mp4_box(*b"trak", &[&tkhd, &mdia]);
    let mut file = mp4_box(*b"moov", &[&mvhd, &trak, &mp4_box(*b"mvex", &[&trex])]);
    let fragment = |time: u32, flags: u32| {
        let tfhd = mp4_box(*b"tfhd", &[&words(&[0, 7])]);
        let tfdt = mp4_box(*b"tfdt", &[&words(&[0, time])]);
        let trun = mp4_box(*b"trun", &[&words(&[4, 1, flags])]);
        let moof = mp4_box(*b"moof", &[&mp4_box(*b"traf", &[&tfhd, &tfdt, &trun])]);
        [moof, mp4_box(*b"mdat", &[&[9; 100]])].concat()
    };
    let each = fragment(0, 0);
    let size = u32::try_from(each.len()).unwrap();
    if index {
        let key = 1 << 31;
        let entries = [size, 20, key, size, 20, key, size, 20, 0, size, 20, key];
        file.extend(mp4_box(
            *b"sidx",
            &[&words(&[0, 7, 10, 500, 0, 4]), &words(&entries)],
        ));
    }
    let first = u32::try_from(file.len()).unwrap();
    for (n, flags) in [(0, 0), (1, 0), (2, 1 << 16), (3, 0)] {
        file.extend(fragment(500 + 20 * n, flags));
    }
    if list {
        let entry = |n: u32| [words(&[500 + 20 * n, first + n * size]), vec![1, 1, 1]].concat();
        let entries = [entry(0), entry(1), entry(3)].concat();
        let tfra = mp4_box(*b"tfra", &[&words(&[0, 7, 0, 3]), &entries]);
        let len = u32::try_from(tfra.len() + 8 + 16).unwrap();
        let mfro = mp4_box(*b"mfro", &[&words(&[0, len])]);
        file.extend(mp4_box(*b"mfra", &[&tfra, &mfro]));
    }
    file
}

#[test]
fn fragments_are_found_by_either_index_or_one_by_one() {
    for (index, list) in [(true, false), (false, true), (false, false), (true, true)] {
        let file = mp4_in_fragments(index, list);
        let at = |millis| told(sides(Mime::MP4, &file, 8, millis));
        let moofs: Vec<u64> = (0_u64..)
            .zip(file.windows(4))
            .filter(|(_, w)| w == b"moof")
            .map(|(at, _)| at - 4)
            .collect();
        assert_eq!(moofs.len(), 4);
        assert_eq!(
            at(1999),
            ((moofs[0], 0), Some((moofs[1], 2000))),
            "{index} {list}"
        );
        assert_eq!(
            at(2000),
            ((moofs[1], 2000), Some((moofs[3], 6000))),
            "{index} {list}"
        );
        assert_eq!(at(5000).0, (moofs[1], 2000), "{index} {list}");
        assert_eq!(at(7999), ((moofs[3], 6000), None), "{index} {list}");
        survives(Mime::MP4, &file);
    }
}

/// More fragments than are gone along, each with `bytes` of pictures; every third begins with a key frame.
fn mp4_in_many_fragments(count: u32, bytes: usize) -> (Vec<u8>, u64, u64) {
    let file = mp4_in_fragments(false, false);
    let at = file.windows(4).position(|w| w == b"moof").unwrap() - 4;
    let mut file = file[..at].to_vec();
    let fragment = |time: u32, flags: u32| {
        let tfhd = mp4_box(*b"tfhd", &[&words(&[0, 7])]);
        let tfdt = mp4_box(*b"tfdt", &[&words(&[0, time])]);
        let trun = mp4_box(*b"trun", &[&words(&[4, 1, flags])]);
        let moof = mp4_box(*b"moof", &[&mp4_box(*b"traf", &[&tfhd, &tfdt, &trun])]);
        // A name in the middle of a picture is no fragment.
        let mut picture = vec![0; bytes];
        picture[20..28].copy_from_slice(b"\0\0\0\x40moof");
        [moof, mp4_box(*b"mdat", &[&picture])].concat()
    };
    let size = fragment(0, 0).len() as u64;
    for n in 0..count {
        let flags = if n % 3 == 0 { 0 } else { 1 << 16 };
        file.extend(fragment(500 + 20 * n, flags));
    }
    (file, at as u64, size)
}

#[test]
fn many_fragments_without_an_index_are_looked_for_here_and_there() {
    let (file, first, size) = mp4_in_many_fragments(5000, 3000);
    for millis in [0_u64, 1999, 6000, 5_000_000, 9_999_000] {
        let found = told(sides(Mime::MP4, &file, 10_000, millis));
        let key = millis / 6000;
        assert_eq!(found.0, (first + 3 * key * size, 6000 * key), "{millis}");
        let next = (3 * (key + 1) < 5000).then(|| (first + 3 * (key + 1) * size, 6000 * (key + 1)));
        assert_eq!(found.1, next, "{millis}");
    }
    let mut lying = file;
    let middle = lying.len() / 2;
    lying[middle..].fill(0x6D);
    let _ = sides(Mime::MP4, &lying, 10_000, 9_000_000);
}

// ---- Matroska ---------------------------------------------------------------------------------

fn element(id: u32, payload: &[&[u8]]) -> Vec<u8> {
    let payload = payload.concat();
    let id: Vec<u8> = id
        .to_be_bytes()
        .into_iter()
        .skip_while(|b| *b == 0)
        .collect();
    let size = u32::try_from(payload.len()).unwrap() | 0x1000_0000;
    [id, size.to_be_bytes().to_vec(), payload].concat()
}

fn number(id: u32, n: u32) -> Vec<u8> {
    element(id, &[&n.to_be_bytes()])
}

/// Clusters of a second each; the one at 3 s does not start with a key frame.
fn matroska(cues: bool, block_bytes: usize) -> (Vec<u8>, Vec<u64>) {
    let header = element(0x1A45_DFA3, &[&element(0x4282, &[b"matroska"])]);
    let track = element(0xAE, &[&number(0xD7, 1), &number(0x83, 1)]);
    let tracks = element(0x1654_AE6B, &[&track]);
    let cluster = |millis: u32, key: u8| {
        let block = element(0xA3, &[&[0x81, 0, 0, key], &vec![7; block_bytes]]);
        element(0x1F43_B675, &[&number(0xE7, millis), &block])
    };
    let clusters: Vec<Vec<u8>> = (0..6)
        .map(|n| cluster(1000 * n, if n == 3 { 0 } else { 0x80 }))
        .collect();
    let front = |cues_at: u32| {
        let seek = element(
            0x4DBB,
            &[&number(0x53AB, 0x1C53_BB6B), &number(0x53AC, cues_at)],
        );
        let head = element(0x114D_9B74, &[&seek]);
        if cues {
            [head, tracks.clone()].concat()
        } else {
            tracks.clone()
        }
    };
    let in_front = front(0).len() as u64;
    let size = clusters[0].len() as u64;
    let places: Vec<u64> = (0..6).map(|n| in_front + n * size).collect();
    let point = |n: usize| {
        let millis = u32::try_from(1000 * n).unwrap();
        let at = number(0xF1, u32::try_from(places[n]).unwrap());
        element(
            0xBB,
            &[
                &number(0xB3, millis),
                &element(0xB7, &[&number(0xF7, 1), &at]),
            ],
        )
    };
    let index = element(0x1C53_BB6B, &[&[0, 1, 2, 4, 5].map(point).concat()]);
    let cues_at = u32::try_from(in_front + 6 * size).unwrap();
    let mut parts = vec![front(cues_at), clusters.concat()];
    if cues {
        parts.push(index);
    }
    let segment = element(0x1853_8067, &[&parts.concat()]);
    let origin = (header.len() + 8) as u64;
    let places = places.iter().map(|at| origin + at).collect();
    ([header, segment].concat(), places)
}

#[test]
fn matroska_is_looked_up_in_its_cues_or_searched() {
    for (cues, block_bytes) in [(true, 50), (false, 50), (false, 70_000)] {
        let (file, clusters) = matroska(cues, block_bytes);
        let at = |millis| told(sides(Mime::MATROSKA, &file, 6, millis));
        let place = |n: usize| (clusters[n], 1000 * n as u64);
        assert_eq!(at(0).0, place(0), "{cues}");
        assert_eq!(at(1000), (place(1), Some(place(2))), "{cues}");
        assert_eq!(at(3999), (place(2), Some(place(4))), "{cues}");
        assert_eq!(at(60_000), (place(5), None), "{cues}");
    }
}

#[test]
fn lying_matroska_ends() {
    survives(Mime::MATROSKA, &matroska(true, 50).0);
    survives(Mime::MATROSKA, &matroska(false, 50).0);
}

// ---- sound, AVI -------------------------------------------------------------------------------

#[test]
fn wav_is_reckoned() {
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0".to_vec();
    file.extend(1000_u32.to_le_bytes());
    file.extend(4000_u32.to_le_bytes());
    file.extend(b"\x04\0\x10\0data");
    file.extend(40_000_u32.to_le_bytes());
    file.resize(44 + 40_000, 1);
    let at = |millis| told(sides(Mime::WAV, &file, 10, millis));
    assert_eq!(at(0).0, (44, 0));
    assert_eq!(at(2501), ((44 + 10_004, 2501), Some((44 + 10_008, 2501))));
    assert_eq!(at(99_000).1, None);
    survives(Mime::WAV, &file[..400]);
}

/// 100 frames of 417 or 418 bytes: 128 kbit/s, 44.1 kHz.
fn mp3(xing: bool) -> Vec<u8> {
    let mut file = Vec::new();
    for n in 0..100 {
        let mut frame = vec![0xFF, 0xFB, 0x90, 0];
        if xing && n == 0 {
            frame.resize(36, 0);
            frame.extend(b"Xing\0\0\0\x05\0\0\0\x64");
            // Half of the time is in a quarter of the bytes.
            let part = |n: u8| {
                if n <= 50 {
                    u16::from(n) * 64 / 50
                } else {
                    64 + 191 * (u16::from(n) - 50) / 50
                }
            };
            frame.extend((0..100).map(|n| u8::try_from(part(n)).unwrap()));
        }
        frame.resize(417, 0);
        file.extend(frame);
    }
    file
}

#[test]
fn mp3_goes_by_its_table_or_by_its_rate() {
    let file = mp3(false);
    let at = |millis| told(sides(Mime::MPEG_AUDIO, &file, 10, millis)).0.0;
    assert_eq!((at(0), at(5000) / 417, at(5000) % 417), (0, 49, 0));
    let file = mp3(true);
    let half = sides(Mime::MPEG_AUDIO, &file, 10, 1306);
    assert_eq!(told(half).0.0 / 417, 24);
    survives(Mime::MPEG_AUDIO, &file[..2500]);
}

/// Frames of 4096 samples at 44.1 kHz, of 400 bytes.
fn flac(table: bool) -> Vec<u8> {
    let mut file = b"fLaC".to_vec();
    file.extend([if table { 0 } else { 0x80 }, 0, 0, 34]);
    file.extend([0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x0A, 0xC4, 0x42, 0xF0]);
    file.extend([0; 20]);
    if table {
        file.extend([0x83, 0, 0, 36]);
        for (sample, offset) in [(0_u64, 0_u64), (40 * 4096, 40 * 400)] {
            file.extend(sample.to_be_bytes());
            file.extend(offset.to_be_bytes());
            file.extend([0x10, 0]);
        }
    }
    for n in 0..100_u8 {
        let header = [0xFF, 0xF8, 0xC9, 0x18, n];
        let crc = header.iter().fold(0_u8, |crc, byte| {
            (0..8).fold(crc ^ byte, |crc, _| {
                if crc & 0x80 == 0 {
                    crc << 1
                } else {
                    (crc << 1) ^ 7
                }
            })
        });
        file.extend(header);
        file.push(crc);
        file.extend([0x55; 394]);
    }
    file
}

#[test]
fn flac_is_searched_by_the_numbers_of_its_frames() {
    for table in [true, false] {
        let file = flac(table);
        let start = file.len() as u64 - 100 * 400;
        for (millis, frame) in [
            (0, 0),
            (92, 0),
            (93, 1),
            (3716, 40),
            (5000, 53),
            (60_000, 99),
        ] {
            let found = told(sides(Mime::FLAC, &file, 10, millis));
            assert_eq!(found.0.0, start + frame * 400, "{table} {millis}");
            let after = found.1.map(|place| place.0);
            assert_eq!(after, (frame < 99).then(|| start + (frame + 1) * 400));
        }
        survives(Mime::FLAC, &file[..1000]);
    }
}

#[test]
fn avi_is_looked_up_in_its_index() {
    const KEY: u32 = 0x10;
    let chunk = |kind: &[u8; 4], payload: &[u8]| {
        let len = u32::try_from(payload.len()).unwrap();
        [&kind[..], &len.to_le_bytes(), payload].concat()
    };
    let mut header = b"vidsDIVX".to_vec();
    header.resize(20, 0);
    for n in [1_u32, 10, 0, 40] {
        header.extend(n.to_le_bytes());
    }
    let strf = chunk(b"strf", &[0; 40]);
    let strl = [&b"strl"[..], &chunk(b"strh", &header), &strf].concat();
    let hdrl = [&b"hdrl"[..], &chunk(b"LIST", &strl)].concat();
    let mut index = Vec::new();
    for n in 0..40_u32 {
        index.extend(b"01wb");
        index.extend([0; 12]);
        index.extend(b"00dc");
        index.extend((if n % 10 == 0 { KEY } else { 0 }).to_le_bytes());
        index.extend((4 + 100 * n).to_le_bytes());
        index.extend(92_u32.to_le_bytes());
    }
    let movi = [&b"movi"[..], &[0; 4000]].concat();
    let body = [
        b"AVI ".to_vec(),
        chunk(b"LIST", &hdrl),
        chunk(b"LIST", &movi),
        chunk(b"idx1", &index),
    ];
    let file = chunk(b"RIFF", &body.concat());
    let movie = file.windows(4).position(|w| w == b"movi").unwrap() as u64;
    let at = |millis| told(sides(Mime::AVI, &file, 4, millis));
    assert_eq!(at(999), ((movie + 4, 0), Some((movie + 1004, 1000))));
    assert_eq!(at(2500), ((movie + 2004, 2000), Some((movie + 3004, 3000))));
    // Behind the index there may be more of the film than it says.
    assert_eq!(sides(Mime::AVI, &file, 4, 99_000), Ok(None));
    survives(Mime::AVI, &file);
}

/// Two parts of 20 frames each, every tenth of them a key frame, with an index each; the first knows of both.
fn open_dml() -> Vec<u8> {
    let chunk = |kind: &[u8; 4], payload: &[u8]| {
        let len = u32::try_from(payload.len()).unwrap();
        [&kind[..], &len.to_le_bytes(), payload].concat()
    };
    let little =
        |numbers: &[u32]| -> Vec<u8> { numbers.iter().flat_map(|n| n.to_le_bytes()).collect() };
    let index = |base: u32| {
        let mut body = [2, 0, 0, 1].to_vec();
        body.extend(little(&[20]));
        body.extend(b"00dc");
        body.extend(little(&[base, 0, 0]));
        for n in 0..20 {
            let delta = if n % 10 == 0 { 0 } else { 1 << 31 };
            body.extend(little(&[8 + 100 * n, delta + 92]));
        }
        chunk(b"ix00", &body)
    };
    let movie = |base: u32| {
        let frames = chunk(b"00dc", &[1; 92]).repeat(20);
        let list = chunk(b"LIST", &[&b"movi"[..], &frames].concat());
        [list, index(base)].concat()
    };
    let head = |places: [u32; 2]| {
        let mut header = b"vidsDIVX".to_vec();
        header.resize(20, 0);
        header.extend(little(&[1, 10, 0, 40]));
        let mut all = [4, 0, 0, 0].to_vec();
        all.extend(little(&[2]));
        all.extend(b"00dc");
        all.extend([0; 12]);
        for place in places {
            all.extend(little(&[place, 0, 192, 20]));
        }
        // Room for more, as writers leave it.
        all.extend([0; 32]);
        let parts = [
            b"strl".to_vec(),
            chunk(b"strh", &header),
            chunk(b"strf", &[0; 40]),
            chunk(b"indx", &all),
        ];
        chunk(
            b"LIST",
            &[b"hdrl".to_vec(), chunk(b"LIST", &parts.concat())].concat(),
        )
    };
    let front = 12 + u32::try_from(head([0, 0]).len()).unwrap();
    let list = 12 + 20 * 100;
    let behind = front + u32::try_from(movie(0).len()).unwrap();
    let bodies = [
        [
            b"AVI ".to_vec(),
            head([front + list, behind + 12 + list]),
            movie(front + 12),
        ]
        .concat(),
        [b"AVIX".to_vec(), movie(behind + 12 + 12)].concat(),
    ];
    bodies.map(|body| chunk(b"RIFF", &body)).concat()
}

#[test]
fn avi_of_several_parts_is_looked_up_in_all_indexes() {
    let file = open_dml();
    let frames: Vec<u64> = (0_u64..)
        .zip(file.windows(8))
        .filter(|(_, w)| *w == b"00dc\x5C\0\0\0")
        .map(|(at, _)| at)
        .collect();
    assert_eq!(frames.len(), 40);
    let at = |millis| told(sides(Mime::AVI, &file, 4, millis));
    assert_eq!(at(999), ((frames[0], 0), Some((frames[10], 1000))));
    assert_eq!(at(1500), ((frames[10], 1000), Some((frames[20], 2000))));
    assert_eq!(at(2000), ((frames[20], 2000), Some((frames[30], 3000))));
    assert_eq!(at(3999), ((frames[30], 3000), None));
    assert_eq!(sides(Mime::AVI, &file, 4, 99_000), Ok(None));
    survives(Mime::AVI, &file);
}

/// Pages of a tenth of a second, each of one packet that lasts so long; every third begins with the rest of one.
fn ogg(pages: u64, serials: &[u32]) -> Vec<u8> {
    let page = |flags: u8, granule: u64, serial: u32, body: &[u8]| {
        let mut page = b"OggS\0".to_vec();
        page.push(flags);
        page.extend(granule.to_le_bytes());
        page.extend(serial.to_le_bytes());
        page.extend([0; 8]);
        page.extend([1, u8::try_from(body.len()).unwrap()]);
        page.extend(body);
        page
    };
    let mut file = Vec::new();
    for serial in serials {
        let mut head = b"OpusHead\x01\x02".to_vec();
        head.extend(312_u16.to_le_bytes());
        head.extend([0; 7]);
        file.extend(page(2, 0, *serial, &head));
        file.extend(page(0, 0, *serial, b"OpusTags\0\0\0\0\0\0\0\0"));
        for n in 1..=pages {
            let flags = u8::from(n % 3 == 0);
            file.extend(page(flags, 312 + 4800 * n, *serial, &[7; 200]));
        }
    }
    file
}

#[test]
fn ogg_is_searched_by_the_granules_of_its_pages() {
    let file = ogg(6000, &[9]);
    let first = file.len() as u64 - 6000 * 228;
    for millis in [0_u64, 250, 1000, 123_456, 599_950] {
        let found = told(sides(Mime::OPUS, &file, 600, millis));
        let (at, time) = found.0;
        let page = (at - first) / 228;
        assert_eq!((at - first) % 228, 0, "{millis}");
        // A page starts where the one before it ends, and is heard at most a packet later.
        assert!(time <= millis && millis - time <= 220, "{millis}: {time}");
        assert!(
            page * 100 <= millis && page * 100 + 320 > millis,
            "{millis}: {page}"
        );
        let after = found.1.map(|place| place.1);
        assert!(after.is_none_or(|time| time > millis && time - millis <= 220));
    }
    // Of several links the times begin anew.
    assert_eq!(sides(Mime::OPUS, &ogg(100, &[9, 10]), 20, 15_000), Ok(None));
    survives(Mime::OPUS, &ogg(8, &[9]));
}

/// Packets of 500 bytes and 40 ms: pictures of stream 2, each tenth a key frame, and sound of stream 1 in front of each.
fn asf(packets: u32, pictures: bool) -> Vec<u8> {
    let object = |kind: &[u8; 16], body: &[u8]| {
        let len = (body.len() as u64 + 24).to_le_bytes();
        [&kind[..], &len, body].concat()
    };
    let file_kind = b"\xA1\xDC\xAB\x8C\x47\xA9\xCF\x11\x8E\xE4\x00\xC0\x0C\x20\x53\x65";
    let stream_kind = b"\x91\x07\xDC\xB7\xB7\xA9\xCF\x11\x8E\xE6\x00\xC0\x0C\x20\x53\x65";
    let data_kind = b"\x36\x26\xB2\x75\x8E\x66\xCF\x11\xA6\xD9\x00\xAA\x00\x62\xCE\x6C";
    let sound = b"\x40\x9E\x69\xF8\x4D\x5B\xCF\x11\xA8\xFD\x00\x80\x5F\x5C\x44\x2B";
    let film = b"\xC0\xEF\x19\xBC\x4D\x5B\xCF\x11\xA8\xFD\x00\x80\x5F\x5C\x44\x2B";
    let mut facts = vec![0; 16 + 6 * 8 + 4];
    facts.extend([500_u32, 500, 0].map(u32::to_le_bytes).concat());
    let stream = |kind: &[u8; 16], number: u8| {
        let mut body = kind.to_vec();
        body.resize(16 + 16 + 8 + 8, 0);
        body.extend([number, 0, 0, 0, 0, 0]);
        body
    };
    let mut objects = vec![
        object(file_kind, &facts),
        object(stream_kind, &stream(sound, 1)),
    ];
    if pictures {
        objects.push(object(stream_kind, &stream(film, 2)));
    }
    let objects = objects.concat();
    let mut file = b"\x30\x26\xB2\x75\x8E\x66\xCF\x11\xA6\xD9\x00\xAA\x00\x62\xCE\x6C".to_vec();
    file.extend((30 + objects.len() as u64).to_le_bytes());
    file.extend([0; 6]);
    file.extend(objects);
    let mut data = vec![0; 26];
    for n in 0..packets {
        // Error correction of two bytes; several payloads; lengths of two bytes.
        let mut packet = vec![
            0x82,
            0,
            0,
            0x01,
            0x5D,
            0,
            0,
            0,
            0,
            0,
            0,
            0x80 | if pictures { 2 } else { 1 },
        ];
        let payload = |stream: u8, place: u32, len: u16| {
            let mut payload = vec![stream, 0];
            payload.extend(place.to_le_bytes());
            payload.push(8);
            payload.extend([0; 4]);
            payload.extend((3000 + 40 * n).to_le_bytes());
            payload.extend(len.to_le_bytes());
            payload.resize(payload.len() + usize::from(len), 5);
            payload
        };
        packet.extend(payload(0x81, 0, 50));
        if pictures {
            let key = if n % 10 == 0 { 0x80 } else { 0 };
            packet.extend(payload(2 | key, 0, 300));
        }
        packet.resize(500, 0);
        data.extend(packet);
    }
    file.extend(object(data_kind, &data));
    file
}

#[test]
fn asf_is_searched_by_the_times_of_its_packets() {
    for pictures in [true, false] {
        let file = asf(5000, pictures);
        let first = file.len() as u64 - 5000 * 500;
        let step = if pictures { 10 } else { 1 };
        for millis in [0_u64, 39, 40, 399, 400, 123_456, 199_990] {
            let found = told(sides(Mime::WMV, &file, 200, millis));
            let packet = millis / 40 / step * step;
            assert_eq!(
                found.0,
                (first + packet * 500, packet * 40),
                "{pictures} {millis}"
            );
            let next = packet + step;
            let wanted = (next < 5000).then_some((first + next * 500, next * 40));
            assert_eq!(found.1, wanted, "{pictures} {millis}");
        }
        survives(Mime::WMV, &asf(5, pictures));
    }
}

// ---- the whole --------------------------------------------------------------------------------

#[test]
fn a_wish_becomes_bytes() {
    let (file, clusters) = matroska(true, 5000);
    let wish = |start, end: Option<u64>| {
        let wish = Wish {
            start: Duration::from_millis(start),
            end: end.map(Duration::from_millis),
        };
        let (len, whole) = (file.len() as u64, Duration::from_secs(6));
        find(Mime::MATROSKA, &file.as_slice(), len, whole, wish).unwrap()
    };
    let len = file.len() as u64;
    let stretch = |start, end, from, to| {
        Some(Stretch {
            start,
            end,
            from: Duration::from_secs(from),
            to: Duration::from_secs(to),
        })
    };
    // From the start on it is the whole file, headers and all.
    assert_eq!(wish(0, None), stretch(0, len, 0, 6));
    assert_eq!(wish(0, Some(1500)), stretch(0, clusters[2], 0, 2));
    assert_eq!(
        wish(2500, Some(2600)),
        stretch(clusters[2], clusters[4], 2, 4)
    );
    assert_eq!(wish(5500, Some(9000)), stretch(clusters[5], len, 5, 6));
    let none = find(
        Mime::OGV,
        &file.as_slice(),
        len,
        Duration::MAX,
        Wish {
            start: Duration::ZERO,
            end: None,
        },
    );
    assert_eq!(none, Ok(None));
}

#[test]
fn the_budget_ends_an_endless_file() {
    /// Every byte is a mark of packets.
    struct Marks;
    impl ReadAt for Marks {
        fn read_at(&self, buf: &mut [u8], _: u64) -> io::Result<usize> {
            buf.fill(0x47);
            Ok(buf.len())
        }
    }
    let wish = Wish {
        start: Duration::from_secs(1),
        end: None,
    };
    for (mimes, _) in LOOKS {
        for mime in *mimes {
            let _ = find(*mime, &Marks, 1 << 40, Duration::from_secs(5), wish);
        }
    }
}

/// Samples, whole and cut, never cost more than the budget, and what is found lies inside. They are not part of the project:
/// see `truth_tests`.
#[test]
fn real_files_are_survived() {
    let shared =
        std::env::var_os("RILL_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let Ok(entries) = std::fs::read_dir(shared.join("media-samples")) else {
        return eprintln!("skipped: no samples");
    };
    for entry in entries {
        let path = entry.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else {
            continue;
        };
        for len in [bytes.len(), bytes.len() / 2, bytes.len().min(700)] {
            let part = &bytes[..len];
            let name = path.file_name().unwrap().as_encoded_bytes();
            let Some((_, mime)) = crate::media::probe::by_name(name) else {
                continue;
            };
            for millis in [1, 900, 5000] {
                let wish = Wish {
                    start: Duration::from_millis(millis),
                    end: Some(Duration::from_millis(millis + 100)),
                };
                let found = find(mime, &part, len as u64, Duration::from_secs(2), wish);
                if let Ok(Some(stretch)) = found {
                    let is_inside = stretch.start < stretch.end && stretch.end <= len as u64;
                    assert!(is_inside && stretch.from <= wish.start, "{path:?}");
                }
            }
        }
    }
}
