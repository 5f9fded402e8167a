//! Writing for a shell: JSON (RFC 8259), as much as one line of a report needs, objects of texts, numbers, truths, lists
//! and objects; and texts of strangers in a form that no terminal obeys.

use std::fmt::Write as _;

/// An object under construction, without its closing brace.
#[derive(Debug)]
pub struct Object(String);

impl Object {
    /// No members yet.
    pub fn new() -> Self {
        Self("{".to_owned())
    }

    /// `"name":"text"`. Members stand in the order of the calls; a name must be given once.
    pub fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        quote(text, &mut self.0);
    }

    /// `"name":number`.
    pub fn number(&mut self, name: &str, number: impl Into<u64>) {
        self.name(name);
        // Writing to a String cannot fail.
        let _ = write!(self.0, "{}", number.into());
    }

    /// `"name":true`.
    pub fn truth(&mut self, name: &str, truth: bool) {
        self.name(name);
        self.0 += if truth { "true" } else { "false" };
    }

    /// `"name":["text",…]`.
    pub fn texts<'t>(&mut self, name: &str, texts: impl IntoIterator<Item = &'t str>) {
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

    /// `"name":[{…},…]`.
    pub fn objects(&mut self, name: &str, objects: impl IntoIterator<Item = Self>) {
        self.name(name);
        self.0.push('[');
        for (n, object) in objects.into_iter().enumerate() {
            if n > 0 {
                self.0.push(',');
            }
            self.0 += &object.finish();
        }
        self.0.push(']');
    }

    /// `"name":{…}`.
    pub fn object(&mut self, name: &str, object: Self) {
        self.name(name);
        self.0 += &object.finish();
    }

    /// The whole text: one line, without its end.
    pub fn finish(mut self) -> String {
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

impl Default for Object {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a terminal shows this character as itself: no control characters (C1 too, which some obey), and none that
/// change the direction of what stands around them or break the line.
pub fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// A text of a stranger for a terminal: U+FFFD stands for every character that is not shown as itself, and what is
/// longer than `chars` characters ends in an ellipsis.
pub fn plain(text: &str, chars: usize) -> String {
    let shown = |c| if is_plain(c) { c } else { '\u{FFFD}' };
    let mut plain: String = text.chars().take(chars).map(shown).collect();
    if text.chars().nth(chars).is_some() {
        plain.pop();
        plain.push('\u{2026}');
    }
    plain
}

/// A string of RFC 8259 §7: what must be escaped is, and so is what a terminal would obey; everything else stands as it
/// is.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => *out += "\\n",
            '\r' => *out += "\\r",
            '\t' => *out += "\\t",
            // All of these have four digits.
            _ if !is_plain(c) => {
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
        object.objects("list", [Object::new(), Object::new()]);
        assert_eq!(
            object.finish(),
            r#"{"a":"b","most":18446744073709551615,"yes":true,"no":false,"none":[],"two":["x","y\""],"in":{"n":0},"list":[{},{}]}"#
        );
    }

    #[test]
    fn what_would_end_a_string_or_a_line_is_escaped() {
        for (text, expected) in [
            ("", r#""""#),
            ("a\"b\\c/", r#""a\"b\\c/""#),
            ("\n\r\t", r#""\n\r\t""#),
            (
                "\0\x1B\x1F\x7F\u{9B}",
                "\"\\u0000\\u001b\\u001f\\u007f\\u009b\"",
            ),
            ("a\u{202E}b\u{2028}", "\"a\\u202eb\\u2028\""),
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
            assert!(!out.contains(char::is_control), "{c:?}");
        }
    }

    #[test]
    fn a_terminal_is_told_nothing_but_text() {
        assert_eq!(
            plain("f\u{fc}r \u{97f3}\u{697d}", 9),
            "f\u{fc}r \u{97f3}\u{697d}"
        );
        assert_eq!(
            plain("\x1B[2J\u{9B}31m\u{202E}\n\0", 20),
            "\u{FFFD}[2J\u{FFFD}31m\u{FFFD}\u{FFFD}\u{FFFD}"
        );
        assert_eq!(plain("abcdef", 6), "abcdef");
        assert_eq!(plain("abcdefg", 6), "abcde\u{2026}");
        assert_eq!(plain("\u{97f3}\u{97f3}", 1), "\u{2026}");
    }
}
