use std::{cell::RefCell, sync::Arc, time::Duration};

use super::*;
use crate::{
    catalogue::{
        snapshot::Snapshot,
        testing::{Tree, snapshot},
        user_state::UserStates,
    },
    service::{self, Answer, DeviceFacts, Request, events::Events, in_progress, tally::Tally},
    wire::http::request::{self, Parsed},
};

/// What the clock says: 2023-11-14T22:13:20Z.
const NOW: Now = Now {
    uptime: Duration::ZERO,
    unix_secs: 1_700_000_000,
};

/// A server of two films and a song, without sockets and without a disk.
struct Server {
    _tree: Tree,
    shared: Shared,
}

impl Server {
    fn new() -> Self {
        let tree = Tree::new("user-state");
        tree.file("Films/alien.mkv", b"Alien");
        tree.file("Films/brazil.mkv", b"Brazil");
        tree.file("song.mp3", b"Song");
        let shared = Shared {
            device: DeviceFacts {
                udn: "uuid:1".into(),
                friendly_name: "rill".into(),
                server: "Linux/6.1 UPnP/1.1 rill/0.1".into(),
                host_names: vec!["box".into()],
            },
            catalogue: RefCell::new(snapshot(&tree)),
            states: RefCell::default(),
            in_progress_parent: Some(ObjectId::ROOT),
            addresses: RefCell::default(),
            scan: RefCell::default(),
            unmade: RefCell::default(),
            known: RefCell::default(),
            searches: RefCell::default(),
            tally: Tally::default(),
            events: RefCell::new(Events::new(|| [0; 16], 0)),
            devices: RefCell::default(),
        };
        Self {
            _tree: tree,
            shared,
        }
    }

    fn id(&self, title: &str) -> ObjectId {
        titled(&self.shared.snapshot(), title)
    }

    fn state(&self, title: &str) -> State {
        let snapshot = self.shared.snapshot();
        let object = snapshot.find(self.id(title)).unwrap();
        self.shared
            .states()
            .of(&object)
            .copied()
            .unwrap_or_default()
    }

    /// Answers a whole request, given as bytes.
    fn ask(&self, bytes: &str) -> (u16, String) {
        let Ok(Parsed::Done { head, used }) = request::parse(bytes.as_bytes()) else {
            panic!("not a request: {bytes}");
        };
        let request = Request {
            head: &head,
            body: &bytes.as_bytes()[used..],
            peer: ([10, 77, 1, 2], 40_000).into(),
            local: ([10, 77, 1, 1], 8200).into(),
            now: NOW,
        };
        let response = match service::answer(&request, &self.shared) {
            Answer::Reply(response) => response,
            Answer::Keep(change) => match change.entry(&self.shared, NOW) {
                Ok(entry) => {
                    if let Some(entry) = entry {
                        self.shared.keep(entry);
                    }
                    change.reply(Ok(()))
                }
                Err(error) => change.reply(Err(error)),
            },
            _ => panic!("a file is wanted"),
        };
        let mut text = Vec::new();
        match response.body {
            Body::Bytes(bytes) => text = bytes,
            Body::Static(bytes) => text = bytes.to_vec(),
            Body::Document(mut document) => while document.append_next(&mut text) {},
            _ => {}
        }
        let text = String::from_utf8(text).unwrap();
        (response.head.status().code(), text)
    }

    /// Posts the arguments of an action; 0, or the code of the error.
    fn call(&self, action: &str, arguments: &str) -> (u32, String) {
        let body = format!(
            "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>\
             <u:{action} xmlns:u=\"urn:schemas-upnp-org:service:ContentDirectory:1\">{arguments}</u:{action}>\
             </s:Body></s:Envelope>"
        );
        let head = format!(
            "POST /control/ContentDirectory HTTP/1.1\r\nHost: 10.77.1.1:8200\r\nContent-Length: {}\r\n\
             SOAPACTION: \"urn:schemas-upnp-org:service:ContentDirectory:1#{action}\"\r\n\r\n",
            body.len()
        );
        let (status, text) = self.ask(&(head + &body));
        let code = text.split("<errorCode>").nth(1);
        let code = code.map_or(0, |rest| rest.split('<').next().unwrap().parse().unwrap());
        assert_eq!(status, if code == 0 { 200 } else { 500 }, "{text}");
        (code, text)
    }

