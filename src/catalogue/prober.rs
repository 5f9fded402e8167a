//! The joint to `media`: what the floor below says about a file, in the numbers that records keep.
//! [`Telling`] passes it on to somebody else as well.

use std::fs::File;

use xxhash_rust::xxh3::Xxh3;

use super::scan::{Kind, Probed, Prober};
use crate::media::{
    mime::Mime,
    probe,
    profile::Profile,
    reader::{Error, Reader, Source},
};

/// Understands files by their name and their first bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct MediaProber;

impl Prober for MediaProber {
    fn by_name(&self, name: &[u8]) -> Option<Kind> {
        let (class, mime) = probe::by_name(name)?;
        let mime = mime.code();
        Some(Kind { class, mime })
    }

    fn probe(&self, name: &[u8], file: &File, len: u64) -> Probed {
        let named = probe::by_name(name).map(|(_, mime)| mime);
        let source = Source::new(file, len);
        // First, so that it asks for bytes which are read anyway.
        let content = content(&source, len);
        let probe::Probed { mut media, trouble } = probe::probe(name, &mut Reader::new(&source));
        // By that name there are far more sources of programs than films.
        let is_other = named == Some(Mime::MPEG_TS) && matches!(trouble, Some(Error::Malformed(_)));
        if is_other {
            media.class = None;
        }
        Probed {
            mime: media.mime.map(Mime::code),
            profile: media.profile.map(Profile::code),
            trouble: trouble.map(|error| error.to_string()),
            content,
            media,
        }
    }
}

/// Bytes at the beginning of a file by which its content is known, with its length.
const CONTENT_BYTES: usize = 4096;

/// What a file is known by when it is moved or renamed: a hash of its length and its first bytes; never 0, which is what
/// there is where they cannot be read.
fn content(source: &Source<'_>, len: u64) -> u64 {
    let mut head = [0; CONTENT_BYTES];
    let Ok(head) = Reader::new(source).read_some(&mut head) else {
        return 0;
    };
    let mut hash = Xxh3::new();
    hash.update(&len.to_le_bytes());
    hash.update(head);
    hash.digest().max(1)
}

/// A [`MediaProber`] that tells a function of every file that is listed.
#[derive(Clone, Copy, Debug)]
pub struct Telling<F>(pub F);

impl<F: Fn(&[u8], Kind, &Probed)> Prober for Telling<F> {
    fn by_name(&self, name: &[u8]) -> Option<Kind> {
        MediaProber.by_name(name)
    }

    fn probe(&self, name: &[u8], file: &File, len: u64) -> Probed {
        MediaProber.probe(name, file, len)
    }

    fn listed(&self, path: &[u8], kind: Kind, probed: &Probed) {
        self.0(path, kind, probed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_known_by_length_and_first_bytes_alone() {
        let of =
            |bytes: &[u8]| content(&Source::new(&bytes, bytes.len() as u64), bytes.len() as u64);
        let film = vec![7; 10_000];
        let mut late = film.clone();
        late[CONTENT_BYTES] = 8;
        let mut early = film.clone();
        early[CONTENT_BYTES - 1] = 8;
        assert_eq!(of(&film), of(&late));
        assert_ne!(of(&film), of(&early));
        assert_ne!(of(&film), of(&film[1..]));
        assert_ne!(of(b"a"), 0);
        // Cut short since it was listed: unknown.
        assert_eq!(content(&Source::new(&&b"ab"[..], 3), 3), 0);
        // Kept for years by the journal.
        assert_eq!(of(b"rill"), 11_347_919_600_264_595_034);
    }
}
