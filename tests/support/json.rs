//! Just enough JSON to read the truth about the real samples and the lines of `rill scan --json`, which are well formed.
#![allow(
    dead_code,
    reason = "shared by unit tests and end-to-end tests; neither needs all of it"
)]

/// A value.
#[derive(Debug)]
pub(crate) enum Json {
    Nothing,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Map(Vec<(String, Json)>),
}

type Chars<'t> = std::iter::Peekable<std::str::Chars<'t>>;

impl Json {
    /// The member of this name; `Nothing` where there is none.
    pub(crate) fn at(&self, key: &str) -> &Json {
        self.members()
            .find(|(k, _)| k == key)
            .map_or(&Json::Nothing, |(_, v)| v)
    }

    /// Names and values, in order.
    pub(crate) fn members(&self) -> std::slice::Iter<'_, (String, Json)> {
        if let Json::Map(members) = self {
            members.iter()
        } else {
            [].iter()
        }
    }

    /// The values of a list.
    pub(crate) fn items(&self) -> std::slice::Iter<'_, Json> {
        if let Json::List(items) = self {
            items.iter()
        } else {
            [].iter()
        }
    }

    /// The text, else an empty one.
    pub(crate) fn text(&self) -> &str {
        if let Json::Text(text) = self {
            text
        } else {
            ""
        }
    }

    /// Whether it is `true`.
    pub(crate) fn is_true(&self) -> bool {
        matches!(self, Json::Bool(true))
    }

    /// A number, rounded.
    pub(crate) fn number(&self) -> Option<u64> {
        match self {
            Json::Number(n) => format!("{n:.0}").parse().ok(),
            _ => None,
        }
    }

    /// Reads a whole document; panics where it is none.
    pub(crate) fn parse(text: &str) -> Self {
        Self::value(&mut text.chars().peekable())
    }

    fn value(s: &mut Chars<'_>) -> Json {
        match Self::peek(s) {
            '{' => {
                let pair = |s: &mut Chars<'_>| {
                    let key = Self::quoted(s);
                    assert_eq!(Self::peek(s), ':');
                    s.next();
                    (key, Self::value(s))
                };
                Json::Map(Self::list(s, '}', pair))
            }
            '[' => Json::List(Self::list(s, ']', Self::value)),
            '"' => Json::Text(Self::quoted(s)),
            _ => {
                let mut word = String::new();
                while let Some(c) = s.next_if(|c| !",]}: \n".contains(*c)) {
                    word.push(c);
                }
                match word.as_str() {
                    "null" => Json::Nothing,
                    "true" | "false" => Json::Bool(word == "true"),
                    number => Json::Number(number.parse().unwrap()),
                }
            }
        }
    }

    fn peek(s: &mut Chars<'_>) -> char {
        while s.next_if(|c| c.is_whitespace()).is_some() {}
        *s.peek().unwrap()
    }

    fn list<T>(s: &mut Chars<'_>, end: char, item: impl Fn(&mut Chars<'_>) -> T) -> Vec<T> {
        s.next();
        let mut items = Vec::new();
        while Self::peek(s) != end {
            items.push(item(s));
            if Self::peek(s) == ',' {
                s.next();
            }
        }
        s.next();
        items
    }

    fn quoted(s: &mut Chars<'_>) -> String {
        assert_eq!(Self::peek(s), '"');
        s.next();
        let mut units = Vec::new();
        loop {
            match s.next().unwrap() {
                '"' => return String::from_utf16(&units).unwrap(),
                '\\' => match s.next().unwrap() {
                    'u' => {
                        let hex: String = s.by_ref().take(4).collect();
                        units.push(u16::from_str_radix(&hex, 16).unwrap());
                    }
                    'n' => units.push(u16::from(b'\n')),
                    'r' => units.push(u16::from(b'\r')),
                    't' => units.push(u16::from(b'\t')),
                    'b' | 'f' => units.push(u16::from(b' ')),
                    c => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
                },
                c => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
            }
        }
    }
}
