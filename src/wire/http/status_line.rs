//! The first line of a reply that somebody else sends (RFC 9112 §4): all that rill reads of the answers to its events.

use crate::wire::text;

/// Bytes of a status line as far as it matters: `HTTP/1.1 200`.
const CODE_END: usize = 12;

/// It is no status line of HTTP/1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Reads the status code at the front of `reply`; `None` while too little has come.
///
/// ```text
/// byte 0        8 9   12
///      HTTP/1.1 ␠ 200 ␠ reason...     the reason phrase and its blank are not looked at
/// ```
///
/// # Errors
/// [`Malformed`], as soon as it is certain.
pub fn parse(reply: &[u8]) -> Result<Option<u16>, Malformed> {
    const FORM: &[u8] = b"HTTP/1.";
    let seen = reply.get(..CODE_END + 1).unwrap_or(reply);
    let known = seen.len().min(FORM.len());
    if seen.get(..known) != FORM.get(..known) {
        return Err(Malformed);
    }
    match *seen {
        [_, _, _, _, _, _, _, minor, b' ', a, b, c, end]
            if minor.is_ascii_digit()
                && matches!(a, b'1'..=b'9')
                && matches!(end, b' ' | b'\r' | b'\n') =>
        {
            let code = text::parse_u32(&[a, b, c]).ok_or(Malformed)?;
            u16::try_from(code).map(Some).map_err(|_| Malformed)
        }
        _ if seen.len() > CODE_END => Err(Malformed),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_read_once_it_has_come() {
        let whole = b"HTTP/1.1 412 Precondition Failed\r\n\r\n";
        for end in 0..=whole.len() {
            let wanted = (end > CODE_END).then_some(412);
            assert_eq!(parse(&whole[..end]), Ok(wanted), "{end} bytes");
        }
        for (line, code) in [
            (&b"HTTP/1.0 200 OK\r\n"[..], 200),
            (b"HTTP/1.1 200\r\n", 200),
            (b"HTTP/1.1 599\n", 599),
            (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", 100),
        ] {
            assert_eq!(parse(line), Ok(Some(code)), "{}", line.escape_ascii());
        }
    }

    #[test]
    fn what_is_no_status_line_is_refused_at_once() {
        for bad in [
            &b"<"[..],
            b"http/1.1 200 OK\r\n",
            b"HTTP/2 200 OK\r\n",
            b"HTTP/1.1  200 OK\r\n",
            b"HTTP/1.1 2x0 OK\r\n",
            b"HTTP/1.1 2000 OK\r\n",
            b"HTTP/1.1 020 OK\r\n",
            b"HTTP/1.x 200 OK\r\n",
            b"ICY 200 OK\r\n",
            b"\x16\x03\x01",
        ] {
            assert_eq!(parse(bad), Err(Malformed), "{}", bad.escape_ascii());
        }
    }
}
