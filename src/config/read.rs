//! One reader per variable: takes what was given, or `None`, and fills its field of [`Config`].

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    time::Duration,
};

use uuid::Uuid;

use super::{
    Config, Surroundings,
    value::{Root, View, Wrong, digits, wrong},
};
use crate::service::devices::{self, BadRow, Given};

pub(super) fn media(
    text: Option<&OsStr>,
    around: &Surroundings<'_>,
    config: &mut Config,
) -> Result<(), Wrong> {
    let home = home(around);
    let parse = |text: &OsStr| Root::parse(text, home.as_deref(), around.directory);
    let mut roots: Vec<Root> = Vec::new();
    if !around.folders.is_empty() {
        for folder in around.folders {
            let root = parse(folder)?;
            if looks_like_a_command(folder) && !root.path.exists() {
                let name = folder.display();
                let why = format!("'{name}' is neither a command nor a folder here");
                let instead = format!(
                    "rill ./{name} if it will be mounted later; rill --help lists the commands"
                );
                return Err(wrong(&why, &instead));
            }
            roots.push(root);
        }
    } else if let Some(text) = text {
        let folders = text.as_bytes().split(|b| *b == b':');
        for folder in folders.filter(|folder| !folder.is_empty()) {
            roots.push(parse(OsStr::from_bytes(folder))?);
        }
    } else if let Some(home) = &home {
        let usual = ["Videos", "Music", "Pictures"].map(|name| home.join(name));
        let there = usual.into_iter().filter(|path| path.is_dir());
        roots.extend(there.map(|path| Root { path, only: None }));
    }
    if roots.is_empty() {
        return Err(wrong(
            "no folder to serve was named, and there is no ~/Videos, ~/Music or ~/Pictures",
            "RILL_MEDIA=/srv/media, or the folders as arguments: rill /srv/media",
        ));
    }
    for root in roots {
        keep(root, config)?;
    }
    Ok(())
}

/// A bare word, as commands are; a folder is `./word`, `/word`, `~/word` or exists.
fn looks_like_a_command(folder: &OsStr) -> bool {
    folder
        .as_bytes()
        .iter()
        .all(|b| b.is_ascii_lowercase() || *b == b'-')
}

/// Adds `root`, once, and warns if it cannot be read now.
fn keep(root: Root, config: &mut Config) -> Result<(), Wrong> {
    use rustix::fs::{Access, access};

    let path = root.path.display();
    if root.path.is_file() {
        let why = format!("{path} is a file, not a folder");
        return Err(wrong(&why, "the folder that it is in"));
    }
    if config.media.contains(&root) {
        config
            .warnings
            .push(format!("{path} was named twice; it is served once"));
        return Ok(());
    }
    if let Err(error) = access(&root.path, Access::READ_OK | Access::EXEC_OK) {
        let error = std::io::Error::from(error);
        let warning =
            format!("cannot read {path} now: {error}; it is served as soon as it can be read");
        config.warnings.push(warning);
    }
    config.media.push(root);
    Ok(())
}

pub(super) fn name(
    text: Option<&OsStr>,
    around: &Surroundings<'_>,
    config: &mut Config,
) -> Result<(), Wrong> {
    let Some(text) = text else {
        let host = around.hostname.chars().filter(|c| !c.is_control());
        config.name = "rill on ".chars().chain(host).take(64).collect();
        return Ok(());
    };
    let name = utf8(text)?.trim();
    // UDA 1.1 §2.3: a friendly name should have fewer than 64 characters; televisions cut longer ones.
    if name.is_empty() || name.chars().count() > 64 || name.chars().any(char::is_control) {
        return Err(wrong(
            "a name has 1 to 64 characters, without tabs and line ends",
            "RILL_NAME=\"Living room\"",
        ));
    }
    name.clone_into(&mut config.name);
    Ok(())
}

pub(super) fn port(
    text: Option<&OsStr>,
    _: &Surroundings<'_>,
    config: &mut Config,
) -> Result<(), Wrong> {
    config.port = text
        .and_then(OsStr::to_str)
        .and_then(digits)
        .ok_or_else(|| {
            wrong(
                "a port is a number from 0 to 65535",
                "RILL_PORT=8200, or RILL_PORT=0 to let rill choose",
            )
        })?;
    Ok(())
}

