//! Which texts cannot be in an object, told by sixteen bytes of it instead of its texts.
//!
//! A text that holds another holds all its pairs of neighbouring bytes. Each pair, folded as a search folds it, sets one of
//! 128 bits. An object whose bits lack one of a word's has not got the word; one that has them all may have it, and is
//! looked at. Sixteen bytes for each object, one after the other, are gone through many times faster than the texts.

use super::search::text::each_folded;

/// The pairs of some texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Signature(u128);

impl Signature {
    /// Bytes of a stored one.
    pub(super) const BYTES: usize = size_of::<u128>();

    /// Adds what is in `text`.
    pub(super) fn add(&mut self, text: &str) {
        let mut before = None;
        each_folded(text, |byte| {
            self.add_byte(&mut before, byte);
            false
        });
    }

    /// That of a text that is folded already.
    pub(super) fn of_folded(folded: &[u8]) -> Self {
        let (mut signature, mut before) = (Self::default(), None);
        for byte in folded {
            signature.add_byte(&mut before, *byte);
        }
        signature
    }

    /// Nothing is asked: everything may hold it.
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What has `self` may hold what has `wanted`.
    pub(super) fn may_hold(self, wanted: Self) -> bool {
        wanted.0 & !self.0 == 0
    }

    /// What is asked by both together.
    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is asked by either.
    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// As it is stored.
    pub(super) fn to_bytes(self) -> [u8; Self::BYTES] {
        self.0.to_le_bytes()
    }

    /// One that was stored.
    pub(super) fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(u128::from_le_bytes(bytes))
    }

    fn add_byte(&mut self, before: &mut Option<u8>, byte: u8) {
        if let Some(before) = before.replace(byte) {
            // Multiplied, so that letters that often meet do not meet in one bit: the upper bits tell.
            let pair = u16::from_le_bytes([before, byte]);
            self.0 |= 1 << (pair.wrapping_mul(0x9e37) >> 9);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Signature {
        let mut signature = Signature::default();
        signature.add(text);
        signature
    }

    #[test]
    fn a_text_may_hold_each_of_its_parts_in_any_case() {
        for text in ["Straße nach Łódź", "AC/DC", "Ὀδυσσεύς", "number 4999", "a"] {
            let upper = of(&text.to_uppercase());
            for (start, _) in text.char_indices() {
                for (end, _) in text.char_indices().chain([(text.len(), ' ')]) {
                    let part = text.get(start..end).unwrap_or_default();
                    assert!(of(text).may_hold(of(part)), "{part} in {text}");
                    assert!(upper.may_hold(of(part)), "{part} in capitals of {text}");
                }
            }
        }
    }

    #[test]
    fn most_texts_may_not_hold_most_words() {
        let words = ["love", "night", "the moon", "blue", "4999"];
        let texts = [
            "Yesterday",
            "Hunter",
            "Army of Me",
            "Joga",
            "Song number 77",
        ];
        let may = |text: &&str| {
            words
                .iter()
                .filter(|word| of(text).may_hold(of(word)))
                .count()
        };
        assert_eq!(texts.iter().map(may).sum::<usize>(), 0);
        assert!(of("").is_empty() && of("a").is_empty());
        assert!(!of("Yesterday").may_hold(of("today")));
    }

    #[test]
    fn what_is_asked_by_several_is_what_each_or_what_all_ask() {
        let (a, b) = (of("abc"), of("bcd"));
        assert!(of("abc bcd").may_hold(a.and(b)) && !of("abc").may_hold(a.and(b)));
        assert!(of("abc").may_hold(a.or(b)) && of("bcd").may_hold(a.or(b)));
        assert_eq!(a.or(b), of("bc"));
        assert_eq!(Signature::from_bytes(a.to_bytes()), a);
        assert_eq!(Signature::of_folded(b"abc"), of("ABC"));
    }
}
