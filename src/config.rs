//! The configuration: environment variables, described once in [`VARIABLES`].
//!
//! The table makes the parser, `--help`, `--check-config`, the README section and `systemd/rill.env`
//! (`tests/documents.rs` compares the last two). Nothing here reads the process's own environment: it is handed in
//! as [`Surroundings`].

use std::{
    ffi::{OsStr, OsString},
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use log::LevelFilter;
use uuid::Uuid;

use crate::service::devices::Given;

mod read;
mod value;

pub use value::{InterfacePattern, Root, Subnet, View};
use value::{Wrong, host};

/// What rill was told, as it is meant: every value is checked and of its own type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one variable, and none has to do with another"
)]
pub struct Config {
    /// The folders that are served; at least one, none twice.
    pub media: Vec<Root>,
    /// The friendly name, 1..=64 characters without control characters.
    pub name: String,
    /// The HTTP port; 0: the system chooses.
    pub port: u16,
    /// The interfaces to serve; empty: all suitable ones.
    pub interfaces: Vec<InterfacePattern>,
    /// Where snapshot and identity are kept, absolute.
    pub state_dir: PathBuf,
    /// The UDN, if it was given.
    pub uuid: Option<Uuid>,
    /// How much is logged.
    pub log: LevelFilter,
    /// Who may connect; empty: the interfaces' own subnets.
    pub allow: Vec<Subnet>,
    /// Time between two bursts of announcements, 5 s to one day.
    pub notify_interval: Duration,
    /// Whether the web page is told by multicast DNS.
    pub mdns: bool,
    /// Whether the last requests and replies of each device are kept in memory.
    pub record: bool,
    /// Whether rights to everything but the folders are given up.
    pub confine: bool,
    /// Time between two looks at folders that do not tell of their changes, up to a week; `None`: never.
    pub rescan: Option<Duration>,
    /// Whether IPv6 is served beside IPv4.
    pub ipv6: bool,
    /// Further names under which rill may be addressed, lower case; every other is refused (DNS rebinding).
    pub hosts: Vec<String>,
    /// What stands at the root, in this order; at least one, none twice.
    pub views: Vec<View>,
    /// Most children of a container by names, beyond which initials come between; 0: any number.
    pub initials: u32,
    /// Who is served as which kind of device, whatever the table of devices says; at most
    /// [`crate::limits::DEVICE_ROWS`].
    pub devices: Vec<Given>,
    /// What is odd but no reason to stop, one sentence each: to be logged once the log is open.
    pub warnings: Vec<String>,
}

/// What the process knows about itself; handed in so that tests need no process.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Looks an environment variable up.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// Folders given as arguments; they win over `RILL_MEDIA`.
    pub folders: &'a [OsString],
    /// The current directory, where relative paths start.
    pub directory: &'a Path,
    /// The host name, for the default friendly name.
    pub hostname: &'a str,
}

impl fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings")
            .field("folders", &self.folders)
            .field("directory", &self.directory)
            .field("hostname", &self.hostname)
            .finish_non_exhaustive()
    }
}

/// A value that stops the start: what, why, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    what: String,
    why: String,
    instead: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}.\nWrite {}", self.what, self.why, self.instead)
    }
}

impl std::error::Error for Error {}

/// One environment variable.
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What its value is: unit, bounds, form.
    pub unit: &'static str,
    /// The value if it is unset or empty: the text itself, or what stands for it.
    pub default: Default,
    /// What it decides, in whole sentences.
    pub help: &'static str,
    /// The value that `systemd/rill.env` sets, where the default does not suit a service.
    pub service: Option<&'static str>,
    read: fn(Option<&OsStr>, &Surroundings<'_>, &mut Config) -> Result<(), Wrong>,
    show: fn(&Config) -> OsString,
}

/// What an unset variable means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Default {
    /// The same as this value.
    Value(&'static str),
    /// Something that no single value says; in words.
    Words(&'static str),
}

impl fmt::Display for Default {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Value(text) | Self::Words(text)) = self;
        f.write_str(text)
    }
}