pub(super) fn state_dir(
    text: Option<&OsStr>,
    around: &Surroundings<'_>,
    config: &mut Config,
) -> Result<(), Wrong> {
    let set = |name| (around.variable)(name).filter(|value| !value.is_empty());
    let home = home(around);
    let dir = if let Some(text) = text {
        Root::parse(text, home.as_deref(), around.directory)
            .map(|root| root.path)
            .map_err(|Wrong { why, .. }| wrong(&why, "RILL_STATE_DIR=/var/lib/rill"))
            .map(Some)?
    } else if let Some(dirs) = set("STATE_DIRECTORY") {
        // systemd.exec(5): several are separated by colons; ours is the first.
        let first = dirs.as_bytes().split(|b| *b == b':').next();
        first.map(|dir| OsStr::from_bytes(dir).into())
    } else if let Some(dir) = set("XDG_STATE_HOME") {
        Some(Path::new(&dir).join("rill"))
    } else {
        home.map(|home| home.join(".local/state/rill"))
    };
    let dir = dir.ok_or_else(|| {
        wrong(
            "there is no HOME to keep the state in",
            "RILL_STATE_DIR=/var/lib/rill",
        )
    })?;
    config.state_dir = around.directory.join(dir);
    Ok(())
}

pub(super) fn uuid(
    text: Option<&OsStr>,
    _: &Surroundings<'_>,
    config: &mut Config,
) -> Result<(), Wrong> {
    let Some(text) = text else { return Ok(()) };
    let text = utf8(text)?;
    // As it stands in descriptions, so that the UDN of another server can be taken over by copying it.
    let bare = text.strip_prefix("uuid:").unwrap_or(text);
    let uuid = Uuid::try_parse(bare).ok().filter(|uuid| !uuid.is_nil());
    config.uuid = Some(uuid.ok_or_else(|| {
        wrong(
            "a UUID has 32 hexadecimal digits, not all of them zero",
            "RILL_UUID=4d696e69-444c-164e-9d41-b827eb54e939, or leave it unset and rill makes its own",
        )
    })?);
    Ok(())
}

pub(super) fn log(
    text: Option<&OsStr>,
    _: &Surroundings<'_>,
    config: &mut Config,
) -> Result<(), Wrong> {
    let level = text
        .and_then(OsStr::to_str)
        .and_then(|text| text.parse().ok());
    config.log = level.ok_or_else(|| {
        wrong(
            "the levels are off, error, warn, info, debug and trace",
            "RILL_LOG=info",
        )
    })?;
    Ok(())
}

pub(super) fn views(
    text: Option<&OsStr>,
    _: &Surroundings<'_>,
    config: &mut Config,
) -> Result<(), Wrong> {
    list(text, View::parse, &mut config.views)?;
    let mut seen = Vec::new();
    config.views.retain(|view| {
        let is_new = !seen.contains(view);
        seen.push(*view);
        is_new
    });
    if config.views.is_empty() {
        return Err(wrong("there must be something to show", View::INSTEAD));
    }
    Ok(())
}

pub(super) fn initials(
    text: Option<&OsStr>,
    _: &Surroundings<'_>,
    config: &mut Config,
) -> Result<(), Wrong> {
    let number = text.and_then(OsStr::to_str).and_then(digits);
    config.initials = number.filter(|n| *n <= 1_000_000).ok_or_else(|| {
        wrong(
            "it is a number of objects from 0 to 1000000",
            "RILL_INITIALS=300, or RILL_INITIALS=0 for no initials",
        )
    })?;
    Ok(())
}

pub(super) fn notify_interval(
    text: Option<&OsStr>,
    _: &Surroundings<'_>,
    config: &mut Config,
) -> Result<(), Wrong> {
    let secs = text.and_then(OsStr::to_str).and_then(digits::<u64>);
    // Below 5 s the announcements of one burst would run into the next; above a day no cache keeps them.
    let secs = secs
        .filter(|secs| (5..=86_400).contains(secs))
        .ok_or_else(|| {
            wrong(
                "it is a number of seconds from 5 to 86400",
                "RILL_NOTIFY_INTERVAL=600",
            )
        })?;
    config.notify_interval = Duration::from_secs(secs);
    Ok(())
}

