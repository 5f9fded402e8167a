//! `.nfo` files beside films, as Kodi and its kin write them: XML with `movie`, `episodedetails`, `tvshow` or `musicvideo` at the
//! root. A pure function over bytes; what is not understood is passed over, and a file that holds no XML tells nothing.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

use super::Date;
use super::tag::{date, latin1, put, text, utf8};
use crate::limits;

/// Bytes that are looked at; with all actors and artwork a real one has some ten thousand.
pub const NFO_BYTES: usize = 256 * 1024;
/// Nested elements; a real one has four.
const DEPTH: u32 = 32;

/// What the file describes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// `movie`.
    #[default]
    Movie,
    /// `episodedetails`.
    Episode,
    /// `tvshow`: the series that a folder holds.
    Series,
    /// `musicvideo`.
    MusicVideo,
}

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Nfo {
    /// What is described.
    pub kind: Kind,
    /// Title of the film, the episode or the series.
    pub title: Option<String>,
    /// The series that an episode belongs to.
    pub series: Option<String>,
    /// Season; 0 holds the specials.
    pub season: Option<u32>,
    /// Episode of the season.
    pub episode: Option<u32>,
    /// When it was aired or first shown; else its year.
    pub date: Option<Date>,
    /// The first genre.
    pub genre: Option<String>,
}

/// Reads the first description in `bytes`. `None` if there is none; damage ends the reading and leaves what came before.
pub fn parse(bytes: &[u8]) -> Option<Nfo> {
    let bytes = bytes.get(..NFO_BYTES).unwrap_or(bytes);
    let document = decoded(bytes);
    let mut reader = Reader::from_str(document.trim_start_matches('\u{FEFF}'));
    let config = reader.config_mut();
    config.check_end_names = true;
    config.expand_empty_elements = true;
    let mut nfo = None;
    let mut depth = 0_u32;
    // The child of the root that is open, and its text.
    let (mut name, mut value) = (String::new(), String::new());
    let mut year = None;
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) if depth < DEPTH => {
                depth += 1;
                match depth {
                    1 => {
                        nfo = Some(Nfo {
                            kind: kind(start.local_name().as_ref())?,
                            ..Nfo::default()
                        });
                    }
                    2 => {
                        start.local_name().as_ref().clone_into(&mut name);
                        value.clear();
                    }
                    _ => {}
                }
            }
            Ok(Event::Text(part)) if depth == 2 => append(&mut value, &part),
            Ok(Event::CData(part)) if depth == 2 => append(&mut value, &part),
            Ok(Event::GeneralRef(part)) if depth == 2 => {
                let character = part.resolve_char_ref().ok().flatten();
                match character {
                    Some(c) => append(&mut value, c.encode_utf8(&mut [0; 4])),
                    None => append(
                        &mut value,
                        resolve_predefined_entity(&part).unwrap_or_default(),
                    ),
                }
            }
            Ok(Event::End(_)) => {
                if depth == 2
                    && let Some(nfo) = &mut nfo
                {
                    take(nfo, &name, &value, &mut year);
                }
                depth = depth.saturating_sub(1);
                // Behind the root may stand another episode, or the address of a web page.
                if depth == 0 {
                    break;
                }
            }
            Ok(Event::Start(_) | Event::DocType(_) | Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    if let Some(nfo) = &mut nfo {
        put(&mut nfo.date, year);
    }
    nfo
}

/// UTF-8, as Kodi writes it, or Latin-1 where the declaration says so.
fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    const DECLARATION_BYTES: usize = 100;
    let head = bytes
        .get(..DECLARATION_BYTES)
        .unwrap_or(bytes)
        .to_ascii_lowercase();
    let names = |encoding: &str| {
        head.windows(encoding.len())
            .any(|w| w == encoding.as_bytes())
    };
    if names("encoding=\"iso-8859-1\"") || names("encoding=\"windows-1252\"") {
        return Cow::Owned(latin1(bytes));
    }
    utf8(bytes)
}

fn kind(root: &str) -> Option<Kind> {
    Some(match root {
        "movie" => Kind::Movie,
        "episodedetails" => Kind::Episode,
        "tvshow" => Kind::Series,
        "musicvideo" => Kind::MusicVideo,
        _ => return None,
    })
}

/// Adds text as long as a property may still be shown whole.
fn append(value: &mut String, part: &str) {
    if value.len() <= limits::TEXT_BYTES {
        value.push_str(part);
    }
}

