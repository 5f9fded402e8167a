//! Series, season and episode by the names of a file and the folders above it, as collections of series are named:
//! `Show S02E05`, `Show.2x05`, `Show/Season 2/05 - Title`. Pure text; tags win over it.

/// What the names say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Episode {
    /// The series; `None` if the names hold nothing but numbers.
    pub series: Option<String>,
    /// Season; 0 holds the specials.
    pub season: u32,
    /// The first episode in the file.
    pub episode: u32,
}

/// Reads the file's own name, with or without its extension. `None` if it names no episode.
pub fn from_name(name: &str) -> Option<Episode> {
    let (before, season, episode) = numbered(name)?;
    Some(Episode {
        series: clean(before),
        season,
        episode,
    })
}

/// Reads the file's name and those of the folders above it, the nearest first: they tell the series where the file's name does
/// not, and the season of `Season 2/05 - Title`.
pub fn from_path<'n>(name: &str, folders: impl IntoIterator<Item = &'n str>) -> Option<Episode> {
    let mut folders = folders.into_iter().peekable();
    let season = folders.peek().and_then(|folder| season_folder(folder));
    let mut found = match (from_name(name), season) {
        (Some(found), _) => found,
        (None, Some(season)) => Episode {
            series: None,
            season,
            episode: leading_number(name)?,
        },
        (None, None) => return None,
    };
    if season.is_some() {
        folders.next();
    }
    if found.series.is_none() {
        found.series = folders.next().and_then(clean);
    }
    Some(found)
}

/// The season that a folder of this name holds: `Season 2`, `Series 02`, `S2`, `Staffel 2`, `Saison 2`, `Specials`.
pub fn season_folder(name: &str) -> Option<u32> {
    const WORDS: [&str; 7] = [
        "season",
        "series",
        "staffel",
        "saison",
        "temporada",
        "stagione",
        "s",
    ];
    let name = name.trim().to_ascii_lowercase();
    if name == "specials" {
        return Some(0);
    }
    let word_end = name.find(|c: char| !c.is_ascii_alphabetic())?;
    let (word, number) = name.split_at_checked(word_end)?;
    let number = number.trim_start_matches([' ', '_', '.', '-']);
    let digits = (1..=2).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    (WORDS.contains(&word) && digits)
        .then(|| number.parse().ok())
        .flatten()
}

/// The text in front of the first `S02E05` or `2x05`, and both numbers.
fn numbered(name: &str) -> Option<(&str, u32, u32)> {
    let bytes = name.as_bytes();
    let starts = (0..bytes.len()).filter(|i| {
        let before = i.checked_sub(1).and_then(|b| bytes.get(b));
        before.is_none_or(|b| !b.is_ascii_alphanumeric())
    });
    starts.into_iter().find_map(|i| {
        let rest = bytes.get(i..)?;
        let (season, episode) = lettered(rest).or_else(|| crossed(rest))?;
        Some((name.get(..i)?, season, episode))
    })
}

/// `S02E05`, `s2e5`, `S02.E05`, `S02 E05`, and the first of `S02E05E06`.
fn lettered(bytes: &[u8]) -> Option<(u32, u32)> {
    let rest = bytes.strip_prefix(b"S").or(bytes.strip_prefix(b"s"))?;
    // Four digits are a year: some daily shows count so.
    let (season, rest) = digits(rest, 1..=4)?;
    let gap = usize::from(rest.first().is_some_and(|b| b". _-".contains(b)));
    let rest = rest.get(gap..)?;
    let rest = rest.strip_prefix(b"E").or(rest.strip_prefix(b"e"))?;
    let rest = rest
        .strip_prefix(b"P")
        .or(rest.strip_prefix(b"p"))
        .unwrap_or(rest);
    let (episode, rest) = digits(rest, 1..=4)?;
    // `S01E05v2` and `S01E05E06` are read, `S01E05abc` is not.
    let ends = match rest {
        [b'v' | b'V' | b'e' | b'E' | b'a' | b'b', after, ..] => !after.is_ascii_alphabetic(),
        // Half an episode, or nothing more.
        [b'a' | b'b'] | [] => true,
        [next, ..] => !next.is_ascii_alphanumeric(),
    };
    ends.then_some((season, episode))
}

/// `2x05`, with at least two digits behind the cross, and no more than 99 seasons: not the size of a picture.
fn crossed(bytes: &[u8]) -> Option<(u32, u32)> {
    let (season, rest) = digits(bytes, 1..=2)?;
    let rest = rest.strip_prefix(b"x").or(rest.strip_prefix(b"X"))?;
    let (episode, rest) = digits(rest, 2..=3)?;
    let ends = rest.first().is_none_or(|b| !b.is_ascii_alphanumeric());
    ends.then_some((season, episode))
}

/// As many digits as there are, if their number is one of `count`.
fn digits(bytes: &[u8], count: std::ops::RangeInclusive<usize>) -> Option<(u32, &[u8])> {
    let end = bytes
        .iter()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(bytes.len());
    let (number, rest) = bytes
        .split_at_checked(end)
        .filter(|_| count.contains(&end))?;
    Some((std::str::from_utf8(number).ok()?.parse().ok()?, rest))
}

