//! Subtitles in UTF-8, whatever they were written in: renderers ask for nothing else, and guess wrongly.
//!
//! What a file is written in stands nowhere, so it is told from a byte order mark, from being valid UTF-8, from the
//! language in the file's name (`Film.hu.srt`), and last from the letters: each code page is tried, and the one in which
//! the text has the most letters that its languages use, and the fewest impossible neighbours, is taken.
//!
//! Chinese, Japanese and Korean code pages are not converted: their tables would take 160 KiB on a board. Such text
//! goes out as it is ([`Charset::Unchanged`]), for renderers sold there know it.

mod guess;
mod pages;

use pages::Page;

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8, or ASCII alone; with a byte order mark or without. Goes out as it is.
    Utf8,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// One byte for each character.
    SingleByte(CodePage),
    /// Something that is not converted, such as GBK, Big5, Shift JIS, EUC-KR. Goes out as it is.
    Unchanged,
}

/// The single-byte code pages known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodePage {
    /// Polish, Czech, Slovak, Hungarian, Slovene, Croatian, Romanian, Albanian.
    Windows1250,
    /// Russian, Ukrainian, Belarusian, Bulgarian, Macedonian, Serbian.
    Windows1251,
    /// English, German, French, Spanish, Italian, Portuguese, Dutch, the Nordic languages.
    Windows1252,
    /// Greek.
    Windows1253,
    /// Turkish.
    Windows1254,
    /// Hebrew.
    Windows1255,
    /// Arabic, Persian, Urdu.
    Windows1256,
    /// Estonian, Latvian, Lithuanian.
    Windows1257,
    /// Vietnamese.
    Windows1258,
    /// Thai.
    Windows874,
    /// The languages of Windows-1250, from other systems.
    Iso8859Part2,
    /// Russian, from other systems.
    Koi8R,
}

