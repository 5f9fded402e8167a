//! Writing XML 1.0: where bytes go ([`Sink`]), how values are escaped, and [`Document`] for small documents.
//!
//! Only the four named entities that are ever needed are written, never a numeric reference: some renderers read the
//! former only. Apostrophes stay plain, so attributes must stand in double quotes, which every writer here does.
//! Characters that XML 1.0 forbids are left out: no way of writing them would be well-formed.

use std::fmt::{self, Display, Formatter};

use xmlwriter::{Indent, Options, XmlWriter};

use super::is_char;

/// Where a writer puts its bytes.
///
/// A writer that runs once into a [`Counter`] and once into a buffer gives Content-Length before the first byte.
pub trait Sink {
    /// Takes the next bytes of the document.
    fn put(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Counts bytes and keeps none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter(pub u64);

impl Sink for Counter {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        // No machine's usize is wider than 64 bits.
        self.0 = self.0.saturating_add(bytes.len() as u64);
    }
}

/// What stands for the four characters that markup would swallow.
struct Entities {
    amp: &'static str,
    lt: &'static str,
    gt: &'static str,
    quot: &'static str,
}

const ONCE: Entities = Entities {
    amp: "&amp;",
    lt: "&lt;",
    gt: "&gt;",
    quot: "&quot;",
};

const TWICE: Entities = Entities {
    amp: "&amp;amp;",
    lt: "&amp;lt;",
    gt: "&amp;gt;",
    quot: "&amp;quot;",
};

/// Writes a value as element text or as the inside of a double-quoted attribute (XML 1.0 §2.4).
#[inline]
pub fn text_once(sink: &mut impl Sink, value: &str) {
    escape(value, &ONCE, |piece| sink.put(piece.as_bytes()));
}

/// Writes a value as it must look inside DIDL-Lite that travels as text inside a SOAP envelope: escaped for the
/// inner document, and that once more for the outer one.
#[inline]
pub fn text_twice(sink: &mut impl Sink, value: &str) {
    escape(value, &TWICE, |piece| sink.put(piece.as_bytes()));
}

/// Writes a number in decimal.
pub fn number(sink: &mut impl Sink, value: u64) {
    padded(sink, value, 1);
}

/// Writes a number in decimal with at least `width` digits, at most 20.
pub fn padded(sink: &mut impl Sink, value: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut rest = value;
    let mut used = 0;
    for slot in digits.iter_mut().rev() {
        if rest == 0 && used >= width {
            break;
        }
        let digit;
        (rest, digit) = divide_by_ten(rest);
        *slot = b'0' + digit;
        used += 1;
    }
    sink.put(digits.get(digits.len() - used..).unwrap_or_default());
}

/// The tenth part and the last digit; in 32 bits where they suffice, because a board divides 64 bits slowly.
#[inline]
fn divide_by_ten(value: u64) -> (u64, u8) {
    // A remainder of 10 fits a byte.
    match u32::try_from(value) {
        Ok(small) => ((small / 10).into(), u8::try_from(small % 10).unwrap_or(0)),
        Err(_) => (value / 10, u8::try_from(value % 10).unwrap_or(0)),
    }
}

/// Hands out `text` in pieces: clean runs whole, special characters as their entities, forbidden ones not at all.
#[inline]
fn escape<'t>(text: &'t str, entities: &Entities, mut put: impl FnMut(&'t str)) {
    let mut rest = text;
    while let Some((run, tail)) = rest.split_at_checked(clean_bytes(rest.as_bytes())) {
        if !run.is_empty() {
            put(run);
        }
        let Some(special) = tail.chars().next() else {
            return;
        };
        let Some((itself, after)) = tail.split_at_checked(special.len_utf8()) else {
            return;
        };
        match special {
            '&' => put(entities.amp),
            '<' => put(entities.lt),
            '>' => put(entities.gt),
            '"' => put(entities.quot),
            kept if is_char(kept) => put(itself),
            _ => {}
        }
        rest = after;
    }
}

/// Bytes at the start of `bytes` that need no second look: eight at a time, for this is where a listing's time goes.
#[inline]
fn clean_bytes(bytes: &[u8]) -> usize {
    let (words, _) = bytes.as_chunks();
    for (index, word) in words.iter().enumerate() {
        if let Some(place) = first_special(*word) {
            return index * 8 + place;
        }
    }
    // What is left is looked at together with bytes that are known to be clean.
    if let Some(word) = bytes.last_chunk() {
        return match first_special(*word) {
            Some(place) => bytes.len() - 8 + place,
            None => bytes.len(),
        };
    }
    let first = bytes.iter().position(|&byte| is_special(byte));
    first.unwrap_or(bytes.len())
}

/// Whether a byte may be the start of a character that is not written as it is. U+FFFE and U+FFFF begin with 0xEF.
#[inline]
const fn is_special(byte: u8) -> bool {
    matches!(byte, ..b' ' | b'&' | b'<' | b'>' | b'"' | 0xEF)
}

/// The place of the first special byte of eight, by arithmetic on all at once.
///
/// `(x - n * LOW) & !x & HIGH` marks bytes of `x` below `n`, for `n` up to 128. A borrow can mark bytes wrongly, but only
/// above one that is marked rightly, so the lowest mark is true.
#[inline]
fn first_special(word: [u8; 8]) -> Option<usize> {
    const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    let below = |word: u64, bound: u8| word.wrapping_sub(LOW * u64::from(bound)) & !word & HIGH;
    let equal = |word: u64, byte: u8| below(word ^ (LOW * u64::from(byte)), 1);
    let word = u64::from_le_bytes(word);
    // Two pairs differ in one bit each: `<` and `>`, `"` and `&`.
    let marks = below(word, b' ')
        | equal(word | (LOW * u64::from(b'<' ^ b'>')), b'<' | b'>')
        | equal(word | (LOW * u64::from(b'"' ^ b'&')), b'"' | b'&')
        | equal(word, 0xEF);
    (marks != 0).then(|| marks.trailing_zeros() as usize / 8)
}

/// A value on its way through code that only knows [`Display`].
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut result = Ok(());
        escape(self.0, &ONCE, |piece| {
            result = result.and_then(|()| f.write_str(piece));
        });
        result
    }
}

