use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::*;
use crate::{
    catalogue::{
        query::page,
        record::Tag,
        search::{Query, Search},
        testing::{Tree, snapshot, tree_of},
    },
    limits,
    wire::criteria::{SearchCriteria, SortCriteria},
};

fn good() -> Vec<u8> {
    let tree = Tree::new("ritual");
    tree.file("a/1.mp3", b"One");
    tree.file("a/2.mp3", b"Two");
    tree.file("b/film.mkv", b"Film");
    tree.file("b/film.en.srt", b"x");
    tree.file("b/cover.jpg", b"Cover");
    tree.file("b/film.nfo", b"<movie><title>Noted</title></movie>");
    tree.file("c.jpg", b"?");
    tree.file("d.m3u", b"http://radio.example/x\n");
    snapshot(&tree).bytes().to_vec()
}

/// Calls everything that reads, on every record.
fn read_all(snapshot: &Arc<Snapshot>) {
    let mut buffer = [0; limits::PATH_BYTES];
    let _ = (snapshot.verify(), snapshot.len(), snapshot.is_empty());
    for number in 0..=snapshot.records().min(100) {
        let Some(object) = snapshot.any(number) else {
            continue;
        };
        let _ = (object.title(), object.name(), object.class(), object.date());
        let _ = (
            object.property(Tag::Artist),
            object.duration(),
            object.parent_id(),
        );
        let _ = (object.art(), object.thumbnail(), object.orientation());
        let _ = (object.series(), object.season(), object.episode());
        let _ = (object.path(&mut buffer), snapshot.find(object.id()));
        let _ = (object.stream_url(), object.protocol_info());
        let _ = object.captions().count() + object.children(0..u32::MAX).count();
        let _ = object.all_children().count();
        let keys = SortCriteria::parse("-upnp:artist,+dc:title").unwrap().keys;
        let page = page(snapshot, object.id(), &keys, 0, 3);
        let _ = page.map(|page| page.entries().count());
        search_all(snapshot, object.id());
    }
}

/// Searches below a container to the end, which has to come whatever the links say.
fn search_all(snapshot: &Arc<Snapshot>, container: ObjectId) {
    let criteria =
        "@childCount > \"1\" or upnp:artist exists true or res@protocolInfo contains \"x\"";
    let query = Query {
        container,
        criteria: &SearchCriteria::parse(criteria).unwrap(),
        states: &Arc::default(),
        listed: None,
        keys: &SortCriteria::parse("+upnp:album").unwrap().keys,
        start: 0,
        count: 3,
    };
    let Some(mut search) = Search::new(snapshot, &query) else {
        return;
    };
    let turns = (0..1000).take_while(|_| search.step()).count();
    assert!(turns < 1000, "a search without an end");
    let _ = search.into_matches().entries().count();
}

#[test]
fn every_truncation_is_refused() {
    let good = good();
    for end in 0..good.len() {
        assert!(
            Snapshot::from_bytes(good[..end].to_vec()).is_err(),
            "{end} bytes"
        );
    }
    let mut longer = good.clone();
    longer.push(0);
    assert!(matches!(
        Snapshot::from_bytes(longer),
        Err(OpenError::Length)
    ));
    Snapshot::from_bytes(good).unwrap().verify().unwrap();
}

#[test]
fn flipped_bits_are_found_by_verify_and_never_panic() {
    let good = good();
    for at in 0..good.len() {
        for bit in (0..8).filter(|bit| (at * 8 + bit) % 7 == 0) {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            let Ok(snapshot) = Snapshot::from_bytes(bad) else {
                continue;
            };
            // What the probes knew is outside of what is checked.
            let is_knowledge = (12..16).contains(&at);
            assert_eq!(
                snapshot.verify().is_ok(),
                is_knowledge,
                "byte {at} bit {bit}"
            );
            read_all(&Arc::new(snapshot));
        }
    }
}

#[test]
fn lying_references_are_found_even_under_a_right_checksum() {
    let good = good();
    let second = layout::HEADER_BYTES + RECORD_BYTES;
    let index = u64::from_le_bytes(good[72..80].try_into().unwrap());
    for (what, at) in [
        (
            "first of the index",
            usize::try_from(index).unwrap() - second,
        ),
        ("parent", 48),
        ("name", 56),
        ("title", 60),
        ("properties", 64),
        ("links", 68),
        ("number of links", 72),
        ("picture", 120),
        ("note", 124),
    ] {
        let mut bad = good.clone();
        let at = second + at;
        bad[at..at + 4].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
        let checksum = xxh3_64(&bad[layout::CHECKED_FROM..]);
        bad[24..32].copy_from_slice(&checksum.to_le_bytes());
        let snapshot = Arc::new(Snapshot::from_bytes(bad).unwrap());
        assert!(
            matches!(snapshot.verify(), Err(OpenError::Reference)),
            "{what}"
        );
        read_all(&snapshot);
    }
}