    fn update(&self, id: &str, current: &str, new: &str) -> u32 {
        let arguments = format!(
            "<ObjectID>{id}</ObjectID><CurrentTagValue>{}</CurrentTagValue><NewTagValue>{}</NewTagValue>",
            current.replace('<', "&lt;"),
            new.replace('<', "&lt;")
        );
        self.call("UpdateObject", &arguments).0
    }

    fn bookmark(&self, id: &str, secs: u32) -> u32 {
        let arguments = format!(
            "<CategoryType>2</CategoryType><RID>0</RID><ObjectID>{id}</ObjectID><PosSecond>{secs}</PosSecond>"
        );
        self.call("X_SetBookmark", &arguments).0
    }

    /// DIDL-Lite, and the whole of the reply.
    fn browse(
        &self,
        id: &str,
        flag: &str,
        filter: &str,
        start: u32,
        count: u32,
    ) -> (String, String) {
        let arguments = format!(
            "<ObjectID>{id}</ObjectID><BrowseFlag>{flag}</BrowseFlag><Filter>{filter}</Filter>\
             <StartingIndex>{start}</StartingIndex><RequestedCount>{count}</RequestedCount><SortCriteria/>"
        );
        let (code, text) = self.call("Browse", &arguments);
        assert_eq!(code, 0, "{text}");
        let escaped = inside(&text, "Result")
            .replace("&lt;", "<")
            .replace("&gt;", ">");
        (escaped, text)
    }

    fn metadata(&self, id: &str, filter: &str) -> String {
        self.browse(id, "BrowseMetadata", filter, 0, 0).0
    }

    /// Titles of a page of children, and `TotalMatches`.
    fn titles(&self, id: &str, start: u32, count: u32) -> (Vec<String>, String) {
        let (didl, reply) = self.browse(id, "BrowseDirectChildren", "", start, count);
        let titles: Vec<_> = didl
            .split("<dc:title>")
            .skip(1)
            .map(|rest| rest.split('<').next().unwrap().to_owned())
            .collect();
        assert_eq!(inside(&reply, "NumberReturned"), titles.len().to_string());
        (titles, inside(&reply, "TotalMatches").to_owned())
    }

    fn update_id(&self, id: &str) -> u32 {
        let reply = self.browse(id, "BrowseDirectChildren", "", 0, 1).1;
        inside(&reply, "UpdateID").parse().unwrap()
    }

    fn system_update_id(&self) -> u32 {
        inside(&self.call("GetSystemUpdateID", "").1, "Id")
            .parse()
            .unwrap()
    }
}

fn titled(snapshot: &Arc<Snapshot>, title: &str) -> ObjectId {
    let mut objects = (0..snapshot.records()).filter_map(|number| snapshot.object(number));
    objects.find(|object| object.title() == title).unwrap().id()
}

fn inside<'t>(text: &'t str, name: &str) -> &'t str {
    let start = text.find(&format!("<{name}>")).unwrap() + name.len() + 2;
    let end = text.find(&format!("</{name}>")).unwrap();
    &text[start..end]
}

const fn tag(position_ms: u32, play_count: u32) -> State {
    State {
        position_ms,
        play_count,
        changed_secs: NOW.unix_secs,
    }
}

#[test]
fn samsungs_request_is_understood_to_the_byte() {
    let server = Server::new();
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\" \
         xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><u:X_SetBookmark \
         xmlns:u=\"urn:schemas-upnp-org:service:ContentDirectory:1\"><CategoryType>2</CategoryType><RID>0</RID>\
         <ObjectID>{}</ObjectID><PosSecond>754</PosSecond></u:X_SetBookmark></s:Body></s:Envelope>\r\n",
        server.id("Alien")
    );
    let request = format!(
        "POST /control/ContentDirectory HTTP/1.1\r\nHOST: 10.77.1.1:8200\r\n\
         SOAPACTION: \"urn:schemas-upnp-org:service:ContentDirectory:1#X_SetBookmark\"\r\n\
         CONTENT-TYPE: text/xml; charset=\"utf-8\"\r\nUSER-AGENT: SEC_HHP_[TV]UE40D7000/1.0\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let reply = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
        <s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
        s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>\
        <u:X_SetBookmarkResponse xmlns:u=\"urn:schemas-upnp-org:service:ContentDirectory:1\"/></s:Body></s:Envelope>";
    assert_eq!(server.ask(&request), (200, reply.to_owned()));
    assert_eq!(server.state("Alien"), tag(754_000, 0));
    let told = server.metadata(&server.id("Alien").to_string(), "sec:dcmInfo");
    assert!(
        told.contains("<sec:dcmInfo>CREATIONDATE=0,FOLDER=Alien,BM=754</sec:dcmInfo>"),
        "{told}"
    );
}

