use super::*;
use crate::media::codec::{AudioCodec, FrameRate, VideoCodec};
use crate::media::reader::Source;

fn parse(bytes: &[u8]) -> (Media, Result<(), Error>) {
    let mut media = Media::default();
    let source = Source::new(&bytes, bytes.len() as u64);
    let outcome = read(&mut Reader::new(&source), &mut media);
    (media, outcome)
}

/// An element with a size of four bytes.
fn el(id: u32, payload: &[u8]) -> Vec<u8> {
    let size = u32::try_from(payload.len()).unwrap() | 0x1000_0000;
    let id = id.to_be_bytes();
    let zeros = id.iter().take_while(|b| **b == 0).count();
    [&id[zeros..], &size.to_be_bytes(), payload].concat()
}

fn nest(id: u32, children: &[Vec<u8>]) -> Vec<u8> {
    el(id, &children.concat())
}

/// An element of unknown size.
fn open(id: u32, children: &[Vec<u8>]) -> Vec<u8> {
    [&id.to_be_bytes(), [0xFF].as_slice(), &children.concat()].concat()
}

fn header(doc_type: &str) -> Vec<u8> {
    nest(EBML, &[el(0x4282, doc_type.as_bytes())])
}

fn info(extra: &[Vec<u8>]) -> Vec<u8> {
    let head = [
        el(0x2A_D7B1, &1_000_000_u32.to_be_bytes()),
        el(0x7BA9, b"Name"),
    ]
    .concat();
    el(INFO, &[head, extra.concat()].concat())
}

fn duration(millis: f64) -> Vec<u8> {
    el(0x4489, &millis.to_be_bytes())
}

fn pictures() -> Vec<u8> {
    let size = nest(0xE0, &[el(0xB0, &[0x02, 0x80]), el(0xBA, &[0x01, 0x68])]);
    nest(
        0xAE,
        &[
            el(0xD7, &[1]),
            el(0x83, &[1]),
            el(0x86, b"V_VP9"),
            el(0x23_E383, &40_000_000_u32.to_be_bytes()),
            size,
        ],
    )
}

fn sound(language: Option<&[u8]>) -> Vec<u8> {
    let format = nest(0xE1, &[el(0xB5, &44_100_f32.to_be_bytes()), el(0x9F, &[2])]);
    let language = language.map(|l| el(0x22_B59C, l)).unwrap_or_default();
    nest(
        0xAE,
        &[
            el(0xD7, &[2]),
            el(0x83, &[2]),
            el(0x86, b"A_VORBIS"),
            language,
            format,
        ],
    )
}

fn caption() -> Vec<u8> {
    nest(
        0xAE,
        &[
            el(0xD7, &[3]),
            el(0x83, &[17]),
            el(0x22_B59C, b"ger"),
            el(0x22_B59D, b"pt-BR"),
        ],
    )
}

fn tracks() -> Vec<u8> {
    nest(
        TRACKS,
        &[pictures(), sound(None), sound(Some(b"fre")), caption()],
    )
}

fn cluster(timestamp: u16, blocks: &[Vec<u8>]) -> Vec<u8> {
    nest(
        CLUSTER,
        &[el(0xE7, &timestamp.to_be_bytes()), blocks.concat()],
    )
}

fn block(offset: i16) -> Vec<u8> {
    el(
        0xA3,
        &[&[0x81], offset.to_be_bytes().as_slice(), &[0x80, 7, 7, 7]].concat(),
    )
}

fn tag(level: Option<u8>, uid: Option<u8>, pairs: &[(&str, &str)]) -> Vec<u8> {
    let targets = [
        level.map(|l| el(0x68CA, &[l])).unwrap_or_default(),
        uid.map(|u| el(0x63C5, &[u])).unwrap_or_default(),
    ];
    let simple = |(name, value): &(&str, &str)| {
        nest(
            0x67C8,
            &[el(0x45A3, name.as_bytes()), el(0x4487, value.as_bytes())],
        )
    };
    let simples: Vec<_> = pairs.iter().map(simple).collect();
    nest(0x7373, &[nest(0x63C0, &targets), simples.concat()])
}

fn film() -> Vec<u8> {
    let segment = nest(
        SEGMENT,
        &[
            info(&[duration(2500.0)]),
            tracks(),
            cluster(0, &[block(0), block(40)]),
        ],
    );
    [header("matroska"), segment].concat()
}

