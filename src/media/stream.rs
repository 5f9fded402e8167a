//! Streams: what is played from the Internet. rill never opens one; it only tells players where it is.

use super::{Class, mime::Mime};
use crate::limits;

/// The address as it is told to players: scheme in lower case, what is no ASCII percent-encoded (RFC 3987 §3.1).
///
/// `None` for what is no absolute `http` or `https` URL with a host, holds spaces, control characters or what no URL
/// holds, or is longer than [`limits::STREAM_URL_BYTES`].
pub fn address(stated: &str) -> Option<String> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| char::from(DIGITS.get(usize::from(value)).copied().unwrap_or(b'0'));
    if stated.len() > limits::STREAM_URL_BYTES {
        return None;
    }
    let (scheme, rest) = stated.split_once("://")?;
    let mut url = scheme.to_ascii_lowercase();
    url.push_str("://");
    for byte in rest.bytes() {
        if byte.is_ascii() {
            url.push(char::from(byte));
        } else {
            url.push('%');
            url.push(digit(byte >> 4));
            url.push(digit(byte & 15));
        }
    }
    is_address(url.as_bytes()).then_some(url)
}

/// It is what [`address`] makes.
pub fn is_address(url: &[u8]) -> bool {
    let has_scheme = url.starts_with(b"http://") || url.starts_with(b"https://");
    // `http:///x` means nothing.
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'[';
    let has_host = || {
        let url = std::str::from_utf8(url).unwrap_or_default();
        host_and_name(url).0.bytes().next().is_some_and(is_host)
    };
    let is_good = |byte: &u8| byte.is_ascii_graphic() && !br#""<>\^`{|}"#.contains(byte);
    has_scheme && url.len() <= limits::STREAM_URL_BYTES && url.iter().all(is_good) && has_host()
}

/// What an address is likely to give: by its extension, else sound in MP3, as most stations send. `is_radio`: the
/// playlist says so.
pub fn kind(url: &str, is_radio: bool) -> (Class, Mime) {
    let (_, name) = host_and_name(url);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match Mime::from_extension(extension.as_bytes()) {
        Some(mime) if matches!(mime.class(), Class::Audio | Class::Video) => (mime.class(), mime),
        // A segment list of HTTP Live Streaming (RFC 8216) is both, and only its segments tell. Where nobody says radio it
        // is shown as television: a player of films plays sound as well, but one of music shows no pictures.
        Some(mime) if extension.eq_ignore_ascii_case("m3u8") => {
            if is_radio || speaks_of_radio(url) {
                (Class::Audio, mime)
            } else {
                (Class::Video, mime)
            }
        }
        Some(mime) if mime.class() == Class::Playlist => (Class::Audio, mime),
        _ => (Class::Audio, Mime::MPEG_AUDIO),
    }
}

/// One of its words is "radio", or says that it is sound: as addresses of stations and names of groups have it.
pub(super) fn speaks_of_radio(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    words.any(|word| {
        ["radio", "radios", "audio"]
            .iter()
            .any(|known| word.eq_ignore_ascii_case(known))
    })
}

/// What is shown where the playlist gives no title: `radio.example/live.mp3`.
pub fn title(url: &str) -> String {
    match host_and_name(url) {
        (host, "") => host.to_owned(),
        (host, name) => format!("{host}/{name}"),
    }
}

/// The host, without user, password and port; the last name of the path.
fn host_and_name(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let (rest, _) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => host,
    };
    let path = path.trim_end_matches('/');
    (host, path.rsplit_once('/').map_or(path, |(_, name)| name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_absolute_and_printable() {
        for (stated, told) in [
            ("http://radio.example/a?b=1&c='2'#d", None),
            (
                "HTTPS://radio.example:8000/;",
                Some("https://radio.example:8000/;"),
            ),
            ("http://[::1]:80/x", None),
            ("http://user:word@radio.example/", None),
            (
                "http://radio.example/é",
                Some("http://radio.example/%C3%A9"),
            ),
        ] {
            let found = address(stated).unwrap();
            assert_eq!(found, told.unwrap_or(stated));
            assert_eq!(address(&found).as_ref(), Some(&found));
            for end in (0..stated.len()).filter(|end| stated.is_char_boundary(*end)) {
                if let Some(url) = address(&stated[..end]) {
                    assert!(is_address(url.as_bytes()));
                    assert!(!title(&url).is_empty(), "{url}");
                }
            }
        }
        for bad in [
            "",
            "http",
            "http://",
            "http:///x",
            "http://user@/x",
            "http://:80/x",
            "http://é.example/",
            "http:radio.example",
            "radio.example/x",
            "file:///etc/passwd",
            "ftp://radio.example/",
            "javascript://radio.example/%0Aalert(1)",
            "http://radio.example/a b",
            "http://radio.example/a\tb",
            "http://radio.example/a\r\nb",
            "http://radio.example/\u{7f}",
            "http://radio.example/<x>",
            "http://radio.example/\"",
        ] {
            assert_eq!(address(bad), None, "{bad:?}");
        }
        let longest = |more| {
            let start = "http://radio.example/";
            let rest = limits::STREAM_URL_BYTES - start.len() + more;
            format!("{start}{}", "a".repeat(rest))
        };
        assert!(address(&longest(0)).is_some());
        assert_eq!(address(&longest(1)), None);
        // It is the encoded one that counts.
        assert_eq!(address(&longest(0).replace("aaa", "éa")), None);
    }

    #[test]
    fn the_extension_tells_the_kind() {
        for (url, class, mime) in [
            ("http://h/live", Class::Audio, "audio/mpeg"),
            ("http://h/live.php?x=a.mp4", Class::Audio, "audio/mpeg"),
            ("http://h.ts", Class::Audio, "audio/mpeg"),
            ("http://h/cover.jpg", Class::Audio, "audio/mpeg"),
            ("http://h/a.FLAC#x", Class::Audio, Mime::FLAC.as_str()),
            ("http://h/a.mp4?x", Class::Video, "video/mp4"),
            ("http://h/a.ts", Class::Video, "video/mpeg"),
        ] {
            let (found, told) = kind(url, false);
            assert_eq!((found, told.as_str()), (class, mime), "{url}");
        }
        assert_eq!(kind("http://h/a.pls", false).0, Class::Audio);
        assert_eq!(kind("http://h/a.mp4", true).0, Class::Video);
    }

    #[test]
    fn segment_lists_are_television_unless_something_says_radio() {
        let class = |url| kind(url, false).0;
        assert_eq!(class("http://h/a.m3u8"), Class::Video);
        assert_eq!(kind("http://h/a.m3u8", true).0, Class::Audio);
        assert_eq!(class("http://h/radio/one.M3U8"), Class::Audio);
        assert_eq!(class("http://h/one-audio%3d320000.m3u8?x"), Class::Audio);
        assert_eq!(class("http://radioplus.tv/live.m3u8"), Class::Video);
    }

    #[test]
    fn an_address_without_a_title_is_shown_by_host_and_name() {
        for (url, shown) in [
            ("http://h", "h"),
            ("http://h/", "h"),
            ("http://u:p@h:80/a/b.mp3/?q/r", "h/b.mp3"),
            ("https://[::1]:80/x", "[::1]/x"),
            ("https://[::1]/x", "[::1]/x"),
        ] {
            assert_eq!(title(url), shown, "{url}");
        }
    }
}