/// Every variable that rill reads, in the order in which they are worth knowing.
pub const VARIABLES: [Variable; 18] = [
    Variable {
        name: "RILL_MEDIA",
        unit: "folders, separated by colons",
        default: Default::Words("those of ~/Videos, ~/Music and ~/Pictures that exist"),
        help: "The folders that are served. audio=, video= or image= before one lists nothing else below it. \
               A folder that is missing is kept: its disk may be mounted later. Folders given as arguments win, \
               and only there may a path contain a colon.",
        service: Some("/srv/media"),
        read: read::media,
        show: |config| join(config.media.iter().map(Root::to_text), ":"),
    },
    Variable {
        name: "RILL_NAME",
        unit: "1 to 64 characters",
        default: Default::Words("rill on <host name>"),
        help: "The name that televisions show.",
        service: None,
        read: read::name,
        show: |config| config.name.clone().into(),
    },
    Variable {
        name: "RILL_PORT",
        unit: "TCP port, 0 to 65535",
        default: Default::Value("8200"),
        help: "The HTTP port. 0 lets the system choose a free one.",
        service: None,
        read: read::port,
        show: |config| config.port.to_string().into(),
    },
    Variable {
        name: "RILL_INTERFACE",
        unit: "names or addresses, separated by commas",
        default: Default::Words("all suitable"),
        help: "The network interfaces to serve, also ones that rill would leave out by itself: loopback, \
               point-to-point, and the virtual ones of containers, VPNs and virtual machines.",
        service: None,
        read: |text, _, config| read::list(text, InterfacePattern::parse, &mut config.interfaces),
        show: |config| join(config.interfaces.iter().map(ToString::to_string), ","),
    },
    Variable {
        name: "RILL_STATE_DIR",
        unit: "a folder",
        default: Default::Words(
            "$STATE_DIRECTORY, else $XDG_STATE_HOME/rill, else ~/.local/state/rill",
        ),
        help: "Where rill keeps its identity, the catalogue and small pictures. Made if it is missing.",
        service: None,
        read: read::state_dir,
        show: |config| config.state_dir.clone().into(),
    },
    Variable {
        name: "RILL_UUID",
        unit: "a UUID",
        default: Default::Words("made once and kept in the state folder"),
        help: "The identity by which televisions recognise this server (its UDN).",
        service: None,
        read: read::uuid,
        show: |config| {
            config
                .uuid
                .map_or_else(OsString::new, |u| u.to_string().into())
        },
    },
    Variable {
        name: "RILL_LOG",
        unit: "off, error, warn, info, debug or trace",
        default: Default::Value("info"),
        help: "How much is written to standard error.",
        service: None,
        read: read::log,
        show: |config| config.log.as_str().to_ascii_lowercase().into(),
    },
    Variable {
        name: "RILL_ALLOW",
        unit: "addresses or subnets, separated by commas",
        default: Default::Words("the interfaces' own subnets"),
        help: "Who may connect. Every other address is turned away.",
        service: None,
        read: |text, _, config| read::list(text, Subnet::parse, &mut config.allow),
        show: |config| join(config.allow.iter().map(ToString::to_string), ","),
    },
    Variable {
        name: "RILL_HOSTS",
        unit: "host names, separated by commas",
        default: Default::Words("none"),
        help: "Further names under which this server may be addressed, beside its addresses, its host name and \
               <host name>.local. Every other name is refused, so that no web page can reach it by DNS rebinding.",
        service: None,
        read: |text, _, config| read::list(text, host, &mut config.hosts),
        show: |config| join(config.hosts.iter(), ","),
    },
    Variable {
        name: "RILL_VIEWS",
        unit: "music, video, pictures, folders, separated by commas",
        default: Default::Value("music,video,pictures,folders"),
        help: "What televisions show first, in this order. Music, video and pictures sort what is in the folders by \
               artist, album, genre, series, date and so on; a view without anything in it is not shown. folders alone \
               shows just the folders.",
        service: None,
        read: read::views,
        show: |config| join(config.views.iter().map(|view| view.as_str()), ","),
    },
    Variable {
        name: "RILL_INITIALS",
        unit: "objects, 0 to 1000000",
        default: Default::Value("0"),
        help: "In the views, a container of more names than this has containers for the initials between, so that \
               nobody scrolls through thousands. 0 never does so; 300 is a good number for most televisions.",
        service: None,
        read: read::initials,
        show: |config| config.initials.to_string().into(),
    },
    Variable {
        name: "RILL_NOTIFY_INTERVAL",
        unit: "seconds, 5 to 86400",
        default: Default::Value("600"),
        help: "The time between two announcements. They are declared valid for at least five times as long.",
        service: None,
        read: read::notify_interval,
        show: |config| config.notify_interval.as_secs().to_string().into(),
    },
    Variable {
        name: "RILL_MDNS",
        unit: "on or off",
        default: Default::Value("on"),
        help: "Whether the web page is announced by multicast DNS (Bonjour, Avahi), as <host name>.local. Works beside \
               another responder on the same machine.",
        service: None,
        read: read::mdns,
        show: |config| if config.mdns { "on" } else { "off" }.into(),
    },
    Variable {
        name: "RILL_IPV6",
        unit: "on or off",
        default: Default::Value("on"),
        help: "Whether IPv6 is served beside IPv4, where the machine has it.",
        service: None,
        read: read::ipv6,
        show: |config| if config.ipv6 { "on" } else { "off" }.into(),
    },
    Variable {
        name: "RILL_CONFINE",
        unit: "on or off",
        default: Default::Value("on"),
        help: "Whether rill gives up its rights to everything but its folders once it has started, where the kernel can do \
               that (Landlock, Linux 5.13). Needs to be off only where a media folder is a link that will lead elsewhere \
               while rill runs.",
        service: None,
        read: read::confine,
        show: |config| if config.confine { "on" } else { "off" }.into(),
    },
    Variable {
        name: "RILL_RESCAN",
        unit: "seconds, 10 to 604800, or 0",
        default: Default::Value("300"),
        help: "The time between two looks at folders whose changes the system does not tell of: those on network file \
               systems, and those beyond the limit of watches (sysctl fs.inotify.max_user_watches). 0 never looks; all \
               others are seen at once in any case. SIGHUP looks at everything.",
        service: None,
        read: read::rescan,
        show: |config| config.rescan.map_or(0, |r| r.as_secs()).to_string().into(),
    },
    Variable {
        name: "RILL_DEVICES",
        unit: "address=kind or text=kind, separated by commas",
        default: Default::Words("none: each is recognised by what it says of itself"),
        help: "Which devices are served as which kind, for those that are not recognised, or wrongly: by an address, or \
               by a text that stands in their User-Agent or another field. plain is a device that needs nothing; \
               rill --check-config with a wrong kind lists all kinds.",
        service: None,
        read: read::devices,
        show: |config| join(config.devices.iter().map(ToString::to_string), ","),
    },
    Variable {
        name: "RILL_RECORD",
        unit: "on or off",
        default: Default::Value("on"),
        help: "Whether the last requests and replies of each device are kept in memory (at most 520 KiB in all), so that \
               rill doctor --device and the page can show what a device does not like.",
        service: None,
        read: read::record,
        show: |config| if config.record { "on" } else { "off" }.into(),
    },
];

