//! XML 1.0: writing by streams, reading by a bounded pull parser.

pub mod read;
pub mod write;

/// Whether XML 1.0 lets this character stand in a document at all (XML 1.0 §2.2, production `Char`).
fn is_char(character: char) -> bool {
    matches!(character,
        '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::is_char;

    #[test]
    fn controls_and_noncharacters_are_not_xml() {
        for bad in [
            '\0', '\u{8}', '\u{B}', '\u{C}', '\u{1F}', '\u{FFFE}', '\u{FFFF}',
        ] {
            assert!(!is_char(bad), "{bad:?}");
        }
        for good in [
            '\t',
            '\n',
            '\r',
            ' ',
            '\u{7F}',
            '\u{D7FF}',
            '\u{FFFD}',
            '\u{10FFFF}',
        ] {
            assert!(is_char(good), "{good:?}");
        }
    }
}