#[test]
fn a_film_tells_its_length_size_sound_and_languages() {
    let (media, outcome) = parse(&film());
    assert_eq!(
        (media.class, media.mime, outcome),
        (Some(Class::Video), Some(Mime::MATROSKA), Ok(()))
    );
    assert_eq!(media.duration, Some(Duration::from_millis(2500)));
    assert_eq!(
        (media.width, media.height, media.profile),
        (Some(640), Some(360), None)
    );
    assert_eq!(
        (media.video_codec, media.frame_rate),
        (Some(VideoCodec::Vp9), FrameRate::new(25, 1))
    );
    assert_eq!(
        (media.audio_codec, media.sample_rate, media.channels),
        (Some(AudioCodec::Vorbis), Some(44_100), Some(2))
    );
    let shown = |tracks: &[crate::media::Language]| {
        tracks
            .iter()
            .map(|l| l.as_str().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (shown(&media.audio_tracks), shown(&media.subtitle_tracks)),
        (vec!["eng".into(), "fre".into()], vec!["pt".into()])
    );
    assert_eq!(media.title.as_deref(), Some("Name"));
}

#[test]
fn every_prefix_ends_and_never_tells_wrong() {
    let bytes = film();
    let whole = parse(&bytes).0;
    for n in 0..bytes.len() {
        let (media, _) = parse(&bytes[..n]);
        assert!(media.width.is_none() || media.width == whole.width, "{n}");
        assert!(
            media.duration.is_none() || media.duration == whole.duration,
            "{n}"
        );
    }
}

#[test]
fn type_goes_by_document_type_and_streams() {
    let with = |doc: &str, tracks: Vec<u8>| {
        let segment = nest(SEGMENT, &[info(&[]), nest(TRACKS, &[tracks])]);
        parse(&[header(doc), segment].concat()).0
    };
    assert_eq!(with("webm", pictures()).mime, Some(Mime::WEBM));
    assert_eq!(with("webm", sound(None)).mime, Some(Mime::AUDIO_WEBM));
    assert_eq!(with("matroska", sound(None)).mime, Some(Mime::MKA));
    assert_eq!(with("matroska", sound(None)).class, Some(Class::Audio));
    assert_eq!(with("matroska", vec![]).class, None);
}

#[test]
fn without_a_length_the_last_block_tells_it() {
    // Recorded from 10 s on, through a pipe: nothing has a size.
    let clusters = [
        open(CLUSTER, &[el(0xE7, &10_000_u16.to_be_bytes()), block(0)]),
        open(
            CLUSTER,
            &[
                el(0xE7, &14_000_u16.to_be_bytes()),
                block(0),
                block(120),
                block(80),
            ],
        ),
    ];
    let segment = open(SEGMENT, &[info(&[]), tracks(), clusters.concat()]);
    let (media, outcome) = parse(&[header("matroska"), segment].concat());
    // 4 s between the clusters, 120 ms to the last block, 40 ms of picture.
    assert_eq!(
        (media.duration, outcome),
        (Some(Duration::from_millis(4160)), Ok(()))
    );
}

#[test]
fn a_block_group_states_its_own_length() {
    let group = nest(0xA0, &[el(0xA1, &[0x82, 0, 10, 0, 9]), el(0x9B, &[50])]);
    let segment = nest(
        SEGMENT,
        &[
            info(&[]),
            tracks(),
            cluster(0, &[block(0)]),
            cluster(1000, &[group]),
        ],
    );
    let (media, _) = parse(&[header("webm"), segment].concat());
    assert_eq!(media.duration, Some(Duration::from_millis(1060)));
}

#[test]
fn what_lies_behind_the_clusters_is_found_by_the_seek_head() {
    let seek = |id: u32, at: u32| {
        nest(
            0x4DBB,
            &[el(0x53AB, &id.to_be_bytes()), el(0x53AC, &at.to_be_bytes())],
        )
    };
    let tags = nest(
        TAGS,
        &[tag(None, None, &[("ARTIST", "A"), ("DATE", "1999")])],
    );
    let picture = nest(
        0x61A7,
        &[
            el(0x466E, b"cover.jpg"),
            el(0x4660, b"image/jpeg"),
            el(0x465C, b"\xFF\xD8\xFFpicture"),
        ],
    );
    let small = nest(
        0x61A7,
        &[
            el(0x466E, b"small_cover.jpg"),
            el(0x4660, b"image/jpeg"),
            el(0x465C, b"\xFF\xD8\xFFtiny"),
        ],
    );
    let attachments = nest(ATTACHMENTS, &[small, picture]);
    let head_len = u32::try_from(
        nest(
            SEEK_HEAD,
            &[seek(TAGS, 0), seek(ATTACHMENTS, 0), seek(CLUSTER, 0)],
        )
        .len(),
    )
    .unwrap();
    let before = [
        info(&[duration(1.0)]),
        tracks(),
        cluster(0, &[block(0), vec![0xEC, 0x40, 200], vec![0; 200]]),
    ]
    .concat();
    let at = head_len + u32::try_from(before.len()).unwrap();
    let behind = at + u32::try_from(tags.len()).unwrap();
    let head = nest(
        SEEK_HEAD,
        &[seek(TAGS, at), seek(ATTACHMENTS, behind), seek(CLUSTER, 1)],
    );
    let bytes = [
        header("matroska"),
        nest(SEGMENT, &[head, before, tags, attachments]),
    ]
    .concat();
    let (media, outcome) = parse(&bytes);
    assert_eq!(
        (media.artist.as_deref(), media.date.is_some(), outcome),
        (Some("A"), true, Ok(()))
    );
    let cover = media.art.unwrap();
    let start = usize::try_from(cover.offset).unwrap();
    assert_eq!(
        &bytes[start..start + usize::try_from(cover.len).unwrap()],
        b"\xFF\xD8\xFFpicture"
    );
    // Cut inside the picture: none.
    assert_eq!(
        parse(&bytes[..bytes.len() - 1]).0.art.map(|c| c.len),
        Some(7)
    );
}

#[test]
fn the_level_of_a_tag_decides_its_meaning() {
    let with = |tags: &[Vec<u8>]| {
        let info = nest(INFO, &[duration(1.0)]);
        let segment = nest(
            SEGMENT,
            &[info, nest(TRACKS, &[sound(None)]), nest(TAGS, tags)],
        );
        parse(&[header("matroska"), segment].concat()).0
    };
    let song = with(&[
        tag(
            Some(50),
            None,
            &[("TITLE", "Album"), ("ARTIST", "Band"), ("PART_NUMBER", "9")],
        ),
        tag(
            Some(30),
            None,
            &[
                ("TITLE", "Song"),
                ("ARTIST", "Singer"),
                ("PART_NUMBER", "3"),
            ],
        ),
        tag(None, Some(7), &[("GENRE", "of a track alone")]),
    ]);
    assert_eq!(
        (song.title.as_deref(), song.album.as_deref()),
        (Some("Song"), Some("Album"))
    );
    assert_eq!(
        (song.artist.as_deref(), song.album_artist.as_deref()),
        (Some("Singer"), Some("Band"))
    );
    assert_eq!((song.track, song.genre), (Some(3), None));
    let episode = with(&[
        tag(Some(70), None, &[("TITLE", "Show")]),
        tag(Some(60), None, &[("PART_NUMBER", "2")]),
        tag(Some(50), None, &[("TITLE", "Pilot"), ("PART_NUMBER", "5")]),
    ]);
    assert_eq!(
        (episode.series.as_deref(), episode.season, episode.episode),
        (Some("Show"), Some(2), Some(5))
    );
    assert_eq!(
        (episode.title.as_deref(), episode.track),
        (Some("Pilot"), None)
    );
    assert_eq!(
        with(&[tag(None, None, &[("PART_NUMBER", "3/9")])]).track,
        Some(3)
    );
}

#[test]
fn lying_sizes_and_foreign_bytes_end() {
    assert_eq!(parse(b"").1, Err(Error::Malformed("EBML header")));
    assert_eq!(parse(b"RIFF").1, Err(Error::Malformed("EBML header")));
    assert_eq!(
        parse(&header("webm")).1,
        Err(Error::Malformed("Matroska file without segment"))
    );
    for at in 0..film().len() {
        for value in [0, 0x01, 0x7F, 0x81, 0xFF] {
            let mut bytes = film();
            bytes[at] = value;
            drop(parse(&bytes));
        }
    }
    let seek_to_itself = nest(
        SEEK_HEAD,
        &[nest(
            0x4DBB,
            &[el(0x53AB, &SEEK_HEAD.to_be_bytes()), el(0x53AC, &[0])],
        )],
    );
    let bytes = [header("webm"), nest(SEGMENT, &[seek_to_itself])].concat();
    assert_eq!(parse(&bytes).1, Ok(()));
}
