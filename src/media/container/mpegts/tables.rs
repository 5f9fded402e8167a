//! Program association and program map (ISO/IEC 13818-1 §2.4.4), with the descriptors that tell codings and languages
//! (§2.6; ETSI EN 300 468 §6.2; ATSC A/52 annex A; what Blu-ray discs use is known from their players).

use crate::media::codec::{AudioCodec, Language, VideoCodec};

/// Bytes of a section at most (§2.4.4.1).
const SECTION_BYTES: usize = 1024;

/// Gathers one section out of the payloads of its packets.
#[derive(Debug, Default)]
pub(super) struct Section {
    bytes: Vec<u8>,
    started: bool,
}

impl Section {
    /// Takes one payload. Returns the section, from its table number on and without its checksum, when it is whole.
    pub(super) fn add(&mut self, payload: &[u8], starts: bool) -> Option<&[u8]> {
        let payload = if starts {
            let (pointer, rest) = payload.split_first()?;
            self.bytes.clear();
            self.started = true;
            rest.get(usize::from(*pointer)..)?
        } else {
            payload
        };
        if !self.started || self.bytes.len() > SECTION_BYTES {
            return None;
        }
        self.bytes.extend(payload);
        let &[_, high, low, ..] = self.bytes.as_slice() else {
            return None;
        };
        let len = 3 + usize::from(u16::from_be_bytes([high & 0x0F, low]));
        self.bytes
            .get(..len.checked_sub(4)?)
            .filter(|_| self.bytes.len() >= len)
    }
}

/// The first program's map: the packets with this number carry it.
pub(super) fn association(section: &[u8]) -> Option<u16> {
    if section.first() != Some(&0) {
        return None;
    }
    let (programs, _) = section.get(8..)?.as_chunks::<4>();
    // Program 0 is the network's.
    let first = programs.iter().find(|[a, b, ..]| (*a, *b) != (0, 0))?;
    Some(u16::from_be_bytes([first[2] & 0x1F, first[3]]))
}

/// What a stream of the program carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Video(VideoCodec),
    Sound(AudioCodec),
    /// DTS if its frames are: other players' writers say so, and cable systems mean subtitles by the same number.
    PerhapsDts,
    /// Linear sound with the four bytes of header that Blu-ray has.
    BlurayLpcm,
    Caption,
}

/// One stream of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) pid: u16,
    pub(super) kind: Kind,
    pub(super) language: Language,
}

/// The streams of a program map; those that carry neither pictures nor sound nor subtitles are left out.
pub(super) fn map(section: &[u8]) -> Option<Vec<Entry>> {
    let &[2, _, _, _, _, _, _, _, _, _, high, low, ref rest @ ..] = section else {
        return None;
    };
    let len = usize::from(u16::from_be_bytes([high & 0x0F, low]));
    let program = rest.get(..len)?;
    let bluray = descriptors(program).any(|d| d.0 == 0x05 && d.1.starts_with(b"HDMV"));
    let mut rest = rest.get(len..)?;
    let mut entries = Vec::new();
    while let &[kind, a, b, high, low, ref behind @ ..] = rest {
        let len = usize::from(u16::from_be_bytes([high & 0x0F, low]));
        let info = behind.get(..len).unwrap_or(behind);
        if let Some(kind) = coding(kind, info, bluray) {
            entries.push(Entry {
                pid: u16::from_be_bytes([a & 0x1F, b]),
                kind,
                language: language(info),
            });
        }
        rest = behind.get(len..).unwrap_or_default();
    }
    Some(entries)
}

fn descriptors(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let &[tag, len, ref rest @ ..] = bytes else {
            return None;
        };
        let body = rest.get(..usize::from(len))?;
        bytes = rest.get(usize::from(len)..)?;
        Some((tag, body))
    })
}

/// ISO 639 language, or the one of the first page of subtitles.
fn language(info: &[u8]) -> Language {
    let told = descriptors(info).find(|d| matches!(d.0, 0x0A | 0x56 | 0x59));
    told.and_then(|d| d.1.get(..3))
        .map_or(Language::UNKNOWN, Language::new)
}

fn coding(kind: u8, info: &[u8], bluray: bool) -> Option<Kind> {
    use AudioCodec::{Aac, Ac3, Dts, DtsHd, Eac3, Mp2, MpegH, TrueHd};
    Some(match kind {
        0x01 => Kind::Video(VideoCodec::Mpeg1),
        0x02 => Kind::Video(VideoCodec::Mpeg2),
        0x10 => Kind::Video(VideoCodec::Mpeg4),
        0x1B => Kind::Video(VideoCodec::H264),
        0x24 => Kind::Video(VideoCodec::Hevc),
        0x33 => Kind::Video(VideoCodec::Vvc),
        0xEA => Kind::Video(VideoCodec::Vc1),
        0x03 | 0x04 => Kind::Sound(Mp2),
        0x0F | 0x11 => Kind::Sound(Aac),
        0x2D | 0x2E => Kind::Sound(MpegH),
        0x80 if bluray => Kind::BlurayLpcm,
        0x81 => Kind::Sound(Ac3),
        0x82 if bluray => Kind::Sound(Dts),
        0x83 if bluray => Kind::Sound(TrueHd),
        0x87 => Kind::Sound(Eac3),
        0x8A => Kind::Sound(Dts),
        0x84 | 0xA1 if bluray => Kind::Sound(Eac3),
        0x85 | 0x86 | 0xA2 if bluray => Kind::Sound(DtsHd),
        0x90 | 0x92 if bluray => Kind::Caption,
        // Not of the standard, often without a descriptor that says what it is; its first bytes have to.
        0x82 => private(info).unwrap_or(Kind::PerhapsDts),
        0x80..=0xFF | 0x06 => private(info)?,
        _ => return None,
    })
}

/// Private data says what it is by its descriptors.
fn private(info: &[u8]) -> Option<Kind> {
    use AudioCodec::{Aac, Ac3, Ac4, Dts, DtsHd, Eac3, Opus};
    descriptors(info).find_map(|(tag, body)| {
        Some(match (tag, body) {
            (0x05, [b'A', b'C', b'-', b'3', ..]) | (0x6A, _) => Kind::Sound(Ac3),
            (0x05, [b'E', b'A', b'C', b'3', ..]) | (0x7A, _) => Kind::Sound(Eac3),
            (0x05, [b'D', b'T', b'S', b'1' | b'2' | b'3', ..]) | (0x7B, _) => Kind::Sound(Dts),
            (0x05, [b'D', b'T', b'S', b'H', ..]) | (0x7F, [0x0E | 0x0F, ..]) => Kind::Sound(DtsHd),
            (0x05, [b'O', b'p', b'u', b's', ..]) => Kind::Sound(Opus),
            (0x05, [b'A', b'C', b'-', b'4', ..]) | (0x7F, [0x15, ..]) => Kind::Sound(Ac4),
            (0x7C, _) => Kind::Sound(Aac),
            (0x05, [b'H', b'E', b'V', b'C', ..]) => Kind::Video(VideoCodec::Hevc),
            (0x05, [b'V', b'C', b'-', b'1', ..]) => Kind::Video(VideoCodec::Vc1),
            // Subtitles as pictures; teletext only where a page of subtitles is named (types 2 and 5).
            (0x59, _) => Kind::Caption,
            (0x56, [_, _, _, page, ..]) if matches!(page >> 3, 2 | 5) => Kind::Caption,
            _ => return None,
        })
    })
}
