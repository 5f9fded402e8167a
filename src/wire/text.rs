//! The small tokens that HTTP, SSDP and SOAP share: optional white space, comma lists, strict numbers.
//!
//! Everything works on bytes, borrows, and never allocates. Nothing here is lenient: what a caller wants to
//! forgive (a sign, a blank, a wrong case) it must forgive itself.

/// Cuts optional white space (`OWS = *( SP / HTAB )`, RFC 9110 §5.6.3) off both ends.
pub fn trim_ows(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// The members of a comma list, trimmed, without the empty ones (RFC 9110 §5.6.1.2).
///
/// Knows nothing of quoting: for lists whose members may hold a comma (entity tags) it is the wrong tool.
pub fn list(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b',')
        .map(trim_ows)
        .filter(|member| !member.is_empty())
}

/// Whether a comma list has `token` as a whole member, ASCII case ignored: `Connection: Keep-Alive, close`.
pub fn list_contains(text: &[u8], token: &str) -> bool {
    list(text).any(|member| member.eq_ignore_ascii_case(token.as_bytes()))
}

/// Whether `byte` may stand in a token: method and field names (`tchar`, RFC 9110 §5.6.2).
pub const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

/// Whether `text` is one token: not empty, token bytes only.
pub fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().copied().all(is_token_byte)
}

/// Whether `text` is `1*DIGIT`: what [`parse_u64`] reads, whatever its size.
pub fn is_digits(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// The longest begin of `text` that has at most `most` bytes and ends between two characters.
pub fn cut(text: &str, most: usize) -> &str {
    let mut ends = (0..=most.min(text.len())).rev();
    ends.find_map(|end| text.get(..end)).unwrap_or_default()
}

/// Reads `1*DIGIT`: no sign, no blank, nothing behind. `None` for anything else and for more than `u64::MAX`.
pub fn parse_u64(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |value, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// [`parse_u64`] for values that must fit 32 bits, such as `ui4`.
pub fn parse_u32(text: &[u8]) -> Option<u32> {
    parse_u64(text).and_then(|value| u32::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_cut_at_both_ends_and_only_there() {
        assert_eq!(trim_ows(b" \t a b\t "), b"a b");
        assert_eq!(trim_ows(b" \t "), b"");
        assert_eq!(trim_ows(b""), b"");
        assert_eq!(trim_ows(b"\r\n"), b"\r\n"); // line ends are not OWS
    }

    #[test]
    fn a_list_member_is_found_whole_and_in_any_case() {
        assert!(list_contains(b"keep-alive, Close", "close"));
        assert!(list_contains(b" ,,\tCLOSE , x", "close"));
        assert!(!list_contains(b"closed, not-close", "close"));
        assert!(!list_contains(b"", "close"));
        assert!(!list_contains(b",", ""));
    }

    #[test]
    fn texts_are_cut_between_characters() {
        for (text, most, expected) in [
            ("", 0, ""),
            ("abc", 9, "abc"),
            ("abc", 2, "ab"),
            ("a\u{97f3}b", 3, "a"),
            ("a\u{97f3}b", 4, "a\u{97f3}"),
            ("\u{97f3}", 0, ""),
        ] {
            assert_eq!(cut(text, most), expected);
        }
    }

    #[test]
    fn tokens_hold_no_separator_blank_or_control() {
        assert!(is_token(b"M-SEARCH") && is_token(b"x!#$%&'*+-.^_`|~9"));
        for bad in [
            &b""[..],
            b"a b",
            b"a:",
            b"\"a\"",
            b"a\0",
            b"caf\xc3\xa9",
            b"a/b",
            b"\x7f",
        ] {
            assert!(!is_token(bad), "{bad:?}");
        }
    }

    #[test]
    fn numbers_are_digits_and_fit() {
        for (text, value) in [
            (&b"0"[..], Some(0)),
            (b"007", Some(7)),
            (b"18446744073709551615", Some(u64::MAX)),
            (b"18446744073709551616", None), // one more than fits
            (b"99999999999999999999999999", None),
            (b"", None),
            (b"+1", None),
            (b"-1", None),
            (b" 1", None),
            (b"1 ", None),
            (b"1\0", None),
            (b"0x10", None),
            (b"1e3", None),
            (b"\xd9\xa1", None), // an Arabic digit one
        ] {
            assert_eq!(parse_u64(text), value, "{text:?}");
        }
        assert_eq!(parse_u32(b"4294967295"), Some(u32::MAX));
        assert_eq!(parse_u32(b"4294967296"), None);
        assert!(is_digits(b"99999999999999999999999999") && !is_digits(b"") && !is_digits(b"1a"));
    }
}
