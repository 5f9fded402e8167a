//! Guesses how a text without any mark is written.

use super::{Charset, CodePage};

/// UTF-16 without a mark: in any European text, one byte of most units is zero.
pub(super) fn utf16(sample: &[u8]) -> Option<Charset> {
    let pairs = sample.as_chunks::<2>().0;
    let zeros = |at: fn(&[u8; 2]) -> u8| pairs.iter().filter(|p| at(p) == 0).count();
    let (first, second) = (zeros(|p| p[0]), zeros(|p| p[1]));
    let most = |n: usize| n * 3 > pairs.len() * 2;
    let few = |n: usize| n * 20 < pairs.len();
    if pairs.len() < 4 {
        None
    } else if most(second) && few(first) {
        Some(Charset::Utf16Le)
    } else if most(first) && few(second) {
        Some(Charset::Utf16Be)
    } else {
        None
    }
}

/// Whether it is UTF-8: valid, but that the sample may end inside a character; or so nearly valid that a slip of its maker
/// explains it, for what is written otherwise hardly ever has one character of several bytes.
pub(super) fn is_utf8(sample: &[u8]) -> bool {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in sample.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    let cut = std::str::from_utf8(sample).is_err_and(|e| e.error_len().is_none());
    bad == usize::from(cut) || good > 20 * bad
}

/// The code page that a language is written in, or that the letters speak for.
pub(super) fn legacy(sample: &[u8], language: Option<&str>) -> Charset {
    let spoken = language.and_then(pages_of);
    let candidates = spoken.unwrap_or(ANY);
    if spoken.is_some_and(<[CodePage]>::is_empty) {
        return Charset::Unchanged;
    }
    let stated = best(sample, candidates);
    match stated {
        // A name may lie; a byte without any meaning shows it.
        Some((page, _)) if spoken.is_some() && has_meaning(sample, page) => {
            Charset::SingleByte(page)
        }
        _ if is_double_byte(sample) => Charset::Unchanged,
        _ => match best(sample, ANY) {
            Some((page, score)) if is_convincing(sample, score) => Charset::SingleByte(page),
            _ => Charset::Unchanged,
        },
    }
}

/// Whether it can be GBK, Big5, Shift JIS or EUC-KR: upper bytes come with a second one, which is not an ASCII letter most
/// of the time, and never a space or a sign. In other pages half of all words end otherwise.
fn is_double_byte(sample: &[u8]) -> bool {
    let (mut pairs, mut ascii, mut broken, mut ends) = (0_usize, 0_usize, 0_usize, 0_usize);
    let mut bytes = sample.iter().peekable();
    while let Some(lead) = bytes.next() {
        if lead.is_ascii() {
            continue;
        }
        match bytes.next() {
            Some(0x00..0x40 | 0x7F) => broken += 1,
            Some(trail) => {
                pairs += 1;
                ascii += usize::from(trail.is_ascii());
                ends += usize::from(bytes.peek().is_none_or(|b| **b < 0x40));
            }
            None => {}
        }
    }
    ends >= 4 && broken * 50 <= pairs && ascii * 5 <= pairs * 3
}

/// Pages tried when nothing is known; of equals the first is taken.
const ANY: &[CodePage] = &[
    CodePage::Windows1252,
    CodePage::Windows1251,
    CodePage::Windows1257,
    CodePage::Windows1250,
    CodePage::Windows1254,
    CodePage::Windows1253,
    CodePage::Windows1255,
    CodePage::Windows1256,
    CodePage::Windows874,
    CodePage::Koi8R,
    CodePage::Iso8859Part2,
];

/// The pages of a language, by ISO 639-1 or 639-2 code or its English name, a region behind it aside; none if it is not
/// converted.
fn pages_of(language: &str) -> Option<&'static [CodePage]> {
    let word = language.split(['-', '_']).next()?.to_ascii_lowercase();
    LANGUAGES
        .iter()
        .find(|(words, _)| words.split(' ').any(|w| w == word))
        .map(|(_, pages)| *pages)
}

#[rustfmt::skip]
const LANGUAGES: &[(&str, &[CodePage])] = &[
    ("pl pol polish cs cze ces czech sk slo slk slovak hu hun hungarian sl slv slovenian hr hrv scr croatian \
      bs bos bosnian ro rum ron romanian sq alb sqi albanian", &[CodePage::Windows1250, CodePage::Iso8859Part2]),
    ("ru rus russian", &[CodePage::Windows1251, CodePage::Koi8R]),
    ("uk ukr ukrainian be bel belarusian bg bul bulgarian mk mac mkd macedonian", &[CodePage::Windows1251]),
    ("sr srp scc serbian", &[CodePage::Windows1250, CodePage::Windows1251]),
    ("en eng english de ger deu german fr fre fra french es spa spanish it ita italian pt por portuguese pb pob \
      nl dut nld dutch sv swe swedish da dan danish no nb nn nor norwegian fi fin finnish is ice isl icelandic \
      ca cat catalan gl glg eu baq eus ga gle id ind ms may msa", &[CodePage::Windows1252]),
    ("el gre ell greek", &[CodePage::Windows1253]),
    ("tr tur turkish", &[CodePage::Windows1254]),
    ("he heb hebrew iw", &[CodePage::Windows1255]),
    ("ar ara arabic fa per fas persian farsi ur urd", &[CodePage::Windows1256]),
    ("et est estonian lv lav latvian lt lit lithuanian", &[CodePage::Windows1257]),
    ("vi vie vietnamese", &[CodePage::Windows1258]),
    ("th tha thai", &[CodePage::Windows874]),
    ("zh chi zho chinese chs cht ja jpn japanese ko kor korean", &[]),
];