/// `05`, `05 - Title`, `E05 Title`, in a folder that is a season.
fn leading_number(name: &str) -> Option<u32> {
    let bytes = name.trim_start().as_bytes();
    let rest = bytes
        .strip_prefix(b"E")
        .or(bytes.strip_prefix(b"e"))
        .unwrap_or(bytes);
    let (episode, rest) = digits(rest, 1..=3)?;
    let ends = rest.first().is_none_or(|b| b" .-_".contains(b));
    ends.then_some(episode)
}

/// A name as a person would write it: dots and underscores are blanks where there are no blanks, and no dash at the end.
fn clean(raw: &str) -> Option<String> {
    let raw = raw.trim();
    let spaced = if raw.contains(' ') {
        raw.replace('_', " ")
    } else {
        raw.replace(['.', '_'], " ")
    };
    let ends = |c: char| c.is_whitespace() || matches!(c, '-' | '_' | '[' | '(');
    super::tag::text(
        spaced
            .trim_end_matches(ends)
            .trim_start_matches([' ', '-', '_']),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str) -> Option<(String, u32, u32)> {
        from_name(name).map(|e| (e.series.unwrap_or_default(), e.season, e.episode))
    }

    #[test]
    fn names_of_episodes_are_read() {
        let rows = [
            ("Show S02E05.mkv", "Show", 2, 5),
            ("Show.Name.s02e05.720p.HDTV.x264.mkv", "Show Name", 2, 5),
            ("Mr. Robot - S1E3 - Debug.mp4", "Mr. Robot", 1, 3),
            ("Show_Name_2x05_Title.avi", "Show Name", 2, 5),
            ("Show [2x05].avi", "Show", 2, 5),
            ("S01E02.mkv", "", 1, 2),
            ("Show S01 E02", "Show", 1, 2),
            ("Show.S01.E02", "Show", 1, 2),
            ("Show S01E01E02.mkv", "Show", 1, 1),
            ("Show S01E01-E02.mkv", "Show", 1, 1),
            ("Show S01E05v2.mkv", "Show", 1, 5),
            ("Show (2005) S00E01 Special.mkv", "Show (2005)", 0, 1),
            ("Daily S2019E117.ts", "Daily", 2019, 117),
            ("Élan vital S03E10 – fin.mkv", "Élan vital", 3, 10),
            ("24 S05E02.mkv", "24", 5, 2),
            ("Show.1x100.mkv", "Show", 1, 100),
        ];
        for (name, series, season, episode) in rows {
            assert_eq!(
                told(name),
                Some((series.to_owned(), season, episode)),
                "{name}"
            );
        }
    }

    #[test]
    fn other_names_are_left_alone() {
        let others = [
            "",
            ".",
            "S",
            "SE",
            "S01",
            "S01E",
            "E05.mkv",
            "Film (1999).mkv",
            "Clip 1920x1080.mp4",
            "Clip 16x9.mp4",
            "Film.x264.mkv",
            "Class01E05.mkv",
            "2012.mkv",
            "S01E05abc.mkv",
            "S12345E01",
            "12x",
            "x05",
            "Song 3x5.mp3",
            "S99999999999E1",
        ];
        for name in others {
            assert_eq!(from_name(name), None, "{name}");
        }
    }

    #[test]
    fn folders_tell_what_the_file_does_not() {
        let of = |name: &str, folders: &[&str]| {
            from_path(name, folders.iter().copied())
                .map(|e| (e.series.unwrap_or_default(), e.season, e.episode))
        };
        let is = |series: &str, season, episode| Some((series.to_owned(), season, episode));
        assert_eq!(
            of("05 - Title.mkv", &["Season 2", "My Show", "Videos"]),
            is("My Show", 2, 5)
        );
        assert_eq!(of("E05.mkv", &["S02", "My.Show"]), is("My Show", 2, 5));
        assert_eq!(
            of("S02E05.mkv", &["Season 2", "My Show"]),
            is("My Show", 2, 5)
        );
        assert_eq!(of("S02E05.mkv", &["My Show"]), is("My Show", 2, 5));
        assert_eq!(of("Other S02E05.mkv", &["My Show"]), is("Other", 2, 5));
        assert_eq!(of("01.mkv", &["Specials"]), is("", 0, 1));
        assert_eq!(of("05 - Title.mkv", &["Films"]), None);
        assert_eq!(of("2012.mkv", &["Season 1"]), None);
        assert_eq!(of("Title.mkv", &["Season 1"]), None);
    }

    #[test]
    fn folders_of_seasons_are_known_in_several_languages() {
        assert_eq!(
            ["Season 2", "season_02", "S3", "Staffel 4", "Specials"].map(season_folder),
            [Some(2), Some(2), Some(3), Some(4), Some(0)]
        );
        assert_eq!(
            ["", "Season", "Season 2 extras", "Videos 2", "2", "S2005"].map(season_folder),
            [None; 6]
        );
    }
}