/// As Kodi 21 sends it: the id percent-encoded with a slash behind it, plain seconds, its own name for the count.
fn kodi(id: &str, current: &str, new: &str) -> String {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><s:Envelope \
         s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\" \
         xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><u:UpdateObject \
         xmlns:u=\"urn:schemas-upnp-org:service:ContentDirectory:1\"><ObjectID>{id}</ObjectID>\
         <CurrentTagValue>{current}</CurrentTagValue><NewTagValue>{new}</NewTagValue></u:UpdateObject></s:Body>\
         </s:Envelope>"
    );
    format!(
        "POST /control/ContentDirectory HTTP/1.1\r\nHost: 10.77.1.1:8200\r\n\
         Content-Type: text/xml; charset=\"utf-8\"\r\nUser-Agent: UPnP/1.0 DLNADOC/1.50 Kodi\r\n\
         SOAPAction: \"urn:schemas-upnp-org:service:ContentDirectory:1#UpdateObject\"\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn kodis_requests_are_understood_to_the_byte() {
    let server = Server::new();
    // An appearance in the container of what is in progress: its dot percent-encoded.
    let id = format!("{}%2e{}/", server.id("Alien"), in_progress::id());
    let ok = |request: &str| {
        let (status, text) = server.ask(request);
        assert_eq!(status, 200, "{text}");
        assert!(text.contains("<u:UpdateObjectResponse xmlns:u="), "{text}");
    };
    ok(&kodi(
        &id,
        "&lt;upnp:lastPlaybackPosition&gt;0&lt;/upnp:lastPlaybackPosition&gt;,\
         &lt;xbmc:lastPlayerState&gt;&lt;/xbmc:lastPlayerState&gt;",
        "&lt;upnp:lastPlaybackPosition&gt;754&lt;/upnp:lastPlaybackPosition&gt;,\
         &lt;xbmc:lastPlayerState&gt;&amp;lt;playerstate version=\"1,0\"/&amp;gt;&lt;/xbmc:lastPlayerState&gt;",
    ));
    assert_eq!(server.state("Alien"), tag(754_000, 0));
    // Kodi 18: two elements in one fragment; and it ended, with an old position for the current one.
    ok(&kodi(
        &id,
        "&lt;upnp:lastPlaybackPosition&gt;17&lt;/upnp:lastPlaybackPosition&gt;\
         &lt;xbmc:lastPlayerState&gt;&lt;/xbmc:lastPlayerState&gt;,&lt;upnp:playCount&gt;0&lt;/upnp:playCount&gt;",
        "&lt;upnp:lastPlaybackPosition&gt;0&lt;/upnp:lastPlaybackPosition&gt;\
         &lt;xbmc:lastPlayerState&gt;&lt;/xbmc:lastPlayerState&gt;,&lt;upnp:playCount&gt;1&lt;/upnp:playCount&gt;",
    ));
    assert_eq!(server.state("Alien"), tag(0, 1));
    // Watched once more, which it calls 0 and 1 again; then marked as not watched.
    let (zero, one) = (
        "&lt;upnp:playCount&gt;0&lt;/upnp:playCount&gt;",
        "&lt;upnp:playCount&gt;1&lt;/upnp:playCount&gt;",
    );
    ok(&kodi(&id, zero, one));
    assert_eq!(server.state("Alien"), tag(0, 2));
    ok(&kodi(&id, one, zero));
    assert_eq!(server.state("Alien"), tag(0, 0));
    // An item's details, with current values that Kodi makes up.
    ok(&kodi(
        &id,
        "&lt;upnp:lastPlaybackPosition&gt;1&lt;/upnp:lastPlaybackPosition&gt;,\
         &lt;upnp:lastPlaybackTime&gt;2026-01-01T10:00:00+01:00&lt;/upnp:lastPlaybackTime&gt;,\
         &lt;upnp:playCount&gt;0&lt;/upnp:playCount&gt;",
        "&lt;upnp:lastPlaybackPosition&gt;0&lt;/upnp:lastPlaybackPosition&gt;,\
         &lt;upnp:lastPlaybackTime&gt;&lt;/upnp:lastPlaybackTime&gt;,&lt;upnp:playCount&gt;4&lt;/upnp:playCount&gt;",
    ));
    let unknown_time = State {
        changed_secs: 0,
        ..tag(0, 4)
    };
    assert_eq!(server.state("Alien"), unknown_time);
    // Its notes to itself alone change nothing.
    let before = server.system_update_id();
    let note = "&lt;xbmc:lastPlayerState&gt;&lt;/xbmc:lastPlayerState&gt;";
    ok(&kodi(&id, note, note));
    assert_eq!(server.system_update_id(), before);
}