/// The page that fits best, and how well.
fn best(sample: &[u8], pages: &[CodePage]) -> Option<(CodePage, i64)> {
    let scores = pages.iter().map(|page| (*page, score(sample, *page)));
    // Of equals, `max_by_key` would take the last.
    scores.rev().max_by_key(|(_, score)| *score)
}

/// Text in a page of its own gains nearly two for each upper byte; text that no page fits, next to nothing.
fn is_convincing(sample: &[u8], score: i64) -> bool {
    let upper = sample.iter().filter(|b| !b.is_ascii()).count();
    let upper = i64::try_from(upper).unwrap_or(i64::MAX);
    upper < 8 || score.saturating_mul(2) > upper
}

fn has_meaning(sample: &[u8], page: CodePage) -> bool {
    let upper = sample.iter().filter(|b| !b.is_ascii());
    upper
        .map(|b| page.character(*b))
        .all(|c| c != char::REPLACEMENT_CHARACTER)
}

/// How a page's languages look.
struct Look {
    /// Their letters beyond ASCII, small, the frequent ones alone where all letters are beyond.
    letters: &'static str,
    /// Whether most letters are ASCII.
    latin: bool,
}

fn look(page: CodePage) -> Look {
    let (letters, latin) = match page {
        CodePage::Windows1250 | CodePage::Iso8859Part2 => {
            ("ąćęłńóśźżáčďéěíňřšťúůýžľôőöüűăâîşţđ", true)
        }
        CodePage::Windows1252 => ("àâäåæçèéêëíîïñòóôöøùúüßãáœ¿¡", true),
        CodePage::Windows1254 => ("çğıöşüiâ", true),
        CodePage::Windows1257 => ("ąčęėįšųūžāēīķļņģõäöü", true),
        CodePage::Windows1258 => ("ăâđêôơư", true),
        CodePage::Windows1251 | CodePage::Koi8R => ("оеаинтсрвлкмдпуяії", false),
        CodePage::Windows1253 => ("αοιετσνηυρπκμςλάέήίόύώ", false),
        CodePage::Windows1255 => ("יוהלאמרשנבתחםד", false),
        CodePage::Windows1256 => ("اليمونرتبعدهسكةیکپگ", false),
        CodePage::Windows874 => (
            "านรอกเงมยลวดทสตะปบคหแจพชขใไโผ\u{E31}\u{E34}\u{E35}\u{E37}\u{E38}\u{E39}\u{E48}\u{E49}",
            false,
        ),
    };
    Look { letters, latin }
}

/// How well a page fits: two for each letter of its languages, less for what no text has.
fn score(sample: &[u8], page: CodePage) -> i64 {
    let look = look(page);
    // Each byte is judged in its page once.
    let gains: [i64; 128] = std::array::from_fn(|at| {
        let byte = u8::try_from(at + 0x80).unwrap_or(u8::MAX);
        gain(page.character(byte), look.letters)
    });
    let mut total = 0;
    let mut before = ' ';
    let mut run = 0_u32;
    for byte in sample {
        let here = page.character(*byte);
        let gain = byte
            .checked_sub(0x80)
            .and_then(|at| gains.get(usize::from(at)));
        total += gain.copied().unwrap_or(0) + neighbours(before, here, run, look.latin);
        run = if !byte.is_ascii() && here.is_alphabetic() {
            run + 1
        } else {
            0
        };
        before = here;
    }
    total
}

fn gain(character: char, letters: &str) -> i64 {
    let small = character.to_lowercase().next().unwrap_or(character);
    match character {
        char::REPLACEMENT_CHARACTER | '\u{80}'..='\u{9F}' => -20,
        _ if letters.contains(small) => 2,
        c if c.is_alphabetic() => 0,
        // Punctuation of all these languages, and marks that stand above and below letters.
        '\u{A0}'
        | '\u{2010}'..='\u{203A}'
        | '«'
        | '»'
        | '¿'
        | '¡'
        | '€'
        | '°'
        | '،'
        | '؟'
        | '\u{300}'..='\u{36F}'
        | '\u{591}'..='\u{5C7}'
        | '\u{64B}'..='\u{652}'
        | '\u{E31}'..='\u{E4E}' => 0,
        _ => -3,
    }
}

/// What a letter beyond ASCII costs beside such neighbours. `run` is how many such letters stand before it.
fn neighbours(before: char, here: char, run: u32, latin: bool) -> i64 {
    let ends = |c: char| !c.is_alphabetic();
    if ends(before) || ends(here) {
        return 0;
    }
    let case = if before.is_lowercase() && here.is_uppercase() {
        -2
    } else {
        0
    };
    let mixed = before.is_ascii() != here.is_ascii();
    case + match (latin, run) {
        (true, 2..) if !here.is_ascii() => -4,
        (true, 1) if !here.is_ascii() => -1,
        (false, _) if mixed => -2,
        _ => 0,
    }
}
