use super::*;

fn container(id: &str, title: &str) -> Object {
    Object {
        id: id.into(),
        is_container: true,
        title: title.into(),
        class: "object.container.storageFolder".into(),
        child_count: Some(2),
        res: vec![],
    }
}

fn item(id: &str, title: &str) -> Object {
    Object {
        id: id.into(),
        title: title.into(),
        class: "object.item.videoItem".into(),
        ..Object::default()
    }
}

fn numbered(numbers: std::ops::Range<u32>) -> Vec<Object> {
    numbers
        .map(|n| item(&n.to_string(), &n.to_string()))
        .collect()
}

/// Everything that a walk of the root prints, and how often the server was asked.
fn walked(
    recursive: bool,
    mut server: impl FnMut(&str, Flag, u32) -> Result<Page, String>,
) -> (Result<String, String>, usize) {
    let mut asked = 0;
    let mut out = Vec::new();
    let mut browse = |id: &str, flag: Flag, start: u32| {
        asked += 1;
        assert!(asked < 1000, "without end");
        server(id, flag, start)
    };
    let result = Walk {
        browse: &mut browse,
        json: false,
        recursive,
        out: &mut out,
        listed: 0,
    }
    .list(&root(), String::new());
    (result.map(|_| String::from_utf8(out).unwrap()), asked)
}

/// The lines of the listing, and how often the server was asked.
fn counted(server: impl FnMut(&str, Flag, u32) -> Result<Page, String>) -> (usize, usize) {
    let (text, asked) = walked(false, server);
    (text.unwrap().lines().count(), asked)
}

/// A page of at most ten objects out of `count`.
fn ten(count: u32, start: u32, total: u32) -> Page {
    Page {
        objects: numbered(start.min(count)..(start + 10).min(count)),
        total,
    }
}

#[test]
fn pages_are_asked_for_until_all_is_there() {
    assert_eq!(counted(|_, _, start| Ok(ten(25, start, 25))), (25, 3));
    assert_eq!(counted(|_, _, start| Ok(ten(0, start, 0))), (0, 1));
    // The total is unknown.
    assert_eq!(counted(|_, _, start| Ok(ten(25, start, 0))), (25, 4));
}

#[test]
fn servers_that_lie_are_asked_a_bounded_number_of_times() {
    // Too many, too few.
    assert_eq!(
        counted(|_, _, start| Ok(ten(25, start, 4_000_000_000))),
        (25, 4)
    );
    assert_eq!(counted(|_, _, start| Ok(ten(25, start, 3))), (25, 4));
    // The same page for ever; pages that overlap.
    assert_eq!(counted(|_, _, _| Ok(ten(25, 0, 25))), (10, 2));
    assert_eq!(
        counted(|_, _, start| Ok(ten(25, start.saturating_sub(3), 0))),
        (25, 4)
    );
    // All at once, though less was asked for.
    let all = |_: &str, _, start: u32| {
        let objects = numbered(start.min(500)..500);
        Ok(Page {
            objects,
            total: 500,
        })
    };
    assert_eq!(counted(all), (500, 1));
}

#[test]
fn containers_that_hold_each_other_are_entered_once() {
    let (text, asked) = walked(true, |id, _, start| {
        let objects = match (id, start) {
            ("0", 0) => vec![container("a", "A"), container("0", "root again")],
            ("a", 0) => vec![
                container("0", "up"),
                container("a", "self"),
                item("i", "film"),
            ],
            _ => vec![],
        };
        Ok(Page { objects, total: 0 })
    });
    let text = text.unwrap();
    let titles: Vec<_> = text
        .lines()
        .map(|line| {
            line.split("  ")
                .filter(|part| !part.trim().is_empty())
                .nth(2)
                .unwrap_or(line)
        })
        .collect();
    assert_eq!(titles.len(), 5, "{titles:?}");
    assert!(text.contains("  A/film\n"), "{text}");
    assert!(text.contains("  A/up/  0\n"), "{text}");
    assert_eq!(asked, 4);
}

#[test]
fn a_tree_without_a_bottom_has_one_here() {
    let (text, asked) = walked(true, |id, _, start| {
        let deeper = container(&format!("{id}x"), "deeper");
        let objects = if start == 0 { vec![deeper] } else { vec![] };
        Ok(Page { objects, total: 1 })
    });
    assert_eq!(text.unwrap().lines().count(), limits::LISTED_DEPTH);
    assert_eq!(asked, limits::LISTED_DEPTH);
}

#[test]
fn trouble_further_down_does_not_end_the_walk_and_trouble_above_does() {
    let (text, _) = walked(true, |id, _, start| match (id, start) {
        ("0", 0) => Ok(Page {
            objects: vec![container("a", "A"), item("b", "B")],
            total: 2,
        }),
        _ => Err("error 501".into()),
    });
    assert_eq!(text.unwrap().lines().count(), 2);
    let (text, _) = walked(true, |_, _, _| Err("error 501".into()));
    assert_eq!(text, Err("error 501".into()));
}

#[test]
fn objects_are_found_by_their_titles() {
    let mut browse = |id: &str, _, start: u32| {
        let objects = match (id, start) {
            ("0", 0) => vec![container("1", "AC"), container("2", "AC/DC"), item("3", "")],
            ("2", 0) => vec![container("4", "Live"), item("5", "Live")],
            ("1", 0) => vec![item("6", "DC")],
            _ => vec![],
        };
        Ok(Page { objects, total: 0 })
    };
    for (titles, id) in [("", "0"), ("AC", "1"), ("AC/DC", "2"), ("AC/DC/Live", "4")] {
        assert_eq!(resolve(titles, &mut browse).unwrap().id, id, "{titles}");
    }
    for titles in ["A", "AC/", "AC//DC", "AC/DC/Dead", "x", "AC/DC/Live/x"] {
        // A slash at the end is cut off before.
        let found = resolve(titles, &mut browse);
        assert_eq!(found.is_ok(), titles == "AC/", "{titles} {found:?}");
    }
}

#[test]
fn lines_tell_size_duration_class_title_and_place() {
    assert_eq!(
        to_line(&container("64$1", "Fi\u{1b}lms"), "Fi\u{1b}lms"),
        "    2 in it            container.storageFolder   Fi\u{fffd}lms/  64$1\n"
    );
    let film = Object {
        res: vec![Resource {
            protocol_info: "http-get:*:video/mp4:*".into(),
            size: Some(1_610_612_736),
            duration: Some(Duration::from_millis(3_723_900)),
            url: "http://10.0.0.1/v".into(),
        }],
        ..item("5", "film")
    };
    assert_eq!(
        to_line(&film, "film"),
        "    1.5 GiB   1:02:03  videoItem                 film  http://10.0.0.1/v\n"
    );
    assert_eq!(
        to_json(&film, "Films/film", 1),
        "{\"id\":\"5\",\"path\":\"Films/film\",\"title\":\"film\",\"class\":\"object.item.videoItem\",\"container\":false,\
         \"depth\":1,\"res\":[{\"url\":\"http://10.0.0.1/v\",\"protocol_info\":\"http-get:*:video/mp4:*\",\
         \"size\":1610612736,\"duration_ms\":3723900}]}\n"
    );
    for (count, text) in [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (10_240, "10 KiB"),
        (u64::MAX, "15 EiB"),
    ] {
        assert_eq!(bytes(count), text);
    }
}
