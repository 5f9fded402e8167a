//! Writing JSON (RFC 8259), as much as one line of a report needs: objects of texts, numbers, truths, lists and objects.

use std::fmt::Write as _;

/// An object under construction, without its closing brace.
#[derive(Debug)]
pub(super) struct Object(String);

impl Object {
    /// No members yet.
    pub(super) fn new() -> Self {
        Self("{".to_owned())
    }

    /// `"name":"text"`. Members stand in the order of the calls; a name must be given once.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        quote(text, &mut self.0);
    }

    /// `"name":number`.
    pub(super) fn number(&mut self, name: &str, number: impl Into<u64>) {
        self.name(name);
        // Writing to a String cannot fail.
        let _ = write!(self.0, "{}", number.into());
    }

    /// `"name":true`.
    pub(super) fn truth(&mut self, name: &str, truth: bool) {
        self.name(name);
        self.0 += if truth { "true" } else { "false" };
    }

    /// `"name":["text",…]`.
    pub(super) fn texts<'t>(&mut self, name: &str, texts: impl IntoIterator<Item = &'t str>) {
        self.name(name);
        self.0.push('[');
        for (n, text) in texts.into_iter().enumerate() {
            if n > 0 {
                self.0.push(',');
            }
            quote(text, &mut self.0);
        }
        self.0.push(']');
    }

    /// `"name":{…}`.
    pub(super) fn object(&mut self, name: &str, object: Self) {
        self.name(name);
        self.0 += &object.finish();
    }

    /// The whole text: one line, without its end.
    pub(super) fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        quote(name, &mut self.0);
        self.0.push(':');
    }
}

/// A string of RFC 8259 §7: what must be escaped is, and everything else stands as it is.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => *out += "\\n",
            '\r' => *out += "\\r",
            '\t' => *out += "\\t",
            '\0'..='\x1F' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_member_is_written() {
        assert_eq!(Object::new().finish(), "{}");
        let mut inner = Object::new();
        inner.number("n", 0_u8);
        let mut object = Object::new();
        object.text("a", "b");
        object.number("most", u64::MAX);
        object.truth("yes", true);
        object.truth("no", false);
        object.texts("none", []);
        object.texts("two", ["x", "y\""]);
        object.object("in", inner);
        assert_eq!(
            object.finish(),
            r#"{"a":"b","most":18446744073709551615,"yes":true,"no":false,"none":[],"two":["x","y\""],"in":{"n":0}}"#
        );
    }

    #[test]
    fn what_would_end_a_string_or_a_line_is_escaped() {
        for (text, expected) in [
            ("", r#""""#),
            ("a\"b\\c/", r#""a\"b\\c/""#),
            ("\n\r\t", r#""\n\r\t""#),
            ("\0\x1B\x1F\x7F", "\"\\u0000\\u001b\\u001f\x7F\""),
            ("für 音楽 🎵 \u{FFFD}", "\"für 音楽 🎵 \u{FFFD}\""),
        ] {
            let mut out = String::new();
            quote(text, &mut out);
            assert_eq!(out, expected);
        }
        // No character may leave the line, whatever it is.
        for c in '\0'..='\u{FF}' {
            let mut out = String::new();
            quote(&c.to_string(), &mut out);
            assert!(!out.contains(|c: char| c < ' '), "{c:?}");
        }
    }
}