#[test]
fn a_stream_that_is_none_is_found_and_has_no_url() {
    let good = good();
    let whole = Snapshot::from_bytes(good.clone()).unwrap();
    let number = |is: &dyn Fn(&Object<'_>) -> bool| {
        let mut all = (0..whole.records()).filter_map(|n| whole.any(n));
        all.find(is).unwrap().number()
    };
    let stream = number(&|object| object.is_stream());
    let (film, folder) = (
        number(&|object| object.class() == Some(Class::Video)),
        number(&|object| object.is_folder()),
    );
    let at = |number: u32| layout::HEADER_BYTES + number as usize * RECORD_BYTES;
    let name = usize::try_from(u64::from_le_bytes(good[96..104].try_into().unwrap())).unwrap();
    let name = name + whole.any(stream).unwrap().record.name_at.get() as usize;
    assert_eq!(
        whole.any(stream).unwrap().stream_url(),
        Some("http://radio.example/x")
    );
    for (number, place, byte) in [
        (film, at(film) + 138, 128),
        (folder, at(folder) + 138, 128),
        // Another scheme, a control character, another parent, a picture.
        (stream, name, b'f'),
        (stream, name + 9, b'\n'),
        (stream, at(stream) + 48, 0),
        (stream, at(stream) + 150, Class::Image as u8),
    ] {
        let mut bad = good.clone();
        bad[place] = byte;
        let checksum = xxh3_64(&bad[layout::CHECKED_FROM..]);
        bad[24..32].copy_from_slice(&checksum.to_le_bytes());
        let snapshot = Arc::new(Snapshot::from_bytes(bad).unwrap());
        assert!(
            matches!(snapshot.verify(), Err(OpenError::Reference)),
            "byte {place}"
        );
        let url = snapshot.any(number).unwrap().stream_url();
        assert!(
            url.is_none_or(|url| url.starts_with("http://radio")),
            "{url:?}"
        );
        read_all(&snapshot);
    }
}

#[test]
fn a_circle_of_parents_has_no_path() {
    let mut bad = good();
    // Record 1 becomes its own parent.
    let at = layout::HEADER_BYTES + RECORD_BYTES + 48;
    bad[at..at + 4].copy_from_slice(&1_u32.to_le_bytes());
    let snapshot = Snapshot::from_bytes(bad).unwrap();
    let mut buffer = [0; limits::PATH_BYTES];
    assert_eq!(snapshot.any(1).unwrap().path(&mut buffer), None);
}

#[test]
fn the_header_is_drawn_as_it_is_written() {
    let good = good();
    assert_eq!(good[..8], *b"rillcat\0");
    assert_eq!(good[8..12], [4, 0, 0, 0]);
    assert_eq!(good[12..16], crate::media::probe::KNOWLEDGE.to_le_bytes());
    assert_eq!(good[16..24], (good.len() as u64).to_le_bytes());
    assert_eq!(good[24..32], xxh3_64(&good[32..]).to_le_bytes());
    assert_eq!(good[32..36], [1, 0, 0, 0]);
    // Root, a, b, c.jpg (unlisted), d.m3u and its stream, 1.mp3, 2.mp3, cover.jpg, film.en.srt, film.mkv, film.nfo (unlisted).
    assert_eq!(good[36..40], [12, 0, 0, 0]);
    assert_eq!(good[56..64], [104, 0, 0, 0, 0, 0, 0, 0]);
    let snapshot = Snapshot::from_bytes(good).unwrap();
    let listed = [
        "a/",
        " One",
        " Two",
        "b/",
        " Noted",
        "d/",
        " radio.example/x",
    ];
    assert_eq!(tree_of(&snapshot), listed);
    assert_eq!(snapshot.len(), 10);
}

#[test]
fn another_version_says_what_happens_next() {
    let mut bad = good();
    bad[8] = 99;
    let error = Snapshot::from_bytes(bad).unwrap_err();
    assert_eq!(
        error.to_string(),
        "has layout version 99, this rill reads 4; it is set aside and built anew"
    );
    assert!(matches!(
        Snapshot::from_bytes(vec![]),
        Err(OpenError::Magic)
    ));
}