fn take(nfo: &mut Nfo, name: &str, value: &str, year: &mut Option<Date>) {
    // 0 is a season and an episode here; -1 is "not known".
    let number = || value.trim().parse().ok();
    match name {
        "title" => put(&mut nfo.title, text(value)),
        "showtitle" => put(&mut nfo.series, text(value)),
        "season" => put(&mut nfo.season, number()),
        "episode" => put(&mut nfo.episode, number()),
        "genre" => put(&mut nfo.genre, text(value)),
        "aired" | "premiered" | "releasedate" => put(&mut nfo.date, date(value)),
        "year" => put(year, date(value)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::Precision;

    const EPISODE: &str = "\u{FEFF}<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>
<episodedetails>
  <title>Tom &amp; Jerry &#x2603; <![CDATA[<3]]></title>
  <showtitle>Show</showtitle>
  <season>2</season>
  <episode>0</episode>
  <plot>A title: <title>not this</title></plot>
  <actor><name>Someone</name><title>nor this</title></actor>
  <aired>2004-11-02</aired>
  <year>1999</year>
  <genre>Drama</genre><genre>Crime</genre>
  <thumb/>
</episodedetails>
<episodedetails><title>Second</title></episodedetails>";

    #[test]
    fn an_episode_is_read_and_the_second_left_out() {
        let nfo = parse(EPISODE.as_bytes()).unwrap();
        assert_eq!(
            (nfo.kind, nfo.title.as_deref(), nfo.series.as_deref()),
            (Kind::Episode, Some("Tom & Jerry \u{2603} <3"), Some("Show"))
        );
        assert_eq!(
            (nfo.season, nfo.episode, nfo.genre.as_deref()),
            (Some(2), Some(0), Some("Drama"))
        );
        assert_eq!(nfo.date.map(|d| d.precision), Some(Precision::Day));
    }

    #[test]
    fn a_movie_may_tell_its_year_alone_and_an_address_behind_it() {
        let nfo = parse(b"<movie><title>Film</title><year>1999</year><season>-1</season></movie>\nhttps://example.org/tt1").unwrap();
        assert_eq!(
            (nfo.kind, nfo.title.as_deref(), nfo.season),
            (Kind::Movie, Some("Film"), None)
        );
        assert_eq!(
            nfo.date.map(|d| (d.unix_secs, d.precision)),
            Some((915_148_800, Precision::Year))
        );
    }

    #[test]
    fn every_prefix_ends_and_never_tells_wrong() {
        for n in 0..EPISODE.len() {
            let nfo = parse(&EPISODE.as_bytes()[..n]).unwrap_or_default();
            assert!(
                nfo.title.is_none_or(|t| t == "Tom & Jerry \u{2603} <3"),
                "{n}"
            );
            assert!(nfo.season.is_none_or(|s| s == 2), "{n}");
        }
    }

    #[test]
    fn what_is_no_description_tells_nothing() {
        let scene = "\u{2591}\u{2592} RELEASE <notes> \u{2592}\u{2591}";
        for other in [
            "",
            "https://www.imdb.com/title/tt0000001/",
            scene,
            "<html><title>x</title></html>",
            "<a",
            "&amp;",
        ] {
            assert_eq!(parse(other.as_bytes()), None, "{other}");
        }
        assert_eq!(parse(&[0xFF, 0xFE, 0x3C, 0x00]), None);
    }

    #[test]
    fn latin_1_is_read_where_it_is_declared() {
        let old =
            b"<?xml version='1.0' encoding=\"ISO-8859-1\"?><movie><title>Am\xE9lie</title></movie>";
        assert_eq!(parse(old).unwrap().title.as_deref(), Some("Am\u{E9}lie"));
    }

    #[test]
    fn hostile_files_end() {
        let deep = format!("<movie>{}", "<a>".repeat(100_000));
        assert_eq!(parse(deep.as_bytes()), Some(Nfo::default()));
        let bomb = "<!DOCTYPE movie [<!ENTITY a \"aaaa\">]><movie><title>&a;</title></movie>";
        assert_eq!(parse(bomb.as_bytes()), None);
        let entity = "<movie><title>a&nbsp;b</title></movie>";
        assert_eq!(
            parse(entity.as_bytes()).unwrap().title.as_deref(),
            Some("ab")
        );
        let long = format!("<movie><title>{}</title></movie>", "x".repeat(200_000));
        assert_eq!(
            parse(long.as_bytes()).unwrap().title.unwrap().len(),
            limits::TEXT_BYTES
        );
    }
}
