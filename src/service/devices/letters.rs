//! Documents of fewer letters, for devices that cannot read all.

use std::fmt::Write as _;

use super::treatment::{Letters, Treatment};
use crate::wire::xml::write::DECLARATION;

/// Shows `document` to `put`, its letters as a device reads them. References begin with `and`, which is `&` as it is written
/// at this depth.
pub(in crate::service) fn respell(
    document: &[u8],
    letters: Letters,
    and: &str,
    mut put: impl FnMut(&[u8]),
) {
    let is_read = |byte: &u8| match letters {
        Letters::Usual => true,
        Letters::Apostrophes => *byte != b'\'',
        Letters::Ascii => byte.is_ascii(),
    };
    let mut rest = document;
    loop {
        let clean = rest.iter().position(|byte| !is_read(byte));
        let (run, tail) = rest.split_at(clean.unwrap_or(rest.len()));
        put(run);
        // What is written is UTF-8.
        let start = tail.get(..tail.len().min(4)).unwrap_or_default();
        let letter = start.utf8_chunks().next();
        let letter = letter.and_then(|chunk| chunk.valid().chars().next());
        let Some(letter) = letter else {
            return;
        };
        let mut reference = heapless::String::<24>::new();
        // The longest is `&amp;#1114111;`.
        let _ = match letters {
            Letters::Apostrophes => write!(reference, "{and}apos;"),
            _ => write!(reference, "{and}#{};", u32::from(letter)),
        };
        put(reference.as_bytes());
        rest = tail.get(letter.len_utf8()..).unwrap_or_default();
    }
}

impl Treatment {
    /// A whole document as a device reads it.
    pub(in crate::service) fn document(&self, mut document: Vec<u8>) -> Vec<u8> {
        if !self.declaration && document.starts_with(DECLARATION.as_bytes()) {
            document.drain(..DECLARATION.len());
        }
        if self.letters.are_usual() {
            return document;
        }
        let mut respelt = Vec::with_capacity(document.len());
        respell(&document, self.letters, "&", |piece| {
            respelt.extend_from_slice(piece);
        });
        respelt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_become_references() {
        let respelt = |text: &str, letters, and| {
            let mut out = Vec::new();
            respell(text.as_bytes(), letters, and, |piece| {
                out.extend_from_slice(piece);
            });
            String::from_utf8(out).unwrap()
        };
        let text = "it's caf\u{e9} \u{1F600}";
        assert_eq!(respelt(text, Letters::Usual, "&"), text);
        assert_eq!(
            respelt(text, Letters::Apostrophes, "&amp;"),
            "it&amp;apos;s caf\u{e9} \u{1F600}"
        );
        assert_eq!(
            respelt(text, Letters::Ascii, "&"),
            "it's caf&#233; &#128512;"
        );
        assert_eq!(respelt("", Letters::Ascii, "&"), "");
    }

    #[test]
    fn a_document_loses_its_declaration_only_where_it_must() {
        let document = || [DECLARATION.as_bytes(), b"<a/>"].concat();
        assert_eq!(Treatment::PLAIN.document(document()), document());
        let bare = Treatment {
            declaration: false,
            ..Treatment::PLAIN
        };
        assert_eq!(bare.document(document()), b"<a/>");
    }
}
