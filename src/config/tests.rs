use super::*;
use crate::media::Class;

const NOTHING: [(&str, &str); 0] = [];

/// Reads `variables` on a machine called `board` whose home folder is empty.
fn read(variables: &[(&str, &str)], folders: &[&str]) -> Result<Config, Error> {
    read_at(Path::new("/nonexistent/home"), variables, folders)
}

fn read_at(home: &Path, variables: &[(&str, &str)], folders: &[&str]) -> Result<Config, Error> {
    let folders: Vec<OsString> = folders.iter().map(OsString::from).collect();
    Config::from(&Surroundings {
        variable: &|name| match name {
            "HOME" => Some(home.into()),
            _ => variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.into()),
        },
        folders: &folders,
        directory: Path::new("/work"),
        hostname: "board",
    })
}

/// A new empty folder that is gone after the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rill-config-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn defaults_are_those_of_the_table() {
    let config = read(&NOTHING, &["/"]).unwrap();
    let expected = Config {
        media: vec![Root {
            path: "/".into(),
            only: None,
        }],
        name: "rill on board".to_owned(),
        port: 8200,
        interfaces: vec![],
        state_dir: "/nonexistent/home/.local/state/rill".into(),
        uuid: None,
        log: LevelFilter::Info,
        allow: vec![],
        notify_interval: Duration::from_secs(600),
        mdns: true,
        record: true,
        confine: true,
        rescan: Some(Duration::from_secs(300)),
        ipv6: true,
        hosts: vec![],
        views: vec![View::Music, View::Video, View::Pictures, View::Folders],
        initials: 0,
        devices: Vec::new(),
        warnings: vec![],
    };
    assert_eq!(config, expected);
}

#[test]
fn every_variable_is_read_and_shown() {
    let variables = [
        ("RILL_MEDIA", "/:audio=/tmp"),
        ("RILL_NAME", "Wohnzimmer süd"),
        ("RILL_PORT", "0"),
        ("RILL_INTERFACE", "lo, 192.168.1.20 ,"),
        ("RILL_STATE_DIR", "/var/lib/rill"),
        ("RILL_UUID", "uuid:4D696E69-444C-164E-9D41-B827EB54E939"),
        ("RILL_LOG", "WARN"),
        ("RILL_ALLOW", "192.168.1.9/24,fd00::1"),
        ("RILL_HOSTS", "NAS,media.example.org."),
        ("RILL_VIEWS", "folders, music,folders"),
        ("RILL_INITIALS", "300"),
        ("RILL_NOTIFY_INTERVAL", "5"),
        ("RILL_MDNS", "off"),
        ("RILL_IPV6", "off"),
        ("RILL_CONFINE", "off"),
        ("RILL_RESCAN", "0"),
        ("RILL_DEVICES", "192.168.1.20=samsung-q, MyPlayer/2 = plain"),
        ("RILL_RECORD", "off"),
    ];
    let config = read(&variables, &[]).unwrap();
    let shown = "\
RILL_MEDIA=/:audio=/tmp
RILL_NAME=Wohnzimmer süd
RILL_PORT=0
RILL_INTERFACE=lo,192.168.1.20
RILL_STATE_DIR=/var/lib/rill
RILL_UUID=4d696e69-444c-164e-9d41-b827eb54e939
RILL_LOG=warn
RILL_ALLOW=192.168.1.0/24,fd00::1/128
RILL_HOSTS=nas,media.example.org
RILL_VIEWS=folders,music
RILL_INITIALS=300
RILL_NOTIFY_INTERVAL=5
RILL_MDNS=off
RILL_IPV6=off
RILL_CONFINE=off
RILL_RESCAN=0
RILL_DEVICES=192.168.1.20=samsung-q,MyPlayer/2=plain
RILL_RECORD=off
";
    assert_eq!(config.to_string(), shown);
    assert_eq!(config.media[1].only, Some(Class::Audio));
    // What is shown reads back as the same configuration.
    let again: Vec<_> = shown
        .lines()
        .filter_map(|line| line.split_once('='))
        .collect();
    assert_eq!(read(&again, &[]).unwrap(), config);
}

#[test]
fn an_empty_variable_is_an_unset_one() {
    let empty: Vec<_> = VARIABLES.iter().map(|v| (v.name, "")).collect();
    assert_eq!(read(&empty, &["/"]), read(&NOTHING, &["/"]));
}

#[test]
fn wrong_values_say_what_why_and_what_instead() {
    let error = read(&[("RILL_PORT", "99999")], &["/"]).unwrap_err();
    let expected = "RILL_PORT is '99999': a port is a number from 0 to 65535.\n\
                    Write RILL_PORT=8200, or RILL_PORT=0 to let rill choose";
    assert_eq!(error.to_string(), expected);
    let error = read(&[("RILL_DEVICES", "10.0.0.7=telly")], &["/"]).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("'10.0.0.7=telly' has a kind that rill does not know"),
        "{error}"
    );
    assert!(
        error.contains("Write one of these kinds: plain, samsung-allshare,"),
        "{error}"
    );
    let error = read(&[("RILL_DEVICES", "samsung")], &["/"]).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("'samsung' names no device and its kind"),
        "{error}"
    );
    let many = vec!["10.0.0.7=lg"; 65].join(",");
    assert!(read(&[("RILL_DEVICES", &many)], &["/"]).is_err());
}