#[test]
fn two_control_points_see_each_others_positions_in_their_own_units() {
    let server = Server::new();
    let id = server.id("Alien").to_string();
    assert_eq!(server.bookmark(&id, 3754), 0);
    let told = server.metadata(&id, "upnp:lastPlaybackPosition,upnp:lastPlaybackTime");
    assert!(
        told.contains("<upnp:lastPlaybackPosition>1:02:34</upnp:lastPlaybackPosition>"),
        "{told}"
    );
    assert!(told.contains("<upnp:lastPlaybackTime>2023-11-14T22:13:20Z</upnp:lastPlaybackTime>"));
    assert!(!told.contains("sec:dcmInfo") && !told.contains("playbackCount"));
    let position =
        |text: &str| format!("<upnp:lastPlaybackPosition>{text}</upnp:lastPlaybackPosition>");
    assert_eq!(
        server.update(&id, &position("1:02:34"), &position("0:20:00.750")),
        0
    );
    assert_eq!(server.state("Alien").position_ms, 1_200_750);
    let told = server.metadata(&id, "*");
    assert!(told.contains(",BM=1200</sec:dcmInfo>"), "{told}");
    // What was told is what is so, though more is known; and so is what was said.
    assert_eq!(
        server.update(&id, &position("0:20:00"), &position("0:20:01")),
        0
    );
    assert_eq!(
        server.update(&id, &position("1201"), &position("0:99:00")),
        703
    );
    assert_eq!(server.update(&id, &position("1201"), ""), 0);
    assert_eq!(server.state("Alien").position_ms, 0);
    assert!(!server.metadata(&id, "*").contains("dcmInfo"));
    // Kodi reads plain seconds, and is known by what it asks for.
    assert_eq!(server.bookmark(&id, 754), 0);
    let told = server.metadata(
        &id,
        "upnp:lastPlaybackPosition,upnp:playbackCount,xbmc:lastPlayerState",
    );
    assert!(
        told.contains("<upnp:lastPlaybackPosition>754</upnp:lastPlaybackPosition>"),
        "{told}"
    );
    // A sort of listing that shows nothing of it unless asked.
    assert!(!server.metadata(&id, "res").contains("layback"));
}

#[test]
fn every_refusal_has_the_standards_number() {
    let server = Server::new();
    let id = server.id("Alien").to_string();
    let folder = server.id("Films").to_string();
    let count = |n: &str| format!("<upnp:playbackCount>{n}</upnp:playbackCount>");
    assert_eq!(server.update(&id, "", &count("2")), 0);
    let title = "<dc:title>Alien</dc:title>";
    for (name, id, current, new, code) in [
        ("no such object", "0123456789abcdef", "", count("1"), 701),
        ("no id", "../etc", "", count("1"), 701),
        ("a bad escape", "%zz", "", count("1"), 701),
        ("a folder", &folder, "", count("1"), 711),
        ("the root", "0", "", count("1"), 711),
        (
            "stale",
            &id,
            "<upnp:playbackCount>1</upnp:playbackCount>",
            count("3"),
            702,
        ),
        ("said to be absent", &id, "", count("3"), 702),
        ("current is no list", &id, "2", count("3"), 702),
        (
            "current is no number",
            &id,
            "<upnp:playbackCount>x</upnp:playbackCount>",
            count("3"),
            702,
        ),
        (
            "new is no list",
            &id,
            "<upnp:playbackCount>2</upnp:playbackCount>",
            "3".into(),
            703,
        ),
        (
            "new is no number",
            &id,
            "<upnp:playbackCount>2</upnp:playbackCount>",
            count("-1"),
            703,
        ),
        (
            "new is too large",
            &id,
            "<upnp:playbackCount>2</upnp:playbackCount>",
            count("4294967296"),
            703,
        ),
        (
            "a time that is none",
            &id,
            "",
            "<upnp:lastPlaybackTime>now</upnp:lastPlaybackTime>".into(),
            702,
        ),
        ("a required tag", &id, title, String::new(), 704),
        (
            "a title",
            &id,
            title,
            "<dc:title>Aliens</dc:title>".into(),
            705,
        ),
        (
            "a new tag",
            &id,
            "",
            "<dc:description>x</dc:description>".into(),
            705,
        ),
        (
            "one more",
            &id,
            "<upnp:playbackCount>2</upnp:playbackCount>",
            count("3") + ",",
            706,
        ),
        (
            "one less",
            &id,
            "<upnp:playbackCount>2</upnp:playbackCount>,",
            count("3"),
            706,
        ),
        ("too many", &id, &",".repeat(100), ",".repeat(100), 402),
    ] {
        assert_eq!(server.update(id, current, &new), code, "{name}");
    }
    assert_eq!(server.state("Alien").play_count, 2);
}

