//! Names that people typed: which of them mean the same, and how the one container for them is called.

use std::collections::{HashMap, hash_map::Entry};

use unicode_normalization::UnicodeNormalization as _;
use xxhash_rust::xxh3::xxh3_128;

use crate::catalogue::{
    builder::{Builder, Text},
    order,
};

/// Names, each once, by what they fold to.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: HashMap<u128, u32>,
    noted: Vec<Name>,
    /// The last text noted, and what it folds to: tracks of one album follow each other.
    last: Option<(Text, u128)>,
}

/// One name, in the spelling that most of its bearers have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    /// The spelling, trimmed.
    pub(super) text: Text,
    /// What tells it from the others: the same in every catalogue.
    pub(super) key: u128,
    /// How far its spelling is ahead of the others together (Boyer and Moore's majority vote).
    votes: u32,
}

impl Names {
    /// Notes one bearer of the name `text`, and returns the name's place.
    pub(super) fn note(&mut self, builder: &Builder, text: Text) -> u32 {
        let key = match self.last {
            Some((last, key)) if last == text => key,
            _ => xxh3_128(&fold(builder.at(trimmed(builder, text)))),
        };
        self.last = Some((text, key));
        self.note_as(builder, text, key)
    }

    /// As [`Self::note`], for names that are told apart by more than their text.
    pub(super) fn note_as(&mut self, builder: &Builder, text: Text, key: u128) -> u32 {
        let text = trimmed(builder, text);
        let next = u32::try_from(self.noted.len()).unwrap_or(u32::MAX);
        match self.known.entry(key) {
            Entry::Vacant(vacant) => {
                vacant.insert(next);
                let votes = 1;
                self.noted.push(Name { text, key, votes });
                next
            }
            Entry::Occupied(known) => {
                let place = *known.get();
                let name = &mut self.noted[place as usize];
                if builder.at(name.text) == builder.at(text) {
                    name.votes += 1;
                } else if name.votes == 0 {
                    (name.text, name.votes) = (text, 1);
                } else {
                    name.votes -= 1;
                }
                place
            }
        }
    }

    /// Puts the names into natural order, equal ones by `tie`, and returns the new place of each old one. From now on
    /// [`Self::at`] knows them by their new places, and no more are noted.
    pub(super) fn settle(&mut self, builder: &Builder, tie: impl Fn(u32) -> u32) -> Vec<u32> {
        self.known = HashMap::new();
        let mut levels = Vec::new();
        let mut sorted: Vec<(usize, usize, u32)> = Vec::with_capacity(self.noted.len());
        for (place, name) in (0..).zip(&self.noted) {
            let start = levels.len();
            order::level(builder.at(name.text), &mut levels);
            sorted.push((start, levels.len(), place));
        }
        let names = &self.noted;
        let key = |(start, end, place): &(usize, usize, u32)| {
            let name = &names[*place as usize];
            (&levels[*start..*end], tie(*place), name.key)
        };
        sorted.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
        let mut places = vec![0; sorted.len()];
        for (new, (_, _, old)) in (0..).zip(&sorted) {
            places[*old as usize] = new;
        }
        self.noted = sorted
            .iter()
            .map(|sorted| names[sorted.2 as usize])
            .collect();
        places
    }

    /// The name at `place`; past the end the one of nobody.
    pub(super) fn at(&self, place: u32) -> Name {
        let nobody = Name {
            text: (0, 0),
            key: 0,
            votes: 0,
        };
        self.noted.get(place as usize).copied().unwrap_or(nobody)
    }
}

/// `text` without white space at its ends.
fn trimmed(builder: &Builder, (at, len): Text) -> Text {
    let bytes = builder.at((at, len));
    let Ok(text) = str::from_utf8(bytes) else {
        return (at, len);
    };
    let skipped = text.len() - text.trim_start().len();
    let short = |n: usize| u16::try_from(n).unwrap_or(0);
    (at + u32::from(short(skipped)), short(text.trim().len()))
}

/// What equal names have in common: letters without capitals and accents, words with one blank between them. Signs
/// that are part of a letter in other scripts (Japanese, Indian, Thai) are no accents and stay.
pub(super) fn fold(name: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(name);
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        if word.is_ascii() {
            folded.extend(word.chars().map(|c| c.to_ascii_lowercase()));
        } else {
            let letters = word.nfkd().flat_map(char::to_lowercase).nfkd();
            let letters = letters.filter(|c| !matches!(c, '\u{300}'..='\u{36f}'));
            // The same letter at the end of a Greek word.
            folded.extend(letters.map(|c| if c == 'ς' { 'σ' } else { c }));
        }
    }
    if folded.is_empty() {
        return name.to_vec();
    }
    folded.into_bytes()
}

/// The initial under which `title` is shelved: a letter, without accents, or `None` for anything before A. Titles in
/// natural order have their initials in order too.
pub(super) fn initial(title: &[u8], level: &mut Vec<u8>) -> Option<char> {
    level.clear();
    order::level(title, level);
    let first = String::from_utf8_lossy(level).chars().next()?;
    (first >= 'a').then(|| first.to_uppercase().next().unwrap_or(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_accents_and_blanks_do_not_make_two_names() {
        for (a, b) in [
            ("Björk", "BJORK"),
            ("Bjo\u{308}rk", "Björk"),
            (" The  Beatles ", "the beatles"),
            ("ΟΔΥΣΣΕΥΣ", "οδυσσεύς"),
            ("İstanbul", "istanbul"),
            ("ＡＢＣ", "abc"),
            ("Чайковский", "ЧАИКОВСКИИ"),
        ] {
            assert_eq!(fold(a.as_bytes()), fold(b.as_bytes()), "{a} {b}");
        }
        for (a, b) in [
            ("A B", "AB"),
            ("バス", "ハス"),
            ("कि", "कु"),
            ("กิน", "กัน"),
            ("7", "007"),
            ("\u{301}", "\u{302}"),
        ] {
            assert_ne!(fold(a.as_bytes()), fold(b.as_bytes()), "{a} {b}");
        }
    }

    #[test]
    fn the_spelling_of_most_is_shown_and_names_are_in_natural_order() {
        let mut builder = Builder::new();
        let mut names = Names::default();
        let spellings = [
            "MGMT",
            "mgmt",
            "Mgmt",
            "mgmt ",
            "mgmt",
            "Blink 182",
            "Blink 9",
        ];
        let places: Vec<u32> = spellings
            .iter()
            .map(|name| {
                let text = builder.text(name.as_bytes()).unwrap();
                names.note(&builder, text)
            })
            .collect();
        assert_eq!(places, [0, 0, 0, 0, 0, 1, 2]);
        let places = names.settle(&builder, |_| 0);
        assert_eq!(places, [2, 1, 0]);
        let shown: Vec<_> = (0..4).map(|n| builder.at(names.at(n).text)).collect();
        assert_eq!(shown, [&b"Blink 9"[..], b"Blink 182", b"mgmt", b""]);
    }

    #[test]
    fn initials_are_letters_of_any_script() {
        let mut level = Vec::new();
        for (title, shelf) in [
            ("abba", Some('A')),
            ("Élan", Some('E')),
            ("яблоко", Some('Я')),
            ("日本", Some('日')),
            ("2Pac", None),
            ("...And", None),
            ("", None),
        ] {
            assert_eq!(initial(title.as_bytes(), &mut level), shelf, "{title}");
        }
    }
}
