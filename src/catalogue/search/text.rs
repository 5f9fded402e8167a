//! Comparing texts whatever their case, without a copy.
//!
//! A text is *folded* by turning each letter into its capital and that into its small letters, so that `ß`, `ſ` and `ς` are
//! `ss`, `s` and `σ` too. Accents stay: `é` is not `e`.

use std::cmp::Ordering;

use crate::catalogue::signature::Signature;

/// What is looked for, folded once.
#[derive(Debug)]
pub(super) struct Needle {
    folded: Vec<u8>,
    /// For each byte: of the needle so far, how many bytes at its end are also its beginning. With it a text is gone
    /// through once, whatever the two look like (Knuth, Morris and Pratt).
    overlaps: Vec<u16>,
}

impl Needle {
    /// `longest`: the bytes of the longest text that it will be looked for in. A needle that folds to more than the
    /// longest text could fold to is found nowhere, and takes no memory.
    pub(super) fn new(text: &str, longest: usize) -> Self {
        let mut folded = Vec::new();
        // The longest folding is that of U+0390: two bytes become six.
        let most = 3 * longest + 1;
        each_folded(text, |byte| {
            folded.push(byte);
            folded.len() == most
        });
        let overlaps = overlaps(&folded);
        Self { folded, overlaps }
    }

    /// Which pairs of letters a text has that has it.
    pub(super) fn signature(&self) -> Signature {
        Signature::of_folded(&self.folded)
    }

    /// Whether `text` has it.
    pub(super) fn is_in(&self, text: &str) -> bool {
        let mut matched = 0;
        self.folded.is_empty()
            || each_folded(text, |byte| {
                matched = self.matched(matched, byte);
                matched == self.folded.len()
            })
    }

    /// Whether `text` begins with it.
    pub(super) fn begins(&self, text: &str) -> bool {
        let mut rest = self.folded.iter();
        let mut differs = false;
        let ended = self.folded.is_empty()
            || each_folded(text, |byte| {
                differs = rest.next() != Some(&byte);
                differs || rest.len() == 0
            });
        ended && !differs
    }

    /// How `text` stands to it.
    pub(super) fn compare(&self, text: &str) -> Ordering {
        let mut rest = self.folded.iter();
        let mut order = Ordering::Equal;
        each_folded(text, |byte| {
            order = match rest.next() {
                Some(wanted) => byte.cmp(wanted),
                None => Ordering::Greater,
            };
            order.is_ne()
        });
        if order.is_eq() && rest.len() > 0 {
            return Ordering::Less;
        }
        order
    }

    /// Whether `class` is this class or one below it (ContentDirectory:1 §2.5.5, `derivedfrom`).
    pub(super) fn is_base_of(&self, class: &str) -> bool {
        let mut rest = self.folded.iter();
        let mut differs = false;
        each_folded(class, |byte| {
            let wanted = rest.next().copied();
            differs = byte != wanted.unwrap_or(b'.');
            differs || wanted.is_none()
        });
        !differs && rest.len() == 0
    }

    /// Bytes of the needle that are matched when `byte` comes after `matched` of them, fewer than all.
    #[inline]
    fn matched(&self, mut matched: usize, byte: u8) -> usize {
        while self.folded[matched] != byte {
            if matched == 0 {
                return 0;
            }
            matched = usize::from(self.overlaps[matched - 1]);
        }
        matched + 1
    }
}

fn overlaps(folded: &[u8]) -> Vec<u16> {
    let mut overlaps = Vec::with_capacity(folded.len());
    let mut matched: u16 = 0;
    for (place, byte) in folded.iter().enumerate() {
        while matched > 0 && folded[usize::from(matched)] != *byte {
            matched = overlaps[usize::from(matched) - 1];
        }
        // The first byte overlaps with nothing but itself.
        if place > 0 && folded[usize::from(matched)] == *byte {
            matched = matched.saturating_add(1);
        }
        overlaps.push(matched);
    }
    overlaps
}

