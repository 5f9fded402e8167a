use std::{collections::BTreeSet, fs::File, time::Duration};

use super::*;
use crate::{
    catalogue::{
        record::Tag,
        scan::{self, Job, Kind, Probed, Prober, Root},
        testing::{LineProber, Tree},
    },
    media::{Date, Media, Precision},
    wire::{
        criteria::{Comparison, Expression, Operator, SearchProperty, SortCriteria, Term},
        date::DidlDate,
    },
};

/// A prober of files that say in one line what they are, fields between bars: title, artist, album artist, album, genre,
/// composer, date in seconds, play time in milliseconds, track, rating, width.
struct Told(LineProber);

impl Prober for Told {
    fn by_name(&self, name: &[u8]) -> Option<Kind> {
        self.0.by_name(name)
    }

    fn probe(&self, _name: &[u8], file: &File, _len: u64) -> Probed {
        let text = std::io::read_to_string(file).unwrap_or_default();
        let mut fields = text
            .split('|')
            .map(|f| Some(f.to_owned()).filter(|f| !f.is_empty()));
        let mut field = || fields.next().flatten();
        let mut media = Media {
            title: field(),
            artist: field(),
            album_artist: field(),
            album: field(),
            genre: field(),
            composer: field(),
            ..Media::default()
        };
        let mut number = || field().and_then(|n| n.parse::<u32>().ok());
        media.date = number().map(|secs| Date {
            unix_secs: secs.into(),
            precision: if secs % 86_400 == 0 {
                Precision::Day
            } else {
                Precision::Second
            },
        });
        media.duration = number().map(|ms| Duration::from_millis(ms.into()));
        media.track = number();
        media.rating = number().and_then(|n| u8::try_from(n).ok());
        media.width = number();
        media.height = media.width;
        Probed {
            media,
            ..Probed::default()
        }
    }
}

fn scanned(tree: &Tree) -> Arc<Snapshot> {
    let roots = vec![Root::new(&tree.path(""), None)];
    let prober = Arc::new(Told(LineProber::default()));
    let scanned = scan::scan(&Job::new(roots, None, prober));
    let snapshot = scanned.unwrap().built.to_snapshot().unwrap();
    snapshot.verify().unwrap();
    Arc::new(snapshot)
}

fn search_page(
    snapshot: &Arc<Snapshot>,
    container: ObjectId,
    criteria: &SearchCriteria,
    sort: &str,
    (start, count): (u32, u32),
) -> Matches {
    let query = Query {
        container,
        criteria,
        states: &Arc::default(),
        listed: None,
        keys: &SortCriteria::parse(sort).unwrap().keys,
        start,
        count,
    };
    let mut search = Search::new(snapshot, &query).unwrap();
    let mut turns = 0;
    while search.step() {
        turns += 1;
        assert!(turns < 10_000, "a search that does not end");
    }
    search.into_matches()
}

fn search(snapshot: &Arc<Snapshot>, container: ObjectId, criteria: &str) -> Matches {
    let criteria = SearchCriteria::parse(criteria).unwrap();
    search_page(snapshot, container, &criteria, "", (0, 0))
}

fn places(matches: &Matches) -> Vec<String> {
    matches.entries().map(|e| e.place().to_string()).collect()
}

fn titles(matches: &Matches) -> Vec<&str> {
    matches.entries().map(|e| e.object.title()).collect()
}

fn named(snapshot: &Snapshot, title: &str) -> ObjectId {
    let objects = (0..snapshot.records()).filter_map(|n| snapshot.object(n));
    let mut found = objects.filter(|object| object.title() == title);
    found.next().unwrap().id()
}

/// Folders in folders, a playlist that shows songs from its own folder and from another one, a film with subtitles.
fn home() -> (Tree, Arc<Snapshot>) {
    let tree = Tree::new("search");
    tree.file(
        "Music/Abba/1.mp3",
        b"Waterloo|Abba|Abba|Waterloo|Pop|||165000|1|5",
    );
    tree.file("Music/Abba/2.mp3", b"SOS|Abba|Abba|Abba|Pop|||200000|2");
    tree.file(
        "Music/mix.m3u",
        b"Abba/2.mp3\n../Other/3.mp3\n../Other/3.mp3\n../Film/film.mkv\n",
    );
    tree.file("Music/again.m3u", b"../Other/3.mp3\n");
    tree.file(
        "Other/3.mp3",
        "J\u{f3}ga|Bj\u{f6}rk|Various||Electronic|Bj\u{f6}rk".as_bytes(),
    );
    tree.file("Film/film.mkv", b"A Film|||||||5400000|||1920");
    tree.file("Film/film.srt", b"1");
    tree.file("Film/folder.jpg", b"Folder");
    tree.file("photo.jpg", b"A Photo||||||86400|||3|640");
    let snapshot = scanned(&tree);
    (tree, snapshot)
}