/// Which links of the machine a command uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Links {
    /// `RILL_INTERFACE`; empty: all suitable.
    pub interfaces: Vec<InterfacePattern>,
    /// `RILL_IPV6`: whether IPv6 is used beside IPv4.
    pub ipv6: bool,
}

impl Config {
    /// Reads every variable of [`VARIABLES`]; an empty one counts as unset.
    ///
    /// Looks at the media folders (stat and access, no reading) to choose the default ones and to warn about
    /// those that are missing.
    ///
    /// # Errors
    /// The first value that is wrong; no folder to serve; no place for the state.
    pub fn from(around: &Surroundings<'_>) -> Result<Self, Error> {
        Self::read(around, |_| true)
    }

    /// The variables of a command that serves nothing: the interfaces and the log's level.
    ///
    /// # Errors
    /// One of these three is wrong.
    pub fn of_network(around: &Surroundings<'_>) -> Result<(Links, LevelFilter), Error> {
        let wanted = |name: &str| matches!(name, "RILL_INTERFACE" | "RILL_IPV6" | "RILL_LOG");
        let config = Self::read(around, wanted)?;
        Ok((config.links(), config.log))
    }

    /// The links that this configuration uses.
    pub fn links(&self) -> Links {
        Links {
            interfaces: self.interfaces.clone(),
            ipv6: self.ipv6,
        }
    }

