//! The joint to `media`: what the floor below says about a file, in the numbers that records keep.
//! [`Telling`] passes it on to somebody else as well.

use std::fs::File;

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
            media,
        }
    }
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