#[test]
fn below_the_root_each_object_is_found_once_and_at_home() {
    let (_tree, snapshot) = home();
    let all = search(&snapshot, ObjectId::ROOT, "*");
    let mut found = titles(&all);
    found.sort_unstable();
    let wanted = [
        "A Film",
        "A Photo",
        "Abba",
        "Film",
        "J\u{f3}ga",
        "Music",
        "Other",
        "SOS",
        "Waterloo",
        "again",
        "mix",
    ];
    assert_eq!(found, wanted);
    assert_eq!(all.total_matches(), 11);
    assert!(all.entries().all(|entry| entry.within.is_none()));
    let ids: BTreeSet<_> = places(&all).into_iter().collect();
    assert_eq!(ids.len(), 11);
}

#[test]
fn a_folder_finds_what_is_below_it_and_what_its_playlists_show() {
    let (_tree, snapshot) = home();
    let music = search(&snapshot, named(&snapshot, "Music"), "*");
    let mix = snapshot.find(named(&snapshot, "mix")).unwrap();
    for entry in music.entries() {
        let is_foreign = ["J\u{f3}ga", "A Film"].contains(&entry.object.title());
        assert_eq!(entry.within.is_some(), is_foreign, "{entry:?}");
        // What can be found can be browsed.
        let again = snapshot.entry(entry.place()).unwrap();
        assert_eq!(again.place(), entry.place());
    }
    let mut found = titles(&music);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "A Film",
            "Abba",
            "J\u{f3}ga",
            "SOS",
            "Waterloo",
            "again",
            "mix"
        ]
    );
    // The playlist itself: each of its items once, as its own.
    let shown = search(&snapshot, mix.id(), "*");
    assert_eq!(titles(&shown), ["SOS", "J\u{f3}ga", "A Film"]);
    assert!(shown.entries().all(|e| e.within == Some(mix.id())));
    let foreign = search(
        &snapshot,
        mix.id(),
        "@refID exists true and upnp:artist contains \"BJ\u{d6}\"",
    );
    assert_eq!(titles(&foreign), ["J\u{f3}ga"]);
    assert!(
        search(
            &snapshot,
            named(&snapshot, "Other"),
            "upnp:class derivedfrom \"object.container\""
        )
        .is_empty()
    );
}

#[test]
fn only_containers_can_be_searched() {
    let (_tree, snapshot) = home();
    let states = Arc::default();
    let query = |container| Query {
        container,
        criteria: &SearchCriteria::ALL,
        states: &states,
        listed: None,
        keys: &[],
        start: 0,
        count: 0,
    };
    assert!(Search::new(&snapshot, &query(named(&snapshot, "SOS"))).is_none());
    assert!(Search::new(&snapshot, &query(ObjectId::of(b"x", b"y", 0))).is_none());
}