/// The declaration that begins every document of ours. No `standalone`: some receivers read no further than it.
pub const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";

/// A small document held whole while it is made: descriptions, service descriptions, faults, short replies.
///
/// Elements are nested by nesting closures, so none stays open and no attribute comes after content (on either the
/// crate beneath would panic). Element and attribute names must be XML names: they are our own constants. Values may
/// be anything.
///
/// The crate beneath escapes `<` and the quote only; all values go to it through `Escaped`, which leaves it none.
pub struct Document {
    writer: XmlWriter,
}

impl Document {
    /// Makes a whole document in UTF-8, declaration first.
    pub fn whole(
        root: &str,
        attributes: &[(&str, &str)],
        content: impl FnOnce(&mut Self),
    ) -> Vec<u8> {
        let mut document = Self {
            writer: XmlWriter::new(Options {
                use_single_quote: false,
                indent: Indent::None,
                attributes_indent: Indent::None,
            }),
        };
        document.element(root, attributes, content);
        let body = document.writer.end_document();
        let mut whole = Vec::with_capacity(DECLARATION.len() + body.len());
        whole.put(DECLARATION.as_bytes());
        whole.put(body.as_bytes());
        whole
    }

    /// Adds an element with its attributes and whatever `content` adds to it.
    pub fn element(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        content: impl FnOnce(&mut Self),
    ) {
        self.writer.start_element(name);
        for (attribute, value) in attributes {
            self.writer.write_attribute(attribute, &Escaped(value));
        }
        content(self);
        self.writer.end_element();
    }

    /// Adds an element that holds text only; written `<name></name>` when the text is empty.
    pub fn leaf(&mut self, name: &str, text: &str) {
        self.element(name, &[], |inside| inside.text(text));
    }

