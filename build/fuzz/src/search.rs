//! Search criteria, and looking for what they say in a small catalogue.

use std::{
    env, fs,
    fs::File,
    process,
    sync::{Arc, OnceLock},
    time::Duration,
};

use rill::{
    catalogue::{
        scan::{self, Job, Kind, Probed, Prober, Root},
        search::{Query, Search},
        snapshot::{Object, Snapshot},
        user_state::UserStates,
    },
    media::{Class, Date, Media, Precision},
    wire::criteria::{SearchCriteria, SortCriteria},
};

/// Turns that no search in a catalogue of this size needs.
const TURNS: u32 = 1000;
const ORDERS: [&str; 4] = [
    "",
    "-dc:title",
    "+upnp:artist,-res@size",
    "+upnp:class,-dc:date",
];

/// Tells of each file something else, by its name.
struct Inventor;

impl Prober for Inventor {
    fn by_name(&self, name: &[u8]) -> Option<Kind> {
        let class = match name.rsplit(|byte| *byte == b'.').next()? {
            b"mp3" => Class::Audio,
            b"jpg" => Class::Image,
            b"mkv" => Class::Video,
            b"m3u" => Class::Playlist,
            _ => return None,
        };
        Some(Kind { class, mime: 1 })
    }

    fn probe(&self, name: &[u8], _file: &File, _len: u64) -> Probed {
        let number = u32::from(*name.first().unwrap_or(&0));
        let text = |bit: u32, text: &str| (number & bit == 0).then(|| text.to_owned());
        Probed {
            media: Media {
                title: text(1, "A\"B\\ Stra\u{df}e"),
                artist: text(2, "aab aab"),
                album: text(4, "\u{c9}t\u{e9}"),
                composer: text(8, "\u{97f3}\u{697d}"),
                duration: Some(Duration::from_millis((number * 777).into())),
                date: (number.is_multiple_of(4)).then_some(Date {
                    unix_secs: i64::from(number) * 10_000_000,
                    precision: Precision::Second,
                }),
                track: Some(number),
                ..Media::default()
            },
            ..Probed::default()
        }
    }
}

fn catalogue() -> Arc<Snapshot> {
    let folder = env::temp_dir().join(format!("rill-fuzz-search-{}", process::id()));
    for below in ["a/b", "c"] {
        fs::create_dir_all(folder.join(below)).expect("a folder");
    }
    for (number, letter) in ('a'..='z').enumerate() {
        let below = ["", "a", "a/b", "c"][number % 4];
        let kind = ["mp3", "jpg", "mkv"][number % 3];
        fs::write(folder.join(below).join(format!("{letter}.{kind}")), "x").expect("a file");
    }
    fs::write(
        folder.join("a/list.m3u"),
        "../a.mp3\nb.jpg\n../c/d.mp3\n../c/d.mp3\n",
    )
    .expect("a playlist");
    let roots = vec![Root::new(&folder, None)];
    let scanned = scan::scan(&Job::new(roots, None, Arc::new(Inventor)));
    let snapshot = scanned
        .ok()
        .and_then(|scanned| scanned.built.to_snapshot().ok());
    fs::remove_dir_all(&folder).expect("it is gone");
    Arc::new(snapshot.expect("a catalogue"))
}

/// The first byte says where and in which order, the second which page; the rest is the criteria.
pub(super) fn search(data: &[u8]) {
    static CATALOGUE: OnceLock<Arc<Snapshot>> = OnceLock::new();
    let snapshot = CATALOGUE.get_or_init(catalogue);
    let [choice, page, text @ ..] = data else {
        return;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let criteria = match SearchCriteria::parse(text) {
        Ok(criteria) => criteria,
        Err(error) => return assert!(error.at <= text.len(), "{error}"),
    };
    let containers: Vec<_> = (0..snapshot.records())
        .filter_map(|number| snapshot.object(number))
        .filter(Object::is_container)
        .collect();
    let container = &containers[usize::from(choice / 4) % containers.len()];
    let sort = SortCriteria::parse(ORDERS[usize::from(choice % 4)]).expect("a good order");
    let states = Arc::new(UserStates::default());
    let find = |start, count| {
        let query = Query {
            container: container.id(),
            criteria: &criteria,
            states: &states,
            listed: None,
            keys: &sort.keys,
            start,
            count,
        };
        let mut search = Search::new(snapshot, &query).expect("a container");
        let turns = (0..TURNS).take_while(|_| search.step()).count();
        assert!(turns < TURNS as usize, "a search that does not end");
        let matches = search.into_matches();
        let places: Vec<_> = matches
            .entries()
            .map(|entry| entry.place().to_string())
            .collect();
        (places, matches.total_matches())
    };
    let (whole, total) = find(0, 0);
    assert_eq!(whole.len(), total as usize);
    let (start, count) = (u32::from(page % 16), u32::from(page / 16));
    let from = whole.len().min(start as usize);
    let len = if count == 0 {
        usize::MAX
    } else {
        count as usize
    };
    let wanted: Vec<_> = whole[from..].iter().take(len).cloned().collect();
    assert_eq!(find(start, count), (wanted, total));
}
