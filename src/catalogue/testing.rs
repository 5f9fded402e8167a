//! For tests: a temporary tree of files, and a prober of one-line formats.

use std::{
    fs::{self, File},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use super::{
    scan::{self, Job, Kind, Probed, Prober, Root, Scanned},
    snapshot::{Object, Snapshot},
};
use crate::media::{ArtSpan, Class, Media, art::ArtKind, mime::Mime};

/// A directory of its own, removed at the end.
#[derive(Debug)]
pub(crate) struct Tree(PathBuf);

impl Tree {
    pub(crate) fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rill-{name}-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path.canonicalize().unwrap())
    }

    pub(crate) fn path(&self, below: impl AsRef<Path>) -> PathBuf {
        if below.as_ref().as_os_str().is_empty() {
            return self.0.clone();
        }
        self.0.join(below)
    }

    pub(crate) fn file(&self, below: impl AsRef<Path>, bytes: &[u8]) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn fifo(&self, below: &str) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(
            rustix::fs::CWD,
            path.as_os_str().as_bytes(),
            rustix::fs::FileType::Fifo,
            mode,
            0,
        )
        .unwrap();
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A prober of one-line formats, which counts. The first line of a file is its title; `!` before it: cut short; `?`:
/// no media at all; `#`: a picture at 10, 20 bytes long; `-`: no tags. Lines behind it are tags: `album=Post`.
#[derive(Debug, Default)]
pub(crate) struct LineProber {
    probes: AtomicU32,
    listed: Mutex<Vec<(Vec<u8>, Kind, Probed)>>,
}

impl LineProber {
    pub(crate) fn probes(&self) -> u32 {
        self.probes.swap(0, Ordering::Relaxed)
    }

    /// What it was told of since the last call.
    pub(crate) fn listed(&self) -> Vec<(Vec<u8>, Kind, Probed)> {
        std::mem::take(&mut self.listed.lock().unwrap())
    }
}

impl Prober for LineProber {
    fn by_name(&self, name: &[u8]) -> Option<Kind> {
        let dot = name.iter().rposition(|b| *b == b'.')?;
        let (class, mime) = match &name[dot..] {
            b".mp3" => (Class::Audio, 1),
            b".jpg" | b".JPG" | b".png" | b".webp" => (Class::Image, 2),
            b".mkv" | b".mp4" => (Class::Video, 3),
            b".m3u" | b".pls" => (Class::Playlist, 5),
            b".srt" | b".ass" => (Class::Caption, 4),
            _ => return None,
        };
        Some(Kind { class, mime })
    }

    fn probe(&self, name: &[u8], file: &File, _len: u64) -> Probed {
        self.probes.fetch_add(1, Ordering::Relaxed);
        let text = std::io::read_to_string(file).unwrap_or_default();
        let mut probed = Probed {
            content: xxhash_rust::xxh3::xxh3_64(text.as_bytes()),
            ..Probed::default()
        };
        match text.as_bytes() {
            [b'?', ..] => probed.trouble = Some("unknown format".into()),
            [b'!', ..] => {
                probed.trouble = Some("cut short".into());
                probed.media.class = self.by_name(name).map(|kind| kind.class);
            }
            [b'-', ..] => {}
            _ => {
                probed.media.art = (text.starts_with('#')).then_some(ArtSpan {
                    offset: 10,
                    len: 20,
                    mime: Mime::PNG,
                    kind: ArtKind::Front,
                    profile: None,
                });
                probed.media.title = Some(text.lines().next().unwrap_or_default().to_owned());
                probed.media.artist = Some("Somebody".into());
                probed.profile = Some(9);
            }
        }
        for line in text.lines().skip(1) {
            tag(&mut probed.media, line);
        }
        probed
    }

    fn listed(&self, path: &[u8], kind: Kind, probed: &Probed) {
        let mut listed = self.listed.lock().unwrap();
        listed.push((path.to_owned(), kind, probed.clone()));
    }
}

fn tag(media: &mut Media, line: &str) {
    let Some((name, value)) = line.split_once('=') else {
        return;
    };
    let text = (!value.is_empty()).then(|| value.to_owned());
    match name {
        "artist" => media.artist = text,
        "albumartist" => media.album_artist = text,
        "album" => media.album = text,
        "genre" => media.genre = text,
        "composer" => media.composer = text,
        "camera" => media.camera = text,
        "series" => media.series = text,
        "track" => media.track = value.parse().ok(),
        "disc" => media.disc = value.parse().ok(),
        "date" => media.date = crate::media::tag::date(value),
        _ => panic!("no such tag: {line}"),
    }
}

/// Scans `roots` with `prober`.
pub(crate) fn scan(
    roots: Vec<Root>,
    previous: Option<&Arc<Snapshot>>,
    prober: &Arc<LineProber>,
) -> Scanned {
    scan::scan(&Job::new(roots, previous.cloned(), prober.clone())).unwrap()
}

/// Scans the whole of `tree` anew.
pub(crate) fn snapshot(tree: &Tree) -> Arc<Snapshot> {
    let root = Root::new(&tree.path(""), None);
    let scanned = scan(vec![root], None, &Arc::default());
    let snapshot = scanned.built.to_snapshot().unwrap();
    snapshot.verify().unwrap();
    Arc::new(snapshot)
}

/// Every listed object below `object`, one line each: depth by spaces, title; `/` for containers.
pub(crate) fn tree_of(snapshot: &Snapshot) -> Vec<String> {
    fn add(object: &Object<'_>, depth: usize, out: &mut Vec<String>) {
        for child in object.children(0..u32::MAX) {
            assert_eq!(object.entry(child).parent_id(), Some(object.id()));
            let slash = if child.is_container() { "/" } else { "" };
            out.push(format!("{}{}{slash}", " ".repeat(depth), child.title()));
            add(&child, depth + 1, out);
        }
    }
    let mut out = Vec::new();
    add(&snapshot.root().unwrap(), 0, &mut out);
    out
}