    /// Adds text to the current element.
    pub fn text(&mut self, text: &str) {
        self.writer
            .write_text_fmt(format_args!("{}", Escaped(text)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quick_xml::escape::unescape;

    fn once(value: &str) -> String {
        let mut bytes = Vec::new();
        text_once(&mut bytes, value);
        String::from_utf8(bytes).unwrap()
    }

    fn twice(value: &str) -> String {
        let mut bytes = Vec::new();
        text_twice(&mut bytes, value);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn markup_is_escaped_and_apostrophes_stay() {
        assert_eq!(
            once("R&B <live> \"it's\" ]]>"),
            "R&amp;B &lt;live&gt; &quot;it's&quot; ]]&gt;"
        );
        assert_eq!(
            twice("R&B <live> \"it's\" ]]>"),
            "R&amp;amp;B &amp;lt;live&amp;gt; &amp;quot;it's&amp;quot; ]]&amp;gt;"
        );
        assert_eq!((once(""), twice("")), (String::new(), String::new()));
    }

    #[test]
    fn eight_bytes_at_once_are_judged_like_one() {
        for byte in 0..=u8::MAX {
            for other in [b'a', 0x80, 0xFF, 0xEE, b'!', b'=', byte] {
                for place in 0..8 {
                    let mut word = [other; 8];
                    word[place] = byte;
                    let wanted = word.iter().position(|&byte| is_special(byte));
                    assert_eq!(first_special(word), wanted, "{word:x?}");
                }
            }
        }
    }

    #[test]
    fn forbidden_characters_are_left_out_and_their_neighbours_kept() {
        assert_eq!(
            once("a\0b\u{1F}c\u{FFFE}d\u{FFFF}e\u{FFFD}\u{FF21}\u{7F}\t\n"),
            "abcde\u{FFFD}\u{FF21}\u{7F}\t\n"
        );
    }

    /// Every length around the chunk of the fast path, the special character at every place in it.
    #[test]
    fn special_characters_are_found_at_every_place() {
        for length in 0..40 {
            for place in 0..length {
                for special in [
                    '&', '<', '>', '"', '\u{1}', '\u{FF5E}', '\u{FFFF}', 'é', '音',
                ] {
                    let text: String = (0..length)
                        .map(|at| if at == place { special } else { 'x' })
                        .collect();
                    let wanted: String = text.chars().filter(|&c| is_char(c)).collect();
                    assert_eq!(unescape(&once(&text)).unwrap(), wanted);
                }
            }
        }
    }

    #[test]
    fn any_text_comes_back_whole_through_two_readers() {
        const PIECES: [&str; 16] = [
            "&",
            "<",
            ">",
            "\"",
            "'",
            "]]>",
            "&amp;",
            "&#0;",
            "<!--",
            "-->",
            "\u{FFFE}",
            "\u{8}",
            "é",
            "音楽",
            "😀",
            "plain words of some length",
        ];
        let mut state: u32 = 1;
        for _ in 0..2000 {
            let mut text = String::new();
            for _ in 0..state % 9 {
                // A linear congruential step (Numerical Recipes): the same texts in every run.
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                text.push_str(PIECES[(state >> 16) as usize % PIECES.len()]);
            }
            state = state.wrapping_add(1);
            let wanted: String = text.chars().filter(|&c| is_char(c)).collect();
            assert_eq!(unescape(&once(&text)).unwrap(), wanted);
            let inner = twice(&text);
            assert!(!inner.contains(['<', '>', '"']), "{inner}");
            assert_eq!(unescape(&unescape(&inner).unwrap()).unwrap(), wanted);
        }
    }

    #[test]
    fn counter_counts_what_a_buffer_gets() {
        let value = "a&b\u{1}ç<";
        let mut counter = Counter::default();
        text_twice(&mut counter, value);
        number(&mut counter, 1234);
        assert_eq!(counter.0, twice(value).len() as u64 + 4);
    }

    #[test]
    fn numbers_are_written_in_decimal() {
        let of = |value, width| {
            let mut bytes = Vec::new();
            padded(&mut bytes, value, width);
            String::from_utf8(bytes).unwrap()
        };
        assert_eq!(of(0, 1), "0");
        assert_eq!(of(0, 0), "");
        assert_eq!(of(7, 3), "007");
        assert_eq!(of(1234, 2), "1234");
        assert_eq!(of(u64::MAX, 1), u64::MAX.to_string());
        assert_eq!(of(5, 99), "00000000000000000005");
    }

    #[test]
    fn document_is_escaped_everywhere() {
        let bytes = Document::whole("a", &[("b", "1 < 2 & \"3\" 'x'\u{1}")], |a| {
            a.leaf("c", "]]> & <d> \"q\"");
            a.leaf("e", "");
            a.element("f", &[("g", "")], |_| {});
        });
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
             <a b=\"1 &lt; 2 &amp; &quot;3&quot; 'x'\">\
             <c>]]&gt; &amp; &lt;d&gt; &quot;q&quot;</c><e></e><f g=\"\"/></a>"
        );
    }
}