#[test]
fn a_change_is_made_whole_or_not_at_all() {
    let server = Server::new();
    let id = server.id("Alien").to_string();
    let count = |n: &str| format!("<upnp:playbackCount>{n}</upnp:playbackCount>");
    assert_eq!(server.update(&id, "", &count("2")), 0);
    let title = "<dc:title>Alien</dc:title>";
    // One that is refused takes the others with it.
    let (was, new) = (
        count("2") + ",<dc:title>A</dc:title>",
        count("3") + ",<dc:title>B</dc:title>",
    );
    assert_eq!(server.update(&id, &was, &new), 705);
    assert_eq!(server.state("Alien").play_count, 2);
    // Unchanged ones may be among them.
    let (was, new) = (
        format!("{},{title}", count("2")),
        format!("{},{title}", count("3")),
    );
    assert_eq!(server.update(&id, &was, &new), 0);
    assert_eq!(server.state("Alien").play_count, 3);
}

#[test]
fn arguments_that_are_missing_or_no_numbers_are_refused() {
    let server = Server::new();
    let id = server.id("Alien").to_string();
    let folder = server.id("Films").to_string();
    assert_eq!(server.call("UpdateObject", "").0, 402);
    assert_eq!(
        server
            .call("UpdateObject", &format!("<ObjectID>{id}</ObjectID>"))
            .0,
        402
    );
    let no_position = format!("<ObjectID>{id}</ObjectID>");
    assert_eq!(server.call("X_SetBookmark", &no_position).0, 402);
    for secs in ["", "-1", "1.5", "4294967296", "0:01:00"] {
        let arguments = format!("<ObjectID>{id}</ObjectID><PosSecond>{secs}</PosSecond>");
        assert_eq!(server.call("X_SetBookmark", &arguments).0, 402, "{secs}");
    }
    assert_eq!(server.bookmark("0123456789abcdef", 1), 701);
    assert_eq!(server.bookmark(&folder, 1), 711);
    assert_eq!(server.bookmark(&id, u32::MAX), 0);
}

#[test]
fn a_page_from_elsewhere_may_not_change_anything() {
    let server = Server::new();
    let request = kodi(
        &server.id("Alien").to_string(),
        "",
        "&lt;upnp:playCount&gt;1&lt;/upnp:playCount&gt;",
    );
    let from = |origin: &str| {
        let field = format!("Origin: {origin}\r\nContent-Type");
        server.ask(&request.replace("Content-Type", &field)).0
    };
    for origin in [
        "null",
        "http://evil.example",
        "https://10.77.1.1:8200",
        "http://10.77.1.9",
        "x",
    ] {
        assert_eq!(from(origin), 403, "{origin}");
    }
    assert_eq!(server.state("Alien"), State::default());
    for origin in ["http://10.77.1.1:8200", "http://box:8200"] {
        assert_eq!(from(origin), 200, "{origin}");
    }
    assert_eq!(server.state("Alien").play_count, 2);
}