pub(super) fn mdns(
    text: Option<&OsStr>,
    _: &Surroundings<'_>,
    config: &mut Config,
) -> Result<(), Wrong> {
    config.mdns = on_or_off(text, "RILL_MDNS=on")?;
    Ok(())
}

pub(super) fn record(
    text: Option<&OsStr>,
    _: &Surroundings<'_>,
    config: &mut Config,
) -> Result<(), Wrong> {
    config.record = on_or_off(text, "RILL_RECORD=on")?;
    Ok(())
}

pub(super) fn confine(
    text: Option<&OsStr>,
    _: &Surroundings<'_>,
    config: &mut Config,
) -> Result<(), Wrong> {
    config.confine = on_or_off(text, "RILL_CONFINE=on")?;
    Ok(())
}

pub(super) fn rescan(
    text: Option<&OsStr>,
    _: &Surroundings<'_>,
    config: &mut Config,
) -> Result<(), Wrong> {
    let secs = text.and_then(OsStr::to_str).and_then(digits::<u64>);
    // Below 10 s a large folder on a network would be read all the time.
    let secs = secs
        .filter(|secs| *secs == 0 || (10..=604_800).contains(secs))
        .ok_or_else(|| {
            wrong(
                "it is a number of seconds from 10 to 604800, or 0 for never",
                "RILL_RESCAN=300",
            )
        })?;
    config.rescan = (secs > 0).then(|| Duration::from_secs(secs));
    Ok(())
}

pub(super) fn ipv6(
    text: Option<&OsStr>,
    _: &Surroundings<'_>,
    config: &mut Config,
) -> Result<(), Wrong> {
    config.ipv6 = on_or_off(text, "RILL_IPV6=on")?;
    Ok(())
}

fn on_or_off(text: Option<&OsStr>, instead: &str) -> Result<bool, Wrong> {
    match text.and_then(OsStr::to_str) {
        Some("on") => Ok(true),
        Some("off") => Ok(false),
        _ => Err(wrong("it is on or off", instead)),
    }
}

/// Reads a comma-separated list; empty entries are left out.
pub(super) fn list<T>(
    text: Option<&OsStr>,
    parse: fn(&str) -> Result<T, Wrong>,
    into: &mut Vec<T>,
) -> Result<(), Wrong> {
    let text = text.map(utf8).transpose()?.unwrap_or("");
    let entries = text
        .split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty());
    *into = entries.map(parse).collect::<Result<_, _>>()?;
    Ok(())
}

fn utf8(text: &OsStr) -> Result<&str, Wrong> {
    text.to_str()
        .ok_or_else(|| wrong("it is not UTF-8", "it in UTF-8"))
}

fn home(around: &Surroundings<'_>) -> Option<PathBuf> {
    let home = (around.variable)("HOME").map(PathBuf::from);
    home.filter(|home| home.is_absolute())
}

pub(super) fn devices(
    text: Option<&OsStr>,
    _: &Surroundings<'_>,
    config: &mut Config,
) -> Result<(), Wrong> {
    list(text, device, &mut config.devices)?;
    if config.devices.len() > crate::limits::DEVICE_ROWS {
        return Err(wrong("there are too many rows", "64 of them at most"));
    }
    Ok(())
}

fn device(text: &str) -> Result<Given, Wrong> {
    Given::parse(text).map_err(|error| match error {
        BadRow::NoKind => {
            let why = format!("'{text}' names no device and its kind");
            wrong(&why, "192.168.1.20=samsung-q, or MyPlayer/2=plain")
        }
        BadRow::UnknownKind => {
            let kinds: Vec<_> = devices::DEVICES.iter().map(|device| device.kind).collect();
            let why = format!("'{text}' has a kind that rill does not know");
            let instead = format!("one of these kinds: plain, {}", kinds.join(", "));
            wrong(&why, &instead)
        }
    })
}
