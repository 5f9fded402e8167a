//! The command line: what the operator sees.

use std::ffi::OsString;
use std::process::{Command, Output, Stdio};

use crate::harness::{
    FAR, Library, NEAR, Network, Rill, Setup, clean, have, mp3, patience, program, wait_for,
};

/// The program with these words and variables, without a network of its own; it must end by itself.
fn rill(words: &[&str], variables: &[(&str, &str)]) -> Output {
    let (runner, binary) = program();
    let mut line: Vec<OsString> = Vec::new();
    // Should it start by mistake, nobody hears it: a namespace of its own has no network.
    if rustix::process::getuid().is_root() {
        line.extend(["unshare".into(), "--net".into()]);
    }
    line.extend(runner);
    line.push(binary.into());
    let mut command = Command::new(&line[0]);
    command.args(&line[1..]);
    clean(&mut command);
    command
        .args(words)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let what = format!("rill {words:?} {variables:?} ends");
    let end = std::time::Instant::now() + patience(10);
    while child.try_wait().unwrap().is_none() {
        if std::time::Instant::now() > end {
            let _ = child.kill();
            panic!("not in time: {what}");
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn help_names_every_variable() {
    for word in ["--help", "-h"] {
        let output = rill(&[word], &[]);
        assert_eq!(output.status.code(), Some(0));
        let help = text(&output.stdout);
        for name in [
            "MEDIA",
            "NAME",
            "PORT",
            "INTERFACE",
            "STATE_DIR",
            "LOG",
            "NOTIFY_INTERVAL",
            "UUID",
            "ALLOW",
            "HOSTS",
        ] {
            assert!(
                help.contains(&format!("RILL_{name}")),
                "RILL_{name} is not in:\n{help}"
            );
        }
    }
}

#[test]
fn version_is_that_of_the_package() {
    let output = rill(&["--version"], &[]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        text(&output.stdout).trim(),
        concat!("rill ", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn check_config_says_yes_or_what_is_wrong() {
    let library = Library::empty().with("song.mp3", &mp3(5));
    let root = library.root();
    let state = library.beside("state");
    let good = [
        ("RILL_MEDIA", root.to_str().unwrap()),
        ("RILL_STATE_DIR", state.to_str().unwrap()),
    ];
    let output = rill(&["--check-config"], &good);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let output = rill(
        &["--check-config"],
        &[good[0], good[1], ("RILL_PORT", "eight")],
    );
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn wrong_values_stop_the_start_and_say_what_instead() {
    let library = Library::empty().with("song.mp3", &mp3(5));
    let root = library.root();
    let state = library.beside("state");
    let rows = [
        ("RILL_PORT", "eight"),
        ("RILL_PORT", "65536"),
        ("RILL_PORT", "-1"),
        ("RILL_LOG", "loud"),
        ("RILL_NOTIFY_INTERVAL", "often"),
        ("RILL_NOTIFY_INTERVAL", "0"),
        ("RILL_UUID", "not-a-uuid"),
        ("RILL_ALLOW", "10.0.0.0/99"),
        ("RILL_ALLOW", "everybody"),
        ("RILL_MEDIA", "sound=/tmp"),
    ];
    for (name, value) in rows {
        let mut variables = vec![
            ("RILL_MEDIA", root.to_str().unwrap()),
            ("RILL_STATE_DIR", state.to_str().unwrap()),
        ];
        variables.retain(|(other, _)| *other != name);
        variables.push((name, value));
        let output = rill(&[], &variables);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}={value}: {said}");
        assert!(said.contains(name), "{name}={value} is not named: {said}");
        assert!(
            value.is_empty() || said.contains(value),
            "{name}={value}: the value is not shown: {said}"
        );
    }
}

#[test]
fn unknown_flags_are_refused() {
    for words in [&["--frobnicate"][..], &["-z"], &["--port"]] {
        let output = rill(words, &[]);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(
            text(&output.stderr).contains("--help"),
            "{words:?}: {}",
            text(&output.stderr)
        );
    }
}

#[test]
fn a_port_in_use_is_said_with_a_way_out() {
    let library = Library::empty().with("song.mp3", &mp3(5));
    let Some(network) = Network::fresh() else {
        return;
    };
    let _other = network.inside_server(|| std::net::TcpListener::bind(("0.0.0.0", 8200)).unwrap());
    let mut rill = Setup::new(&library).idle_on(network);
    rill.spawn();
    let status = rill.ended("it gives up the port", 10);
    assert_eq!(status.code(), Some(2), "{}", rill.log());
    let log = rill.log();
    assert!(log.contains("8200") && log.contains("RILL_PORT"), "{log}");
}

#[test]
fn no_folder_at_all_is_said_with_a_way_out() {
    let library = Library::empty();
    let Some(network) = Network::fresh() else {
        return;
    };
    let mut rill = Setup::new(&library)
        .media("")
        .set("HOME", library.beside("nobody"))
        .idle_on(network);
    rill.spawn();
    // It may refuse to start or serve an empty library; either way it tells what to set.
    wait_for("RILL_MEDIA is named in the log", 10, || {
        rill.log().contains("RILL_MEDIA").then_some(())
    });
}

#[test]
fn folders_given_as_arguments_win() {
    let mut library = Library::empty();
    library.add("a/first.mp3", &mp3(5));
    library.write("b/second.mp3", &mp3(5));
    let Some(rill) = Setup::new(&library)
        .media(library.path("b"))
        .argument(library.path("a"))
        .start()
    else {
        return;
    };
    assert_eq!(rill.children("0").titles(), ["first"]);
}

#[test]
fn the_configured_name_and_uuid_are_shown() {
    let library = Library::empty().with("song.mp3", &mp3(5));
    let uuid = "12345678-9abc-4def-8123-456789abcdef";
    let name = "Tom & Jerry's <box>";
    let Some(rill) = Setup::new(&library)
        .set("RILL_NAME", name)
        .set("RILL_UUID", uuid)
        .start()
    else {
        return;
    };
    let reply = rill.get("/description.xml", &[]);
    let description = crate::harness::Element::parse(reply.text());
    assert_eq!(description.find("friendlyName").unwrap().text, name);
    assert_eq!(
        description.find("UDN").unwrap().text,
        format!("uuid:{uuid}")
    );
}

#[test]
fn another_port_is_used_where_the_location_says_it() {
    let library = Library::empty().with("song.mp3", &mp3(5));
    let Some(network) = Network::fresh() else {
        return;
    };
    let mut rill = Setup::new(&library).set("RILL_PORT", "0").idle_on(network);
    rill.spawn();
    for side in [NEAR, FAR] {
        let searcher = crate::harness::Searcher::open(rill.network(), side);
        let answer = wait_for("a search is answered", 15, || {
            searcher.search("upnp:rootdevice");
            searcher.answer(patience(2))
        });
        let location = answer.field("LOCATION").unwrap().to_owned();
        let authority = location
            .strip_prefix("http://")
            .unwrap()
            .split('/')
            .next()
            .unwrap();
        let mut connection =
            crate::harness::Connection::open(rill.network(), side, authority.parse().unwrap());
        connection
            .send(format!("GET /description.xml HTTP/1.1\r\nHost: {authority}\r\n\r\n").as_bytes());
        assert_eq!(connection.reply().unwrap().status, 200, "{location}");
    }
    assert_eq!(rill.stop().code(), Some(0));
}

#[test]
fn a_network_that_comes_later_is_used() {
    let library = Library::empty().with("song.mp3", &mp3(5));
    let Some(network) = Network::fresh() else {
        return;
    };
    for side in [NEAR, FAR] {
        Network::ip(
            &network.server(),
            &format!("link set {} down", side.interface),
        );
    }
    let mut rill = Setup::new(&library).idle_on(network);
    rill.spawn();
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert!(
        !rill.has_ended(),
        "it ended for lack of a network:\n{}",
        rill.log()
    );
    Network::ip(&rill.network().server(), "link set lan1 up");
    let searcher = crate::harness::Searcher::open(rill.network(), NEAR);
    wait_for("a search is answered", 20, || {
        searcher.search("upnp:rootdevice");
        searcher.answer(patience(1))
    });
}

#[test]
fn idle_means_idle() {
    if !have("ip") {
        return;
    }
    let library = Library::empty().with("song.mp3", &mp3(5));
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    // Let the bursts of the start pass; then count processor time.
    std::thread::sleep(std::time::Duration::from_secs(3));
    let before = rill.cpu_ticks();
    std::thread::sleep(std::time::Duration::from_secs(5));
    let spent = rill.cpu_ticks() - before;
    assert!(spent <= 10, "{spent} ticks of 10 ms in 5 idle seconds");
}