#[test]
fn wrong_values_are_refused() {
    let long = "x".repeat(65);
    for (name, value) in [
        ("RILL_MEDIA", "audio="),
        ("RILL_MEDIA", "::"),
        ("RILL_MEDIA", "/dev/../proc/version"),
        ("RILL_NAME", "   "),
        ("RILL_VIEWS", ","),
        ("RILL_VIEWS", "music,books"),
        ("RILL_INITIALS", "-1"),
        ("RILL_INITIALS", "1000001"),
        ("RILL_NAME", "a\nb"),
        ("RILL_NAME", long.as_str()),
        ("RILL_PORT", "-1"),
        ("RILL_PORT", "+1"),
        ("RILL_PORT", "65536"),
        ("RILL_PORT", "http"),
        ("RILL_INTERFACE", "eth0,10.0.0.0/8"),
        ("RILL_UUID", "1234"),
        ("RILL_UUID", "00000000-0000-0000-0000-000000000000"),
        ("RILL_LOG", "loud"),
        ("RILL_ALLOW", "10.0.0.0/33"),
        ("RILL_HOSTS", "nas:8200"),
        ("RILL_NOTIFY_INTERVAL", "4"),
        ("RILL_NOTIFY_INTERVAL", "86401"),
        ("RILL_NOTIFY_INTERVAL", "10m"),
        ("RILL_RESCAN", "9"),
        ("RILL_RESCAN", "604801"),
        ("RILL_RESCAN", "never"),
    ] {
        let error = read(&[(name, value)], &[]).map_err(|e| e.to_string());
        // A row about another variable needs a folder to get that far.
        let error = if name == "RILL_MEDIA" {
            error
        } else {
            read(&[(name, value)], &["/"]).map_err(|e| e.to_string())
        };
        let error = error.unwrap_err();
        assert!(
            error.starts_with(name) && error.contains("\nWrite "),
            "{name}={value}: {error}"
        );
    }
}

#[test]
fn no_folder_at_all_says_what_to_write() {
    let error = read(&NOTHING, &[]).unwrap_err().to_string();
    let expected = "RILL_MEDIA: no folder to serve was named, and there is no ~/Videos, ~/Music or ~/Pictures.\n\
                    Write RILL_MEDIA=/srv/media, or the folders as arguments: rill /srv/media";
    assert_eq!(error, expected);
}

#[test]
fn the_usual_folders_that_exist_are_the_default() {
    let home = Folder::new("usual");
    std::fs::create_dir(home.0.join("Music")).unwrap();
    std::fs::create_dir(home.0.join("Videos")).unwrap();
    let config = read_at(&home.0, &NOTHING, &[]).unwrap();
    let paths: Vec<_> = config.media.iter().map(|root| root.path.clone()).collect();
    assert_eq!(paths, [home.0.join("Videos"), home.0.join("Music")]);
    assert!(config.warnings.is_empty());
}

#[test]
fn arguments_win_and_may_contain_a_colon() {
    let config = read(&[("RILL_MEDIA", "/")], &["video=/a:b", "c/d"]).unwrap();
    let paths: Vec<_> = config.media.iter().map(|root| &root.path).collect();
    assert_eq!(paths, [Path::new("/a:b"), Path::new("/work/c/d")]);
}

#[test]
fn a_missing_folder_is_kept_and_warned_about() {
    let config = read(&[("RILL_MEDIA", "/:/nonexistent/disk")], &[]).unwrap();
    assert_eq!(config.media.len(), 2);
    let expected = "cannot read /nonexistent/disk now: No such file or directory (os error 2); \
                    it is served as soon as it can be read";
    assert_eq!(config.warnings, [expected]);
}

#[test]
fn a_folder_named_twice_is_served_once() {
    let config = read(&[("RILL_MEDIA", "/:/.:audio=/")], &[]).unwrap();
    assert_eq!(config.media.len(), 2, "the restricted one is another root");
    assert_eq!(config.warnings, ["/ was named twice; it is served once"]);
}

#[test]
fn a_misspelt_command_is_not_taken_for_a_folder() {
    let error = read(&NOTHING, &["scna"]).unwrap_err().to_string();
    assert!(
        error.contains("'scna' is neither a command nor a folder here"),
        "{error}"
    );
    assert!(read(&NOTHING, &["./scna"]).is_ok());
}

#[test]
fn the_state_folder_is_systemds_then_xdgs_then_at_home() {
    let state = |variables: &[(&str, &str)]| read(variables, &["/"]).unwrap().state_dir;
    let xdg = ("XDG_STATE_HOME", "/x");
    let systemd = ("STATE_DIRECTORY", "/var/lib/rill:/var/lib/other");
    assert_eq!(state(&[xdg]), Path::new("/x/rill"));
    assert_eq!(state(&[xdg, systemd]), Path::new("/var/lib/rill"));
    assert_eq!(
        state(&[xdg, systemd, ("RILL_STATE_DIR", "s")]),
        Path::new("/work/s")
    );
    let error = read_at(Path::new(""), &NOTHING, &["/"])
        .unwrap_err()
        .to_string();
    assert!(error.contains("RILL_STATE_DIR=/var/lib/rill"), "{error}");
}

#[test]
fn unknown_variables_are_named_with_the_nearest() {
    let names = [
        "PATH",
        "RILL_PROT",
        "RILL_PORT",
        "RILL_FRIENDLY_NAME",
        "RILL_HOST",
    ];
    let warnings = unknown_variables(names.iter().map(OsString::from));
    let expected = [
        "RILL_FRIENDLY_NAME is not a variable of rill; rill --help lists them",
        "RILL_HOST is not a variable of rill; was RILL_HOSTS meant?",
        "RILL_PROT is not a variable of rill; was RILL_PORT meant?",
    ];
    assert_eq!(warnings, expected);
}

#[test]
fn edits_count_insertions_removals_and_changes() {
    assert_eq!(edits("", "abc"), 3);
    assert_eq!(edits("abc", ""), 3);
    assert_eq!(edits("kitten", "sitting"), 3);
    assert_eq!(edits("same", "same"), 0);
}
