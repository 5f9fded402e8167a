//! The whole grammar of Search over sockets: each property that is advertised by each operator, and each order, compared
//! with a plain evaluation of the objects as they are listed.

use std::collections::{BTreeMap, BTreeSet};

use crate::harness::{Browse, Library, Object, Rill, Setup, jpeg, mp3, mp3_tagged, mp4, wait_for};
use crate::resume::{set_bookmark, update};
use crate::search::{EVERYTHING, Search, find};

const OPERATORS: [&str; 10] = [
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
];

/// Songs with every tag, some of them and none, episodes with subtitles, photographs that are scaled and one that is not,
/// a playlist, and all views.
fn library() -> Library {
    let song = |title, artist, album_artist, composer, year, track| {
        let tags = [
            ("TIT2", title),
            ("TPE1", artist),
            ("TPE2", album_artist),
            ("TCOM", composer),
            ("TALB", "The Album"),
            ("TCON", "Rock"),
            ("TYER", year),
            ("TRCK", track),
            ("TPOS", "2"),
        ];
        mp3_tagged(&tags, 40)
    };
    let jazz = [
        ("TIT2", "say \"hi\" \\ (and) go"),
        ("TPE1", "\u{c9}tienne"),
        ("TCON", "Jazz"),
        ("TYER", "1995"),
        ("TDAT", "1705"),
        ("TIME", "2130"),
    ];
    Library::empty()
        .with(
            "Songs/1.mp3",
            &song("Alpha", "Ann", "Band", "Cesar", "2001", "1"),
        )
        .with(
            "Songs/2.mp3",
            &song("beta", "Bob", "Band", "ann", "2001", "2"),
        )
        .with(
            "Songs/3.mp3",
            &song("ALPHABET", "ann", "Band", "Cesar", "1988", "10"),
        )
        .with("Songs/cover.jpg", &jpeg(200, 200))
        .with("Other/4.mp3", &mp3_tagged(&jazz, 90))
        .with("Other/untagged.mp3", &mp3(20))
        .with("Songs/list.m3u", b"../Other/4.mp3\n1.mp3\n")
        .with("Show/Show S01E02.mp4", &mp4(61, 640, 360, b"one"))
        .with(
            "Show/Show S01E02.srt",
            b"1\n00:00:01,000 --> 00:00:02,000\nHi\n",
        )
        .with("Show/Show S02E10.mp4", &mp4(3700, 1280, 720, b"another"))
        .with("Pictures/large.jpg", &jpeg(800, 600))
        .with("Pictures/small.jpg", &jpeg(16, 8))
}