/// Gives `text`, folded, byte by byte until `stop` says so; true if it did.
#[inline]
pub(in crate::catalogue) fn each_folded(text: &str, mut stop: impl FnMut(u8) -> bool) -> bool {
    if text.is_ascii() {
        return text.bytes().any(|byte| stop(byte.to_ascii_lowercase()));
    }
    let mut buffer = [0; 4];
    text.chars()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .any(|c| c.encode_utf8(&mut buffer).bytes().any(&mut stop))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needle(text: &str) -> Needle {
        Needle::new(text, 1024)
    }

    #[test]
    fn case_does_not_matter_in_any_script_and_accents_do() {
        for (text, wanted, is_in) in [
            ("The Beatles", "BEAT", true),
            ("The Beatles", "the beatles", true),
            ("The Beatles", "The Beatles!", false),
            ("The Beatles", "", true),
            ("", "", true),
            ("", "a", false),
            ("BJ\u{d6}RK", "bj\u{f6}rk", true),
            ("bj\u{f6}rk", "J\u{d6}R", true),
            ("bjork", "bj\u{f6}rk", false),
            (
                "\u{39f}\u{394}\u{39f}\u{3a3}",
                "\u{3bf}\u{3b4}\u{3bf}\u{3c2}",
                true,
            ),
            ("STRASSE", "stra\u{df}e", true),
            ("stra\u{df}e", "RASS", true),
            (
                "\u{42f}\u{411}\u{41b}\u{41e}\u{41a}\u{41e}",
                "\u{44f}\u{431}\u{43b}\u{43e}\u{43a}\u{43e}",
                true,
            ),
            ("\u{97f3}\u{697d}", "\u{697d}", true),
            // The Kelvin sign is a k.
            ("273 \u{212a}", "k", true),
            ("caf\u{e9}", "cafe\u{301}", false),
        ] {
            assert_eq!(needle(wanted).is_in(text), is_in, "{wanted} in {text}");
        }
    }

    #[test]
    fn needles_that_overlap_themselves_are_found() {
        for (text, wanted) in [
            ("aaab", "aab"),
            ("abababac", "ababac"),
            ("aabaaabaaac", "aabaaac"),
            ("mississip", "issip"),
            ("xxxy", "xxy"),
        ] {
            assert!(needle(wanted).is_in(text), "{wanted} in {text}");
            assert!(!needle(wanted).is_in(&text[..text.len() - 1]), "{text}");
        }
        // Against the plain way, for every text of two letters.
        let word = |number: u32, len: u32| -> String {
            (0..len)
                .map(|bit| if number >> bit & 1 == 0 { 'a' } else { 'b' })
                .collect()
        };
        for needles in 0..32 {
            let wanted = word(needles, 5);
            for texts in 0..512 {
                let text = word(texts, 9);
                assert_eq!(
                    needle(&wanted).is_in(&text),
                    text.contains(&wanted),
                    "{wanted} in {text}"
                );
            }
        }
    }

    #[test]
    fn beginnings_and_order_are_those_of_the_folded_text() {
        for (text, wanted, begins, order) in [
            ("Abba", "ab", true, Ordering::Greater),
            ("Abba", "ABBA", true, Ordering::Equal),
            ("Abba", "abbab", false, Ordering::Less),
            ("Abba", "b", false, Ordering::Less),
            ("", "", true, Ordering::Equal),
            ("", "a", false, Ordering::Less),
            ("\u{df}a", "SS", true, Ordering::Greater),
            ("\u{c9}t\u{e9}", "\u{e9}T\u{c9}", true, Ordering::Equal),
        ] {
            assert_eq!(
                needle(wanted).begins(text),
                begins,
                "{text} begins {wanted}"
            );
            assert_eq!(needle(wanted).compare(text), order, "{text} to {wanted}");
        }
    }

    #[test]
    fn a_class_is_derived_by_whole_names() {
        let class = "object.item.audioItem.musicTrack";
        for (base, is) in [
            (class, true),
            ("object.item.audioItem", true),
            ("OBJECT.ITEM", true),
            ("object", true),
            ("object.item.audio", false),
            ("object.item.audioItem.", false),
            ("object.item.audioItem.musicTrackX", false),
            ("object.item.videoItem", false),
        ] {
            assert_eq!(needle(base).is_base_of(class), is, "{base}");
        }
    }

    #[test]
    fn a_needle_longer_than_any_text_takes_no_memory_and_is_nowhere() {
        let needle = Needle::new(&"a".repeat(60_000), 10);
        assert!(needle.folded.len() <= 31 && !needle.is_in("aaaaaaaaaa"));
        assert!(needle.compare("aaaaaaaaaa").is_lt() && !needle.begins("aaaaaaaaaa"));
    }
}
