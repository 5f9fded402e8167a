//! The reader of snapshots.

use std::{env, path::Path, sync::Arc};

use rill::{
    catalogue::{
        journal as journals,
        prober::MediaProber,
        record::Tag,
        scan::{self, Job, Root},
        snapshot::{Object, Snapshot},
        views::{Role, View, Views},
    },
    limits,
};
use xxhash_rust::xxh3::xxh3_64;

const LENGTH_AT: usize = 16;
const CHECKSUM_AT: usize = 24;
const CHECKED_FROM: usize = 32;
const TAGS: [Tag; 5] = [
    Tag::Artist,
    Tag::AlbumArtist,
    Tag::Album,
    Tag::Genre,
    Tag::Composer,
];

/// Writes the snapshot of `RILL_FUZZ_SCAN` into `RILL_FUZZ_SEED`, both directories, if those are set.
pub(super) fn seed() {
    let (Ok(of), Ok(into)) = (env::var("RILL_FUZZ_SCAN"), env::var("RILL_FUZZ_SEED")) else {
        return;
    };
    let roots = vec![Root::new(Path::new(&of), None)];
    let job = Job {
        views: Views {
            shown: vec![View::Music, View::Video, View::Pictures, View::Folders],
            initials: 2,
        },
        ..Job::new(roots, None, Arc::new(MediaProber))
    };
    if let Ok(scanned) = scan::scan(&job) {
        scanned.built.commit(Path::new(&into)).expect("a seed");
    }
}

/// What `open` lets through is read without its checksum ever having been looked at: it may lie in every record.
pub(super) fn snapshot(data: &[u8]) {
    let mut bytes = data.to_vec();
    if bytes.len() > CHECKED_FROM {
        let len = bytes.len() as u64;
        bytes[LENGTH_AT..CHECKSUM_AT].copy_from_slice(&len.to_le_bytes());
        let checksum = xxh3_64(&bytes[CHECKED_FROM..]);
        bytes[CHECKSUM_AT..CHECKED_FROM].copy_from_slice(&checksum.to_le_bytes());
    }
    let Ok(snapshot) = Snapshot::from_bytes(bytes) else {
        return;
    };
    let sound = snapshot.verify().is_ok();
    let _ = (
        snapshot.len(),
        snapshot.is_empty(),
        snapshot.roots().count(),
        snapshot.role(Role::InProgress),
    );
    for number in 0..snapshot.records() {
        let Some(object) = snapshot.object(number) else {
            continue;
        };
        look_at(&object);
        let found = snapshot.find(object.id()).map(|found| found.number());
        assert!(!sound || found == Some(number));
    }
}

const HEADER_BYTES: usize = 24;
const ENTRY_BYTES: usize = 46;

/// Entries with true and with false checksums, one after the other; the true ones are all read.
pub(super) fn journal(data: &[u8]) {
    let _ = journals::replay(data, |_| {});
    let mut bytes = data.to_vec();
    let mut good = 0;
    for entry in bytes
        .get_mut(HEADER_BYTES..)
        .unwrap_or_default()
        .chunks_exact_mut(ENTRY_BYTES)
    {
        if entry[2] & 1 == 0 {
            entry[..2].copy_from_slice(&36_u16.to_le_bytes());
            let summed = [&entry[..2], &entry[10..]].concat();
            entry[2..10].copy_from_slice(&xxh3_64(&summed).to_le_bytes());
            good += 1;
        }
    }
    let mut found = 0;
    let replayed = journals::replay(&bytes, |_| found += 1);
    assert!(found >= good && replayed.end <= bytes.len() && replayed.skipped <= bytes.len());
}

fn look_at(object: &Object<'_>) {
    let _ = (
        object.parent_id(),
        object.class(),
        object.mime_code(),
        object.profile_code(),
    );
    let _ = (
        object.title(),
        object.name(),
        object.title_rank(),
        object.series(),
    );
    let _ = (
        object.season(),
        object.episode(),
        object.camera(),
        object.rating(),
    );
    let _ = (
        object.orientation(),
        object.art(),
        object.thumbnail(),
        object.date(),
    );
    let _ = (
        object.size(),
        object.modified(),
        object.inode(),
        object.duration(),
    );
    let _ = (
        object.bitrate_bytes_per_sec(),
        object.resolution(),
        object.sample_rate(),
    );
    let _ = (
        object.channels(),
        object.bits_per_sample(),
        object.video_codec_code(),
    );
    let _ = (
        object.audio_codec_code(),
        object.track(),
        object.disc(),
        object.update_id(),
    );
    let _ = (
        object.is_offline(),
        object.is_playlist(),
        TAGS.map(|tag| object.property(tag)),
    );
    // A page of a Browse; the whole of it would be the square of the records, by lies alone.
    let page = object.child_count().min(16);
    let _ = (
        object.children(0..page).count(),
        object.captions().take(16).count(),
    );
    let _ = (object.role(), object.is_copy(), object.is_folder());
    let _ = (object.items_below(0..page).count(), object.cover(|_| false));
    let mut buffer = [0; limits::PATH_BYTES];
    let _ = object.path(&mut buffer);
}