impl CodePage {
    fn page(self) -> &'static Page {
        match self {
            Self::Windows1250 => &pages::WINDOWS_1250,
            Self::Windows1251 => &pages::WINDOWS_1251,
            Self::Windows1252 => &pages::WINDOWS_1252,
            Self::Windows1253 => &pages::WINDOWS_1253,
            Self::Windows1254 => &pages::WINDOWS_1254,
            Self::Windows1255 => &pages::WINDOWS_1255,
            Self::Windows1256 => &pages::WINDOWS_1256,
            Self::Windows1257 => &pages::WINDOWS_1257,
            Self::Windows1258 => &pages::WINDOWS_1258,
            Self::Windows874 => &pages::WINDOWS_874,
            Self::Iso8859Part2 => &pages::ISO_8859_2,
            Self::Koi8R => &pages::KOI8_R,
        }
    }

    /// What a byte means; U+FFFD if nothing.
    fn character(self, byte: u8) -> char {
        let upper = byte.checked_sub(0x80).map(usize::from);
        let code = upper.map_or(Some(u16::from(byte)), |at| self.page().get(at).copied());
        code.and_then(|c| char::from_u32(u32::from(c)))
            .unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

impl Charset {
    /// Whether the bytes go out as they are, so that the file itself may be sent.
    pub fn is_unchanged(self) -> bool {
        matches!(self, Self::Utf8 | Self::Unchanged)
    }
}

/// Tells how a text is written, from its first bytes: the whole of it, or some 64 KiB. `language` is what its name says,
/// see [`language`].
pub fn detect(sample: &[u8], language: Option<&str>) -> Charset {
    match sample {
        [0xEF, 0xBB, 0xBF, ..] => return Charset::Utf8,
        [0xFF, 0xFE, ..] => return Charset::Utf16Le,
        [0xFE, 0xFF, ..] => return Charset::Utf16Be,
        _ => {}
    }
    if let Some(charset) = guess::utf16(sample) {
        return charset;
    }
    if guess::is_utf8(sample) {
        return Charset::Utf8;
    }
    guess::legacy(sample, language)
}

/// The language in the name of a subtitle file, as it stands there: `ru` in `Film.ru.srt`, `pt-BR` in
/// `Film.pt-BR.forced.srt`. What is not a language is returned too; [`detect`] takes it for none.
pub fn language(file_name: &str) -> Option<&str> {
    let (stem, _) = file_name.rsplit_once('.')?;
    let mut parts = stem.rsplit('.');
    let is_mark = |part: &&str| {
        let marks = ["forced", "sdh", "cc", "hi", "default", "full"];
        marks.iter().any(|m| part.eq_ignore_ascii_case(m))
    };
    let word = parts.find(|p| !is_mark(p))?;
    // The first part is the film's own name.
    parts.next().map(|_| word)
}

/// Turns a text into UTF-8, chunk by chunk; chunks may end anywhere. Memory is fixed. The same chunks give the same bytes,
/// so that a first pass can count what a second will send. What has no meaning becomes U+FFFD. No byte order mark is
/// written; that of UTF-16 is dropped.
#[derive(Clone, Debug)]
pub struct Converter {
    charset: Charset,
    /// The first byte of a UTF-16 unit whose second has not come.
    half: Option<u8>,
    /// The first unit of a surrogate pair whose second has not come.
    high: Option<u16>,
    started: bool,
}

impl Converter {
    /// For a text written so.
    pub fn new(charset: Charset) -> Self {
        Self {
            charset,
            half: None,
            high: None,
            started: false,
        }
    }

    /// Converts the next bytes and hands the result to `out`, in pieces.
    pub fn convert(&mut self, bytes: &[u8], out: &mut dyn FnMut(&[u8])) {
        match self.charset {
            Charset::Utf8 | Charset::Unchanged => out(bytes),
            Charset::SingleByte(page) => single_byte(page, bytes, out),
            Charset::Utf16Le => self.utf16(bytes, u16::from_le_bytes, out),
            Charset::Utf16Be => self.utf16(bytes, u16::from_be_bytes, out),
        }
    }

    /// Ends the text: what was left open becomes U+FFFD.
    pub fn finish(&mut self, out: &mut dyn FnMut(&[u8])) {
        let open = self.half.take().is_some() | self.high.take().is_some();
        if open {
            write(char::REPLACEMENT_CHARACTER, out);
        }
    }

    fn utf16(&mut self, bytes: &[u8], unit: fn([u8; 2]) -> u16, out: &mut dyn FnMut(&[u8])) {
        for byte in bytes {
            if let Some(first) = self.half.take() {
                self.unit(unit([first, *byte]), out);
            } else {
                self.half = Some(*byte);
            }
        }
    }

    /// One unit of UTF-16 (RFC 2781 §2.2).
    fn unit(&mut self, unit: u16, out: &mut dyn FnMut(&[u8])) {
        let first = !std::mem::replace(&mut self.started, true);
        if first && unit == 0xFEFF {
            return;
        }
        match (self.high.take(), unit) {
            (Some(high), 0xDC00..0xE000) => {
                let pair = (u32::from(high) & 0x3FF) << 10 | u32::from(unit) & 0x3FF;
                write_code(0x1_0000 + pair, out);
            }
            (before, _) => {
                if before.is_some() {
                    write(char::REPLACEMENT_CHARACTER, out);
                }
                if (0xD800..0xDC00).contains(&unit) {
                    self.high = Some(unit);
                } else {
                    write_code(u32::from(unit), out);
                }
            }
        }
    }
}

/// ASCII goes out in runs, all else character by character.
fn single_byte(page: CodePage, bytes: &[u8], out: &mut dyn FnMut(&[u8])) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let ascii = rest.iter().take_while(|b| b.is_ascii()).count();
        let (run, behind) = rest.split_at(ascii);
        if !run.is_empty() {
            out(run);
        }
        rest = behind;
        if let Some((byte, behind)) = rest.split_first() {
            write(page.character(*byte), out);
            rest = behind;
        }
    }
}

fn write_code(code: u32, out: &mut dyn FnMut(&[u8])) {
    write(
        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
        out,
    );
}

fn write(character: char, out: &mut dyn FnMut(&[u8])) {
    out(character.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests;
