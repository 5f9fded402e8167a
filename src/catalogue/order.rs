//! Natural order: how a person sorts names. 2 before 10, é beside e, capitals no matter.
//!
//! A name becomes a key of bytes once, and comparing keys is comparing bytes:
//!
//! ```text
//!  key = level ++ 00 ++ the raw name             (the raw name breaks ties, so no two names are equal)
//!  level, for a run of digits:  '0' ++ number of digits without leading zeros ++ those digits
//!         for anything else:    NFKD (Unicode Standard Annex #15), marks dropped, lower case, as UTF-8
//! ```
//!
//! Not done: language rules (Swedish sorts ö last) and leading articles; both need to know the language.

use std::cmp::Ordering;

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// The number of digits is written as the byte 255 for each 254 of them and the rest plus one, so that a longer run
/// sorts later and no byte is 0.
const RUN: usize = 254;

/// Appends the key of `name` to `out`.
pub fn key(name: &[u8], out: &mut Vec<u8>) {
    level(name, out);
    out.push(0);
    out.extend_from_slice(name);
}

/// Appends the first part of the key alone, without the end mark: for those who have the name at hand for ties.
pub fn level(name: &[u8], out: &mut Vec<u8>) {
    if name.is_ascii() {
        return level_ascii(name, out);
    }
    let mut digits = Run::default();
    let text = String::from_utf8_lossy(name);
    let folded = text
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase);
    for c in folded {
        add(c, &mut digits, out);
    }
    digits.end(out);
}

/// Nearly all names are of ASCII, and each is looked at in every pass.
fn level_ascii(mut name: &[u8], out: &mut Vec<u8>) {
    while let [byte, rest @ ..] = name {
        if byte.is_ascii_digit() {
            let (digits, rest) = run(name);
            out.push(b'0');
            out.extend(count_of(digits.len()));
            out.extend_from_slice(digits);
            name = rest;
            continue;
        }
        if *byte != 0 {
            out.push(byte.to_ascii_lowercase());
        }
        name = rest;
    }
}

/// How a number of digits is written; see [`RUN`].
fn count_of(digits: usize) -> impl Iterator<Item = u8> {
    let last = u8::try_from(digits % RUN + 1).unwrap_or(u8::MAX);
    std::iter::repeat_n(u8::MAX, digits / RUN).chain([last])
}

/// The order of the first parts of two names' keys. Nothing is allocated for names of ASCII alone.
pub fn compare(a: &str, b: &str) -> Ordering {
    let is_plain = |name: &str| name.is_ascii() && !name.contains('\0');
    if is_plain(a) && is_plain(b) {
        return compare_ascii(a.as_bytes(), b.as_bytes());
    }
    let (mut x, mut y) = (Vec::new(), Vec::new());
    level(a.as_bytes(), &mut x);
    level(b.as_bytes(), &mut y);
    x.cmp(&y)
}

/// The order of two names character by character, capitals no matter: `10` before `9`. Nothing is allocated.
pub fn compare_characters(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        let lower = |byte: u8| byte.to_ascii_lowercase();
        return a.bytes().map(lower).cmp(b.bytes().map(lower));
    }
    let lower = |c: char| c.to_lowercase();
    a.chars().flat_map(lower).cmp(b.chars().flat_map(lower))
}

fn compare_ascii(mut a: &[u8], mut b: &[u8]) -> Ordering {
    loop {
        let ([x, a_rest @ ..], [y, b_rest @ ..]) = (a, b) else {
            return a.len().cmp(&b.len());
        };
        if x.is_ascii_digit() && y.is_ascii_digit() {
            let ((x, a_rest), (y, b_rest)) = (run(a), run(b));
            match x.len().cmp(&y.len()).then_with(|| x.cmp(y)) {
                Ordering::Equal => (a, b) = (a_rest, b_rest),
                other => return other,
            }
            continue;
        }
        // In a key a run of digits begins with a zero, whatever its digits.
        let sign = |byte: &u8| match byte {
            b'0'..=b'9' => b'0',
            byte => byte.to_ascii_lowercase(),
        };
        match sign(x).cmp(&sign(y)) {
            Ordering::Equal => (a, b) = (a_rest, b_rest),
            other => return other,
        }
    }
}

/// The run of digits that `name` begins with, without leading zeros, and what follows it. Of nothing but zeros one stays.
fn run(name: &[u8]) -> (&[u8], &[u8]) {
    let digits = name.iter().take_while(|d| d.is_ascii_digit()).count();
    let (digits, rest) = name.split_at(digits);
    let zeros = digits.iter().take_while(|d| **d == b'0').count();
    (&digits[zeros.min(digits.len().saturating_sub(1))..], rest)
}

/// The run of digits being read: where its digits begin in the key.
#[derive(Default)]
struct Run(Option<usize>);

impl Run {
    fn end(&mut self, out: &mut Vec<u8>) {
        let Some(start) = self.0.take() else { return };
        let zeros = out[start..].iter().take_while(|d| **d == b'0').count();
        // Of nothing but zeros one stays.
        let zeros = zeros.min(out.len() - start - 1);
        out.drain(start..start + zeros);
        let digits = out.len() - start;
        out.splice(start..start, count_of(digits));
    }
}