    fn read(around: &Surroundings<'_>, wanted: impl Fn(&str) -> bool) -> Result<Self, Error> {
        let mut config = Self::nothing();
        for variable in VARIABLES.iter().filter(|variable| wanted(variable.name)) {
            let given = (around.variable)(variable.name).filter(|text| !text.is_empty());
            let text = match (&given, variable.default) {
                (Some(given), _) => Some(given.as_os_str()),
                (None, Default::Value(text)) => Some(OsStr::new(text)),
                (None, Default::Words(_)) => None,
            };
            (variable.read)(text, around, &mut config).map_err(|Wrong { why, instead }| Error {
                what: match &given {
                    Some(given) => format!("{} is '{}'", variable.name, given.display()),
                    None => variable.name.to_owned(),
                },
                why,
                instead,
            })?;
        }
        Ok(config)
    }

    fn nothing() -> Self {
        Self {
            media: Vec::new(),
            name: String::new(),
            port: 0,
            interfaces: Vec::new(),
            state_dir: PathBuf::new(),
            uuid: None,
            log: LevelFilter::Off,
            allow: Vec::new(),
            notify_interval: Duration::ZERO,
            mdns: false,
            record: false,
            confine: false,
            rescan: None,
            ipv6: false,
            hosts: Vec::new(),
            views: Vec::new(),
            initials: 0,
            devices: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

/// The resolved values, one assignment a line, as `--check-config` shows them; an empty one is the default that
/// only the running server can fill in.
impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for variable in &VARIABLES {
            writeln!(f, "{}={}", variable.name, (variable.show)(self).display())?;
        }
        Ok(())
    }
}

/// A warning for each of `names` that begins with `RILL_` and is no variable of ours: most likely a typo.
pub fn unknown_variables(names: impl Iterator<Item = OsString>) -> Vec<String> {
    let mut names: Vec<_> = names
        .filter_map(|name| name.into_string().ok())
        .filter(|name| name.starts_with("RILL_"))
        .filter(|name| VARIABLES.iter().all(|known| known.name != name))
        .collect();
    names.sort();
    let warn = |name: &String| match nearest(name) {
        Some(known) => format!("{name} is not a variable of rill; was {known} meant?"),
        None => format!("{name} is not a variable of rill; rill --help lists them"),
    };
    names.iter().map(warn).collect()
}

/// The known name that the fewest edits make out of `name`, if so few that it may be a slip.
fn nearest(name: &str) -> Option<&'static str> {
    let measured = VARIABLES.iter().map(|v| (edits(name, v.name), v.name));
    measured
        .min()
        .filter(|(n, _)| *n <= 3)
        .map(|(_, name)| name)
}

/// Levenshtein's distance in bytes.
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

fn join<T: AsRef<OsStr>>(parts: impl Iterator<Item = T>, separator: &str) -> OsString {
    let mut joined = OsString::new();
    for part in parts {
        if !joined.is_empty() {
            joined.push(separator);
        }
        joined.push(part);
    }
    joined
}

#[cfg(test)]
#[path = "config/tests.rs"]
mod tests;