#[test]
fn each_change_gives_the_item_its_container_and_the_system_new_update_ids() {
    let server = Server::new();
    let films = server.id("Films").to_string();
    let (alien, song) = (
        server.id("Alien").to_string(),
        server.id("Song").to_string(),
    );
    let ids = || (server.system_update_id(), server.update_id(&films));
    let mut before = ids();
    for secs in 1..=5 {
        assert_eq!(server.bookmark(&alien, secs), 0);
        let now = ids();
        assert_eq!(now.0, before.0 + 1);
        assert!(now.1 > before.1 && now.1 <= now.0, "{now:?}");
        before = now;
    }
    // Somewhere else: only the system's.
    assert_eq!(server.bookmark(&song, 1), 0);
    assert_eq!(ids(), (before.0 + 1, before.1));
    // Both go on where they were after a restart, when everything is read from the journal.
    let before = ids();
    let mut fresh = UserStates::default();
    server
        .shared
        .states()
        .in_order()
        .into_iter()
        .for_each(|entry| fresh.put(entry));
    let found = fresh.look_up(&server.shared.snapshot());
    fresh.settle(found);
    server.shared.states.replace(Arc::new(fresh));
    assert_eq!(ids(), before);
}

#[test]
fn whoever_follows_events_is_told_which_containers_changed() {
    let server = Server::new();
    let snapshot = server.shared.snapshot();
    let alien = snapshot.find(server.id("Alien")).unwrap();
    let entry = server.shared.states().next(&alien, tag(1, 0));
    let told = server.shared.keep(entry);
    let films = snapshot.find(server.id("Films")).unwrap();
    let expected = [
        (films.id(), server.shared.update_id(&films)),
        (
            ObjectId::ROOT,
            server.shared.update_id(&snapshot.root().unwrap()),
        ),
        (in_progress::id(), server.shared.system_update_id()),
    ];
    assert_eq!(told, expected);
}

#[test]
fn what_is_in_progress_stands_in_its_container_newest_first() {
    let mut server = Server::new();
    let own = in_progress::id().to_string();
    let all = |titles: &[&str], total: &str| {
        (
            titles.iter().map(|t| (*t).to_owned()).collect(),
            total.to_owned(),
        )
    };
    assert_eq!(server.titles("0", 0, 0), all(&["Films", "Song"], "2"));
    assert_eq!(server.titles(&own, 0, 0), all(&[], "0"));
    for title in ["Brazil", "Song", "Alien", "Song"] {
        assert_eq!(server.bookmark(&server.id(title).to_string(), 60), 0);
    }
    assert_eq!(
        server.titles(&own, 0, 0),
        all(&["Song", "Alien", "Brazil"], "3")
    );
    assert_eq!(server.titles(&own, 1, 1), all(&["Alien"], "3"));
    assert_eq!(server.titles(&own, 9, 9), all(&[], "3"));
    for (start, count, titles) in [
        (0, 0, &["In progress", "Films", "Song"][..]),
        (0, 1, &["In progress"]),
        (0, 2, &["In progress", "Films"]),
        (1, 1, &["Films"]),
        (1, 0, &["Films", "Song"]),
        (2, 5, &["Song"]),
        (3, 1, &[]),
    ] {
        assert_eq!(
            server.titles("0", start, count),
            all(titles, "3"),
            "{start} {count}"
        );
    }
    let told = server.metadata("0", "@childCount");
    assert!(told.contains("childCount=\"3\""), "{told}");
    let told = server.metadata(&own, "@childCount");
    assert!(
        told.contains(&format!(
            "<container id=\"{own}\" parentID=\"0\" restricted=\"1\" childCount=\"3\">"
        )),
        "{told}"
    );
    // Its items are appearances, found by those names too.
    let alien = server.id("Alien");
    let appearance = format!("{alien}.{own}");
    let element =
        format!("<item id=\"{appearance}\" parentID=\"{own}\" refID=\"{alien}\" restricted=\"1\">");
    assert!(server.metadata(&appearance, "@refID").contains(&element));
    assert!(
        server
            .browse(&own, "BrowseDirectChildren", "@refID", 0, 0)
            .0
            .contains(&element)
    );
    // The state is the item's, wherever it is met.
    assert_eq!(server.bookmark(&appearance, 0), 0);
    assert_eq!(server.titles(&own, 0, 0), all(&["Song", "Brazil"], "2"));
    let gone = format!(
        "<ObjectID>{appearance}</ObjectID><BrowseFlag>BrowseMetadata</BrowseFlag><Filter/><StartingIndex>0</StartingIndex>\
         <RequestedCount>0</RequestedCount><SortCriteria/>"
    );
    assert_eq!(server.call("Browse", &gone).0, 701);
    // An item has no children here either, and nothing shows the container where nothing shall.
    server.shared.in_progress_parent = None;
    assert_eq!(server.titles("0", 0, 0), all(&["Films", "Song"], "2"));
    assert_eq!(
        server.call("Browse", &gone.replace(&appearance, &own)).0,
        701
    );
}