fn add(c: char, digits: &mut Run, out: &mut Vec<u8>) {
    if c.is_ascii_digit() {
        if digits.0.is_none() {
            out.push(b'0');
            digits.0 = Some(out.len());
        }
    } else {
        digits.end(out);
    }
    if c != '\0' {
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(name: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        key(name, &mut out);
        out
    }

    #[test]
    fn names_of_ascii_have_the_keys_that_the_general_way_gives_them() {
        let alphabet = b"aZ_ 0079\0";
        let general = |name: &[u8]| {
            let (mut digits, mut out) = (Run::default(), Vec::new());
            for byte in name {
                add(char::from(byte.to_ascii_lowercase()), &mut digits, &mut out);
            }
            digits.end(&mut out);
            out
        };
        // All names of five characters, and runs about the length at which another byte is needed.
        for number in 0..alphabet.len().pow(5) {
            let letter = |place: u32| alphabet[number / alphabet.len().pow(place) % alphabet.len()];
            let name: Vec<u8> = (0..5).map(letter).collect();
            let mut out = Vec::new();
            level(&name, &mut out);
            assert_eq!(out, general(&name), "{name:?}");
        }
        for len in [1, 253, 254, 255, 507, 508, 509, 1016] {
            for digits in [
                "0".repeat(len),
                "9".repeat(len),
                "0".repeat(3) + &"1".repeat(len),
            ] {
                let name = format!("a{digits}b");
                let mut out = Vec::new();
                level(name.as_bytes(), &mut out);
                assert_eq!(out, general(name.as_bytes()), "{name}");
            }
        }
    }

    #[test]
    fn each_name_comes_before_the_next() {
        let long = |c: &str, n| c.repeat(n);
        for list in [
            &["", " ", "-", "0", "1", "2", "10", "a", "b"][..],
            &["Track 1", "track 2", "Track 10", "Track 10b", "track 11"],
            &["Elan", "Élan vital", "elbow"],
            &["strasse", "stra\u{df}e"],
            &["a", "a b", "a-b", "a.b", "a1", "a_b", "ab"],
            &["S1E9", "s1e10", "S2E1"],
            &["\u{ff12}", "10"],
            &["zebra", "Ωmega", "яблоко", "日本"],
        ] {
            for pair in list.windows(2) {
                assert!(
                    key_of(pair[0].as_bytes()) < key_of(pair[1].as_bytes()),
                    "{pair:?}"
                );
            }
        }
        for (less, more) in [
            (253, 254),
            (254, 255),
            (255, 256),
            (507, 508),
            (508, 509),
            (9, 600),
        ] {
            let (less, more) = (long("9", less), long("1", more));
            assert!(key_of(less.as_bytes()) < key_of(more.as_bytes()));
        }
    }

    #[test]
    fn by_characters_a_digit_is_one_of_them() {
        for pair in ["10", "9", "a", "B", "b1", "c", "É", "éa", "日"].windows(2) {
            assert_eq!(
                compare_characters(pair[0], pair[1]),
                Ordering::Less,
                "{pair:?}"
            );
        }
        assert_eq!(compare_characters("Élan", "élAN"), Ordering::Equal);
        assert_eq!(compare_characters("", ""), Ordering::Equal);
    }

    #[test]
    fn leading_zeros_only_break_ties() {
        let sorted = ["001", "01", "1", "1a", "02", "2", "10", "0010b"];
        let mut names = sorted;
        names.reverse();
        names.sort_by_key(|n| key_of(n.as_bytes()));
        assert_eq!(names, sorted);
    }

    #[test]
    fn comparing_is_comparing_first_parts_of_keys() {
        let long = "7".repeat(600);
        let names = [
            "",
            "a",
            "A",
            "a1",
            "A01",
            "a10",
            "a2b",
            "a 2",
            "0",
            "00",
            "000a",
            "1",
            ":",
            "/",
            "9z",
            "10z",
            "b\0",
            "b",
            "\u{e9}",
            "e",
            "\u{ff12}",
            "x0y",
            "x00y",
            "x0",
            &long,
            &long[1..],
            "Z9",
            "z09",
            "-5",
        ];
        for a in names {
            for b in names {
                let (mut x, mut y) = (Vec::new(), Vec::new());
                level(a.as_bytes(), &mut x);
                level(b.as_bytes(), &mut y);
                assert_eq!(compare(a, b), x.cmp(&y), "{a:?} and {b:?}");
            }
        }
    }

    #[test]
    fn composed_and_decomposed_are_neighbours() {
        let names = ["caf\u{e9} 2", "cafe\u{301} 10", "CAFE 3"];
        let mut sorted = names;
        sorted.sort_by_key(|n| key_of(n.as_bytes()));
        assert_eq!(sorted, [names[0], names[2], names[1]]);
    }

    #[test]
    fn bytes_that_are_no_text_have_a_place_too() {
        assert_ne!(key_of(b"a\xff"), key_of(b"a\xfe"));
        assert!(key_of(b"a\xff") < key_of(b"b"));
        assert!(key_of(b"a\0b") > key_of(b"a"));
    }
}