#[test]
fn criteria_as_control_points_send_them() {
    let (_tree, snapshot) = home();
    for (criteria, wanted) in [
        (
            r#"upnp:class derivedfrom "object.item.audioItem" and @refID exists false"#,
            &["J\u{f3}ga", "SOS", "Waterloo"][..],
        ),
        (r#"upnp:class derivedfrom "object.item.audio""#, &[]),
        (
            r#"upnp:class = "object.container.playlistContainer""#,
            &["again", "mix"],
        ),
        (
            r#"upnp:class derivedfrom "object.container" and dc:title contains "I""#,
            &["Film", "Music", "again", "mix"],
        ),
        (
            r#"upnp:artist = "abba" and dc:title != "sos""#,
            &["Waterloo"],
        ),
        (
            r#"upnp:artist[@role="AlbumArtist"] contains "ious""#,
            &["J\u{f3}ga"],
        ),
        (r#"upnp:artist@role = "Composer""#, &["J\u{f3}ga"]),
        (
            r#"upnp:author startsWith "bj" and upnp:author@role = "composer""#,
            &["J\u{f3}ga"],
        ),
        (r#"dc:creator doesNotContain "Abba""#, &["J\u{f3}ga"]),
        (
            r#"upnp:album exists false and upnp:class derivedfrom "object.item""#,
            &["A Film", "A Photo", "J\u{f3}ga"],
        ),
        (
            r#"upnp:genre = "pop" and upnp:originalTrackNumber >= "2""#,
            &["SOS"],
        ),
        (
            r#"res@duration > "0:03:00" and res@duration <= "1:30:00.000""#,
            &["A Film", "SOS"],
        ),
        (r#"res@duration startsWith "1:30""#, &["A Film"]),
        (r#"dc:date >= "1970-01-02""#, &["A Photo"]),
        (r#"dc:date = "1970""#, &["A Photo"]),
        (
            r#"dc:date contains "01-02" and dc:date < "1971""#,
            &["A Photo"],
        ),
        (r#"upnp:rating > "2""#, &["A Photo", "Waterloo"]),
        (r#"res@resolution = "1920x1920""#, &["A Film"]),
        // The test's prober calls every film the third of all media types.
        (
            r#"res@protocolInfo contains "http-get:" and res@size > "40""#,
            &["Waterloo"],
        ),
        (r#"@childCount > "2""#, &["Music", "mix"]),
        (
            r#"@searchable = "1" and @restricted = "true" and dc:title = "abba""#,
            &["Abba"],
        ),
        (r#"@id = "0" or @parentID = "-1""#, &[]),
        (r#"@parentID = "0""#, &["A Photo", "Film", "Music", "Other"]),
        (
            r"res exists false",
            &["Abba", "Film", "Music", "Other", "again", "mix"],
        ),
        (
            r#"microsoft:artistAlbumArtist contains "a" or foo exists true"#,
            &[],
        ),
        (r#"foo exists false and dc:title = "sos""#, &["SOS"]),
        (
            r#"upnp:genre = "pop" or upnp:genre = "electronic" and dc:title = "sos""#,
            &["SOS", "Waterloo"],
        ),
        (
            r#"(upnp:genre = "pop" or upnp:genre = "electronic") and dc:title = "sos""#,
            &["SOS"],
        ),
        (r#"upnp:originalTrackNumber = "one""#, &[]),
        (r#"upnp:originalTrackNumber != "one""#, &["SOS", "Waterloo"]),
    ] {
        let matches = search(&snapshot, ObjectId::ROOT, criteria);
        let mut found = titles(&matches);
        found.sort_unstable();
        assert_eq!(found, wanted, "{criteria}");
    }
    let sos = named(&snapshot, "SOS");
    let by_id = search(&snapshot, ObjectId::ROOT, &format!("@id = \"{sos}\""));
    assert_eq!(titles(&by_id), ["SOS"]);
}

/// Marsaglia's xorshift, from a fixed seed.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.throw(of.len())]
    }
}

const WORDS: [&str; 14] = [
    "",
    "a",
    "Aba",
    "aab",
    "Stra\u{df}e",
    "STRASSE",
    "\u{c9}t\u{e9}",
    "ete",
    "10",
    "9",
    "object.item",
    "x\"y\\",
    "1970",
    "\u{97f3}",
];
const NUMBERS: [&str; 8] = ["", "0", "1", "5", "86400", "86401", "4000000000", "172800"];

/// A library of all sorts, playlists too.
fn library(dice: &mut Dice) -> (Tree, Arc<Snapshot>) {
    let tree = Tree::new("search-dice");
    for number in 0..150 {
        let folder = dice.one(&["", "a/", "a/b/", "c/", "c/d/e/"]);
        let kind = dice.one(&["mp3", "jpg", "mkv"]);
        let mut fields: Vec<_> = (0..6).map(|_| dice.one(&WORDS)).collect();
        fields.extend((0..5).map(|_| dice.one(&NUMBERS)));
        tree.file(
            format!("{folder}{number}.{kind}"),
            fields.join("|").as_bytes(),
        );
    }
    for number in 0..6 {
        let entry = |dice: &mut Dice| {
            let folder = dice.one(&["", "a/", "a/b/", "c/"]);
            let kind = dice.one(&["mp3", "jpg", "mkv"]);
            format!("{folder}{}.{kind}", dice.throw(150))
        };
        let up = ["", "../"][number % 2];
        let list: Vec<_> = (0..200).map(|_| format!("{up}{}", entry(dice))).collect();
        let folder = ["", "a/"][number % 2];
        tree.file(
            format!("{folder}list{number}.m3u"),
            list.join("\n").as_bytes(),
        );
    }
    let snapshot = scanned(&tree);
    (tree, snapshot)
}

fn criteria(dice: &mut Dice, depth: usize) -> String {
    if depth > 0 && dice.throw(2) == 0 {
        let join = dice.one(&[" and ", " or "]);
        let parts: Vec<_> = (0..2 + dice.throw(2))
            .map(|_| criteria(dice, depth - 1))
            .collect();
        return format!("({})", parts.join(join));
    }
    let all = crate::wire::criteria::search_capabilities();
    let all: Vec<_> = all.split(',').chain(["foo:bar"]).collect();
    let property = dice.one(&all);
    if dice.throw(4) == 0 {
        return format!("{property} exists {}", dice.throw(2) == 0);
    }
    let operator = dice.one(&[
        "=",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "contains",
        "doesNotContain",
        "startsWith",
        "derivedfrom",
    ]);
    let value = match dice.throw(3) {
        0 => dice.one(&NUMBERS),
        1 => dice.one(&[
            "1970-01-02",
            "0:01:26",
            "object.item.audioItem",
            "Object.Container",
            "1",
            "http",
            "1970-01-02T00:00:01",
        ]),
        _ => dice.one(&WORDS),
    };
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    format!("{property} {operator} \"{value}\"")
}

/// The values of a property as a listing writes them, and nothing clever about it.
fn values(entry: &Entry<'_>, property: SearchProperty) -> Vec<String> {
    use SearchProperty as P;
    let object = &entry.object;
    let is_item = !object.is_container();
    let tag = |tag| object.property(tag).filter(|_| is_item).map(str::to_owned);
    let number = |n: Option<u64>| n.filter(|_| is_item).map(|n| n.to_string());
    let one = match property {
        P::Id => Some(entry.place().to_string()),
        P::ParentId => Some(entry.parent_id().unwrap().to_string()),
        P::RefId => entry.within.map(|_| object.id().to_string()),
        P::Restricted => Some("1".into()),
        P::Searchable => (!is_item).then(|| "1".into()),
        P::ChildCount => (!is_item).then(|| object.child_count().to_string()),
        P::Title => Some(object.title().into()),
        P::Creator => tag(Tag::Artist),
        P::Class => Some(object.upnp_class().into()),
        P::Artist => {
            let tags = [Tag::Artist, Tag::AlbumArtist, Tag::Composer];
            return tags.into_iter().filter_map(tag).collect();
        }
        P::ArtistRole => {
            let roles = [
                (Tag::AlbumArtist, "AlbumArtist"),
                (Tag::Composer, "Composer"),
            ];
            return roles
                .into_iter()
                .filter_map(|(t, role)| tag(t).map(|_| role.into()))
                .collect();
        }
        P::AlbumArtist => tag(Tag::AlbumArtist),
        P::Composer => tag(Tag::Composer),
        P::AuthorRole => tag(Tag::Composer).map(|_| "Composer".into()),
        P::Album => tag(Tag::Album),
        P::Genre => tag(Tag::Genre),
        P::Series => tag(Tag::Series),
        P::Date => object.date().map(|date| {
            let day_only = date.precision != Precision::Second;
            let unix_secs = date.unix_secs;
            DidlDate {
                unix_secs,
                day_only,
            }
            .to_string()
        }),
        P::Duration => object.duration().map(|d| {
            let ms = d.as_millis();
            let (secs, minutes) = (ms / 1000, ms / 60_000);
            format!(
                "{}:{:02}:{:02}.{:03}",
                minutes / 60,
                minutes % 60,
                secs % 60,
                ms % 1000
            )
        }),
        P::TrackNumber => number(object.track().map(u64::from)),
        P::DiscNumber => number(object.disc().map(u64::from)),
        P::Season => number(object.season().map(u64::from)),
        P::Episode => number(object.episode().map(u64::from)),
        P::Rating => number(object.rating().map(u64::from)),
        P::Size => number(Some(object.size())),
        P::Bitrate => number(object.bitrate_bytes_per_sec().map(u64::from)),
        P::Resolution => object.resolution().map(|(w, h)| format!("{w}x{h}")),
        P::SampleFrequency => number(object.sample_rate().map(u64::from)),
        P::BitsPerSample => number(object.bits_per_sample().map(u64::from)),
        P::AudioChannels => number(object.channels().map(u64::from)),
        P::ProtocolInfo => is_item.then(|| object.protocol_info().to_string()),
        // URLs can only exist, and nobody has played anything here.
        P::AlbumArt | P::Res | P::LastPlaybackPosition | P::LastPlaybackTime | P::PlaybackCount => {
            None
        }
    };
    one.into_iter().collect()
}

fn holds(entry: &Entry<'_>, expression: &Expression) -> bool {
    let term = match expression {
        Expression::And(all) => return all.iter().all(|one| holds(entry, one)),
        Expression::Or(all) => return all.iter().any(|one| holds(entry, one)),
        Expression::Term(Term {
            property: None,
            comparison,
        }) => {
            return *comparison == Comparison::Exists(false);
        }
        Expression::Term(term) => term,
    };
    let property = term.property.unwrap();
    let values = values(entry, property);
    match &term.comparison {
        Comparison::Exists(wanted) => {
            let is_item = !entry.object.is_container();
            let is = match property {
                SearchProperty::Res => is_item,
                SearchProperty::AlbumArt => {
                    is_item
                        && entry
                            .object
                            .picture_mime()
                            .is_some_and(super::super::facts::is_decodable)
                }
                _ => !values.is_empty(),
            };
            is == *wanted
        }
        Comparison::Value(operator, wanted) => values
            .iter()
            .any(|v| compares(v, *operator, wanted, property)),
    }
}

fn compares(value: &str, operator: Operator, wanted: &str, property: SearchProperty) -> bool {
    use SearchProperty as P;
    let fold = |text: &str| text.to_uppercase().to_lowercase();
    // The small sigma at the end of a word is no matter here.
    let (text, sought) = (fold(value), fold(wanted));
    match operator {
        Operator::Contains => return text.contains(&sought),
        Operator::DoesNotContain => return !text.contains(&sought),
        Operator::StartsWith => return text.starts_with(&sought),
        Operator::DerivedFrom => return format!("{text}.").starts_with(&format!("{sought}.")),
        _ => {}
    }
    let is_text = matches!(
        property,
        P::Id
            | P::ParentId
            | P::RefId
            | P::Title
            | P::Creator
            | P::Class
            | P::Artist
            | P::ArtistRole
            | P::AlbumArtist
            | P::Composer
            | P::AuthorRole
            | P::Album
            | P::Genre
            | P::Series
            | P::Resolution
            | P::ProtocolInfo
    );
    let order = if is_text {
        text.cmp(&sought)
    } else if property == P::Date {
        // A date that is said to the day alone begins with the day; one that leaves more open covers all of it.
        let is_date = ["1970", "1970-01-02", "1970-01-02T00:00:01"].contains(&wanted)
            || (wanted.len() <= 4
                && !wanted.is_empty()
                && wanted.bytes().all(|b| b.is_ascii_digit()));
        if !is_date {
            return operator == Operator::NotEqual;
        }
        let wanted = if wanted.len() <= 4 {
            format!("{wanted:0>4}")
        } else {
            wanted.to_owned()
        };
        let full = if value.len() == 10 {
            format!("{value}T00:00:00")
        } else {
            value.to_owned()
        };
        full[..wanted.len()].cmp(&wanted)
    } else {
        let read = |text: &str| -> Option<f64> {
            if property == P::Duration {
                let mut sum = 0.0;
                for part in text.split(':') {
                    sum = sum * 60.0 + part.parse::<f64>().ok()?;
                }
                return Some(sum);
            }
            text.parse().ok()
        };
        match (read(value), read(wanted)) {
            (Some(value), Some(wanted)) => value.total_cmp(&wanted),
            _ => return operator == Operator::NotEqual,
        }
    };
    match operator {
        Operator::Equal => order.is_eq(),
        Operator::NotEqual => order.is_ne(),
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        _ => order.is_ge(),
    }
}

#[test]
fn thousands_of_criteria_find_what_a_plain_evaluation_finds() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let (_tree, snapshot) = library(&mut dice);
    let containers: Vec<_> = (0..snapshot.records())
        .filter_map(|number| snapshot.object(number))
        .filter(Object::is_container)
        .map(|container| (container.id(), search(&snapshot, container.id(), "*")))
        .collect();
    let (mut some, mut all) = (0, 0);
    for round in 0..2000 {
        let text = criteria(&mut dice, 3);
        let criteria = SearchCriteria::parse(&text).unwrap();
        let (container, everything) = &containers[if round % 2 == 0 {
            0
        } else {
            dice.throw(containers.len())
        }];
        let expression = criteria.expression.as_ref().unwrap();
        let wanted: Vec<_> = everything
            .entries()
            .filter(|entry| holds(entry, expression))
            .map(|entry| entry.place().to_string())
            .collect();
        let found = search_page(&snapshot, *container, &criteria, "", (0, 0));
        assert_eq!(places(&found), wanted, "{text}");
        some += usize::from(!wanted.is_empty());
        all += usize::from(found.total_matches() == everything.total_matches());
    }
    // The dice are not so loaded that nothing is tested.
    assert!((500..1950).contains(&some) && all < 750, "{some}, {all}");
}

#[test]
fn pages_put_together_are_the_whole_in_every_order() {
    let mut dice = Dice(7);
    let (_tree, snapshot) = library(&mut dice);
    let criteria = SearchCriteria::parse("upnp:class derivedfrom \"object.item\"").unwrap();
    for container in [
        ObjectId::ROOT,
        named(&snapshot, "a"),
        named(&snapshot, "list1"),
    ] {
        for sort in [
            "",
            "+dc:title",
            "-dc:title",
            "-dc:date,+upnp:artist",
            "+upnp:album,-upnp:originalTrackNumber",
            "-upnp:class,+res@size",
            "+upnp:genre",
            "-res@duration,+upnp:rating,+dc:creator",
        ] {
            let whole = search_page(&snapshot, container, &criteria, sort, (0, 0));
            assert_eq!(whole.len(), whole.total_matches());
            let keys = SortCriteria::parse(sort).unwrap().keys;
            let objects: Vec<_> = whole.entries().map(|entry| entry.object).collect();
            let is_sorted = objects.is_sorted_by(|x, y| sort::compare(x, y, &keys).is_le());
            assert!(is_sorted, "{sort}");
            let whole = places(&whole);
            let unsorted = places(&search_page(&snapshot, container, &criteria, "", (0, 0)));
            let set = |places: &[String]| places.iter().cloned().collect::<BTreeSet<_>>();
            assert_eq!(set(&whole), set(&unsorted), "{sort}");
            for size in [1, 7, 64, 1000] {
                let mut together = Vec::new();
                for start in (0..u32::try_from(whole.len()).unwrap()).step_by(size as usize) {
                    let page = search_page(&snapshot, container, &criteria, sort, (start, size));
                    assert_eq!(page.total_matches() as usize, whole.len());
                    together.extend(places(&page));
                }
                assert_eq!(together, whole, "{sort} by {size}");
            }
            let behind = search_page(&snapshot, container, &criteria, sort, (u32::MAX, u32::MAX));
            assert!(behind.is_empty() && behind.total_matches() as usize == whole.len());
        }
    }
}

#[test]
fn a_long_list_is_sorted_in_turns_and_a_page_of_it_kept_short() {
    let tree = Tree::new("search-long");
    for number in 0..3000 {
        let artist = (number * 7919) % 1000;
        tree.file(
            format!("{}/{number}.mp3", number % 10),
            format!("T{number}|Artist {artist}").as_bytes(),
        );
    }
    let snapshot = scanned(&tree);
    let artists = |page: &Matches| -> Vec<String> {
        page.entries()
            .map(|e| e.object.property(Tag::Artist).unwrap().to_owned())
            .collect()
    };
    let criteria = SearchCriteria::parse("upnp:artist exists true").unwrap();
    let whole = search_page(&snapshot, ObjectId::ROOT, &criteria, "+upnp:artist", (0, 0));
    assert_eq!(whole.len(), 3000);
    let wanted: Vec<_> = (0..3000)
        .map(|place| format!("Artist {}", place / 3))
        .collect();
    assert_eq!(artists(&whole), wanted);
    let query = Query {
        container: ObjectId::ROOT,
        criteria: &criteria,
        states: &Arc::default(),
        listed: None,
        keys: &SortCriteria::parse("+upnp:artist").unwrap().keys,
        start: 30,
        count: 30,
    };
    let mut search = Search::new(&snapshot, &query).unwrap();
    while search.step() {
        assert!(search.found.len() <= 2 * RUN + 1, "{}", search.found.len());
    }
    assert_eq!(artists(&search.into_matches()), wanted[30..60]);
}