fn serving(library: &Library) -> Option<Rill> {
    let setup = Setup::new(library).expecting(0).set("RILL_VIEWS", "");
    let rill = setup.start()?;
    wait_for("everything is listed", 30, || {
        let films = find(&rill, r#"upnp:class derivedfrom "object.item""#).total;
        (films == 9).then_some(())
    });
    Some(rill)
}

/// What `GetSearchCapabilities` or `GetSortCapabilities` says.
fn capabilities(rill: &Rill, action: &str, name: &str) -> Vec<String> {
    let answer = rill.call(action, &[]).unwrap();
    let list = answer.text_of(name).unwrap();
    list.split(',').map(str::to_owned).collect()
}

/// The values of a property of an object as it is listed.
fn values(object: &Object, property: &str) -> Vec<String> {
    let elements = |name: &str| {
        let children = object.element.children.iter();
        let found = children.filter(|child| child.name == name);
        found.collect::<Vec<_>>()
    };
    let composers = || {
        let artists = elements("artist").into_iter();
        artists.filter(|artist| artist.attribute("role") == Some("Composer"))
    };
    match property {
        // The composer is listed as an artist of that role.
        "upnp:author" => return composers().map(|artist| artist.text.clone()).collect(),
        "upnp:author@role" => return composers().map(|_| "Composer".to_owned()).collect(),
        _ => {}
    }
    let (element, attribute) = property.split_once('@').unwrap_or((property, ""));
    let name = element.split_once(':').map_or(element, |(_, name)| name);
    let found = match name {
        "" => vec![&object.element],
        name => elements(name),
    };
    let value = |element: &&crate::harness::Element| match attribute {
        "" => Some(element.text.clone()),
        attribute => element.attribute(attribute).map(str::to_owned),
    };
    found.iter().filter_map(value).collect()
}

fn fold(text: &str) -> String {
    text.to_uppercase().to_lowercase()
}

/// A number, or a time in milliseconds.
fn number(property: &str, text: &str) -> Option<i64> {
    match (property, text) {
        ("@restricted" | "@searchable", "true") => return Some(1),
        ("@restricted" | "@searchable", "false") => return Some(0),
        ("res@duration" | "upnp:lastPlaybackPosition", _) => {}
        _ => return text.parse().ok(),
    }
    let (clock, millis) = text.split_once('.').unwrap_or((text, "0"));
    let mut secs = 0;
    for part in clock.split(':') {
        secs = secs * 60 + part.parse::<i64>().ok()?;
    }
    Some(secs * 1000 + millis.parse::<i64>().ok()?)
}

/// `0000-00-00T00:00:00`, cut anywhere between its parts.
fn is_date(text: &str) -> bool {
    let is_sign = |(a, b): (u8, u8)| {
        if a == b'0' {
            b.is_ascii_digit()
        } else {
            a == b
        }
    };
    let shape = "0000-00-00T00:00:00";
    [4, 7, 10, 16, 19].contains(&text.len()) && shape.bytes().zip(text.bytes()).all(is_sign)
}

/// Whether one value of a property compares so with another: texts in any case, numbers by their size, and a date that
/// leaves something open stands for all of it.
fn compares(property: &str, value: &str, operator: &str, wanted: &str) -> bool {
    let (text, sought) = (fold(value), fold(wanted));
    let order = match operator {
        "contains" => return text.contains(&sought),
        "doesNotContain" => return !text.contains(&sought),
        "startsWith" => return text.starts_with(&sought),
        "derivedfrom" => return format!("{text}.").starts_with(&format!("{sought}.")),
        _ => match property {
            "dc:date" | "upnp:lastPlaybackTime" if is_date(wanted) => {
                let whole = format!("{value}T00:00:00");
                Some(whole[..wanted.len()].cmp(wanted))
            }
            "dc:date" | "upnp:lastPlaybackTime" => None,
            "@restricted"
            | "@searchable"
            | "@childCount"
            | "upnp:originalTrackNumber"
            | "upnp:originalDiscNumber"
            | "upnp:episodeSeason"
            | "upnp:episodeNumber"
            | "upnp:rating"
            | "upnp:playbackCount"
            | "upnp:lastPlaybackPosition"
            | "res@size"
            | "res@duration"
            | "res@bitrate"
            | "res@sampleFrequency"
            | "res@bitsPerSample"
            | "res@nrAudioChannels" => {
                let value = number(property, value).unwrap();
                number(property, wanted).map(|wanted| value.cmp(&wanted))
            }
            _ => Some(text.cmp(&sought)),
        },
    };
    // What is no number is another value than each number, neither more nor less.
    let Some(order) = order else {
        return operator == "!=";
    };
    match operator {
        "=" => order.is_eq(),
        "!=" => order.is_ne(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        ">=" => order.is_ge(),
        other => panic!("{other}"),
    }
}

/// Whether `property operator "wanted"` holds for an object: one of several values is enough. URLs can only exist: they are
/// the server's to change.
fn holds(object: &Object, property: &str, operator: &str, wanted: &str) -> bool {
    let is_url = ["res", "upnp:albumArtURI"].contains(&property);
    let values = values(object, property);
    !is_url
        && values
            .iter()
            .any(|value| compares(property, value, operator, wanted))
}

/// What to compare a property with: some of its values, parts of them, and what is none.
fn needles(objects: &[Object], property: &str) -> BTreeSet<String> {
    let distinct: BTreeSet<_> = objects.iter().flat_map(|o| values(o, property)).collect();
    let step = distinct.len().div_ceil(4).max(1);
    let mut needles: BTreeSet<String> = ["", "nothing"].map(str::to_owned).into();
    for value in distinct.iter().step_by(step) {
        let signs: Vec<_> = value.chars().collect();
        let half = signs.len() / 2;
        needles.insert(value.to_uppercase());
        needles.insert(signs[..half].iter().collect());
        needles.insert(signs[half..].iter().collect());
    }
    let more: &[&str] = match property {
        "dc:date" | "upnp:lastPlaybackTime" => &[
            "1995",
            "1995-05",
            "1995-05-17",
            "1995-05-17T21:30",
            "2001-01-01",
            "2100",
        ],
        "res@duration" | "upnp:lastPlaybackPosition" => &["0:01:00", "1:00:00.000", "61"],
        "upnp:class" => &[
            "object",
            "object.item",
            "object.item.audioItem",
            "object.item.audio",
        ],
        "@restricted" | "@searchable" => &["true", "false"],
        _ => &["1", "9", "10"],
    };
    let is_dated = ["dc:date", "upnp:lastPlaybackTime"].contains(&property);
    let parts = [4, 7, 10, 16, 19];
    let parts = |date: &String| parts.map(|len| date.get(..len).map(str::to_owned));
    let moments = distinct.iter().take(2).filter(|_| is_dated).flat_map(parts);
    needles.extend(moments.flatten());
    // Rill reads a date more leniently than the plain evaluation does.
    needles.retain(|needle| {
        !is_dated || is_date(needle) || !needle.contains(|c: char| c.is_ascii_digit())
    });
    needles.extend(more.iter().map(|&text| text.to_owned()));
    needles
}

fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

fn found(rill: &Rill, criteria: &str) -> BTreeSet<String> {
    let page = find(rill, criteria);
    let ids: BTreeSet<_> = page
        .objects
        .iter()
        .map(|object| object.id.clone())
        .collect();
    assert_eq!(
        (ids.len(), ids.len()),
        (page.objects.len(), page.total),
        "{criteria}"
    );
    ids
}

fn find_item(rill: &Rill, title: &str) -> String {
    let found = find(rill, &format!("dc:title = {}", quoted(title)));
    found.titled(title).id.clone()
}

/// Each object below the root, with all that Browse tells of it.
fn objects(rill: &Rill) -> Vec<Object> {
    let all = find(rill, "*").objects;
    let alone = |object: &Object| {
        let page = rill.browse(&Browse::metadata(&object.id)).unwrap();
        page.objects[0].clone()
    };
    all.iter().map(alone).collect()
}

#[test]
fn every_property_by_every_operator_finds_what_is_listed_so() {
    let library = library();
    let Some(rill) = serving(&library) else {
        return;
    };
    // Somebody has been here: a film in progress adds a container to Video, which is found and counted like the others.
    let films = ["Show S01E02", "Show S02E10"].map(|title| find_item(&rill, title));
    assert_eq!(set_bookmark(&rill, &films[1], 369), Ok(()));
    let (none, some) = ("", "<upnp:playbackCount>9</upnp:playbackCount>");
    assert_eq!(update(&rill, &films[0], none, some), Ok(()));
    let objects = objects(&rill);
    // Everything that has its home somewhere is among them.
    let ids: BTreeSet<_> = objects.iter().map(|object| object.id.as_str()).collect();
    let walked = rill.walk();
    let items = walked
        .iter()
        .filter(|o| !o.is_container && o.element.attribute("refID").is_none());
    assert!(items.clone().count() >= 9 && items.clone().all(|item| ids.contains(item.id.as_str())));

    let advertised = capabilities(&rill, "GetSearchCapabilities", "SearchCaps");
    let (mut wrong, mut asked, mut hits) = (Vec::new(), 0, BTreeMap::new());
    let mut ask = |criteria: String, wanted: BTreeSet<String>| {
        let got = found(&rill, &criteria);
        asked += 1;
        if got != wanted {
            let title = |id: &String| objects.iter().find(|o| o.id == *id).map(|o| &o.title);
            let more: Vec<_> = got.difference(&wanted).map(title).collect();
            let less: Vec<_> = wanted.difference(&got).map(title).collect();
            wrong.push(format!("{criteria}: too much {more:?}, missing {less:?}"));
        }
        !wanted.is_empty()
    };
    for property in &advertised {
        let having = |is: bool| {
            let all = objects
                .iter()
                .filter(|o| values(o, property).is_empty() != is);
            all.map(|object| object.id.clone()).collect::<BTreeSet<_>>()
        };
        ask(format!("{property} exists true"), having(true));
        ask(format!("{property} exists false"), having(false));
        for needle in needles(&objects, property) {
            for operator in OPERATORS {
                let all = objects
                    .iter()
                    .filter(|o| holds(o, property, operator, &needle));
                let wanted = all.map(|object| object.id.clone()).collect();
                if ask(format!("{property} {operator} {}", quoted(&needle)), wanted) {
                    *hits.entry((property.as_str(), operator)).or_insert(0) += 1;
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {asked}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    // No comparison was empty talk: each property of which there are values was found by each operator.
    for property in advertised.iter().filter(|p| {
        ![
            "@refID",
            "upnp:rating",
            "res",
            "upnp:albumArtURI",
            "res@bitsPerSample",
        ]
        .contains(&p.as_str())
    }) {
        for operator in ["=", "<=", ">=", "contains", "startsWith", "derivedfrom"] {
            // Of that the whole text was not asked for: it is no date as the plain evaluation reads one.
            if (property.as_str(), operator) == ("upnp:lastPlaybackTime", "derivedfrom") {
                continue;
            }
            assert!(
                hits.contains_key(&(property.as_str(), operator)),
                "{property} {operator}"
            );
        }
    }
}

#[test]
fn and_or_and_parentheses_join_what_each_finds() {
    let library = library();
    let Some(rill) = serving(&library) else {
        return;
    };
    let terms = [
        r#"upnp:artist contains "ANN""#,
        r#"dc:date >= "1995""#,
        r#"upnp:class derivedfrom "object.item""#,
        r"@refID exists false",
        r#"dc:title = "SAY \"hi\" \\ (and) go""#,
        r#"res@duration > "0:01:00""#,
    ];
    let sets = terms.map(|term| found(&rill, term));
    assert!(sets.iter().all(|set| !set.is_empty()));
    let pairs = terms.iter().zip(&sets);
    for (at, (first, in_first)) in pairs.clone().enumerate() {
        for (by, (second, in_second)) in pairs.clone().enumerate() {
            let third = (at + by) % terms.len();
            let (third, in_third) = (terms[third], &sets[third]);
            for (criteria, wanted) in [
                (format!("{first} and {second}"), in_first & in_second),
                (format!("{first} or {second}"), in_first | in_second),
                (
                    format!("{first} or {second} and {third}"),
                    &(in_second & in_third) | in_first,
                ),
                (
                    format!("({first}\tor\n{second}) and ({third})"),
                    &(in_first | in_second) & in_third,
                ),
                (
                    format!("{first} AND ({second} OR ({third} and ({first})))"),
                    &(&(in_third & in_first) | in_second) & in_first,
                ),
            ] {
                assert_eq!(found(&rill, &criteria), wanted, "{criteria}");
            }
        }
    }
}

/// By what an object stands where it does in an order; what has no value comes first.
fn rank(object: &Object, property: &str) -> (i64, String) {
    let first = values(object, property).into_iter().next();
    match (property, first) {
        (_, None) => (0, String::new()),
        ("dc:date", Some(date)) => (1, format!("{date}T00:00:00")[..19].to_owned()),
        (property, Some(text)) => match number(property, &text) {
            Some(number) if property != "dc:title" => (1 + number, String::new()),
            _ => (1, text.to_lowercase()),
        },
    }
}

#[test]
fn every_order_that_is_promised_is_kept_up_and_down() {
    let library = library();
    let Some(rill) = serving(&library) else {
        return;
    };
    let whole = find(&rill, "*").total;
    let music = rill.find("Songs").id;
    for property in capabilities(&rill, "GetSortCapabilities", "SortCaps") {
        for sign in ["+", "-"] {
            let sort = format!("{sign}{property}");
            let searched = Search {
                sort: &sort,
                ..EVERYTHING
            }
            .of(&rill)
            .unwrap();
            let browsed = Browse {
                sort: &sort,
                ..Browse::children(&music)
            };
            let browsed = rill.browse(&browsed).unwrap();
            assert_eq!((searched.objects.len(), searched.total), (whole, whole));
            for page in [searched, browsed] {
                // An artist is the first of a track that has no role.
                let mut ranks: Vec<_> = page.objects.iter().map(|o| rank(o, &property)).collect();
                if sign == "-" {
                    ranks.reverse();
                }
                assert!(ranks.is_sorted(), "{sort}: {ranks:?}");
            }
        }
    }
    for sort in [
        "+upnp:nothing",
        "+dc:description",
        "dc:title",
        "+",
        "+dc:title,",
        "+dc:title;-dc:date",
    ] {
        let refused = Search { sort, ..EVERYTHING }.of(&rill);
        assert_eq!(refused.expect_err("it was accepted").code, 709, "{sort}");
        let browse = Browse {
            sort,
            ..Browse::children("0")
        };
        assert_eq!(
            rill.browse(&browse).expect_err("it was accepted").code,
            709,
            "{sort}"
        );
    }
}

#[test]
fn every_container_finds_what_can_be_reached_from_it() {
    let library = library();
    let Some(rill) = serving(&library) else {
        return;
    };
    let containers = rill.walk();
    let containers = containers.iter().filter(|object| object.is_container);
    let titles = |objects: &[Object]| {
        let all = objects.iter().filter(|object| !object.is_container);
        all.map(|object| object.title.clone())
            .collect::<BTreeSet<_>>()
    };
    for container in containers {
        let search = Search {
            container: &container.id,
            criteria: r#"upnp:class derivedfrom "object.item""#,
            ..EVERYTHING
        };
        let page = search.of(&rill).unwrap();
        let (mut reached, mut open) = (Vec::new(), vec![container.id.clone()]);
        while let Some(id) = open.pop() {
            let children = rill.children(&id).objects;
            open.extend(
                children
                    .iter()
                    .filter(|o| o.is_container)
                    .map(|o| o.id.clone()),
            );
            reached.extend(children);
        }
        assert_eq!(
            titles(&page.objects),
            titles(&reached),
            "{}",
            container.title
        );
    }
}
