//! Who this server is: the UDN, made once and kept, and BOOTID, which grows with every start (UDA 1.1 §1.2.2).
//!
//! Both stand in one small text file in the state folder, replaced by rename, so that a power cut leaves the old
//! one or the new one. Control points keep favourites by the UDN; a server that changes it is a new server to them.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::Path,
};

use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// What makes this server the same one as yesterday.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The UDN without its `uuid:`.
    pub udn: Uuid,
    /// BOOTID.UPNP.ORG at start, 1 to 2³¹ − 1; larger than at the last start by at least [`BOOT_STEP`].
    pub boot_id: u32,
    /// What went wrong, one sentence each: to be logged once the log is open.
    pub warnings: Vec<String>,
}

/// How far BOOTID moves from start to start. A running server may count on by less than this (BOOTID grows when
/// an address changes, UDA 1.1 §1.2.2) without writing anything.
pub const BOOT_STEP: u32 = 1024;

/// Files that tell one machine from another, the best first; not every system has each.
pub const MACHINE_IDS: [&str; 4] = [
    "/etc/machine-id",
    "/var/lib/dbus/machine-id",
    "/proc/device-tree/serial-number",
    "/sys/class/net/eth0/address",
];

/// Opens the identity kept in `state_dir`, or makes one, and counts this start.
///
/// `given` (`RILL_UUID`) wins over the kept UDN, which stays in the file. A damaged file is set aside as
/// `identity.damaged`; a UDN that can still be read in it is kept. If nothing can be kept there, the UDN is derived
/// from the first usable file of `machine_ids`, and BOOTID from `unix_secs`, the wall clock. Nothing is fatal:
/// what went wrong is in [`Identity::warnings`].
pub fn open(
    state_dir: &Path,
    given: Option<Uuid>,
    machine_ids: &[&str],
    unix_secs: u64,
) -> Identity {
    let path = state_dir.join("identity");
    let mut warnings = Vec::new();
    let kept = match read_bounded(&path, FILE_BYTES) {
        Ok(bytes) => parse(&bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Kept::default(),
        Err(error) => {
            warnings.push(format!("cannot read {}: {error}", path.display()));
            Kept::default()
        }
    };
    if kept.damaged {
        warnings.push(set_aside(&path, kept.udn.is_some()));
    }

    let boot_id = next_boot(kept.boot_id, unix_secs);
    let own = kept.udn.unwrap_or_else(Uuid::new_v4);
    let mut udn = own;
    if let Err(error) = write(state_dir, own, boot_id) {
        let dir = state_dir.display();
        warnings.push(format!(
            "cannot keep the identity in {dir}: {error}. Make that folder writable, or name another with RILL_STATE_DIR"
        ));
        if kept.udn.is_none() {
            udn = machine_ids
                .iter()
                .find_map(|path| derive(path))
                .unwrap_or(own);
        }
        if udn == own && kept.udn.is_none() && given.is_none() {
            warnings.push("televisions will see a new server after each start".to_owned());
        }
    }
    Identity {
        udn: given.unwrap_or(udn),
        boot_id,
        warnings,
    }
}

/// BOOTID for a start at `unix_secs` after one with `last`.
///
/// Seconds of a calendar, so that it grows even if the file is lost, and never less than a step above the last,
/// so that it grows on a board without a battery clock.
fn next_boot(last: u32, unix_secs: u64) -> u32 {
    /// 2025-01-01T00:00:00Z: counting from here, 31 bits last until 2093.
    const EPOCH: u64 = 1_735_689_600;
    /// BOOTID is a non-negative 31-bit integer (UDA 1.1 §1.2.2).
    const MOST: u32 = i32::MAX.unsigned_abs();

    let clock = u32::try_from(unix_secs.saturating_sub(EPOCH)).unwrap_or(0);
    let next = last.saturating_add(BOOT_STEP).max(clock);
    // Room for what a running server counts on; past the end it starts again from the bottom.
    if next > MOST - BOOT_STEP { 1 } else { next }
}

/// A UDN made from what a file of the machine says, always the same.
///
/// machine-id(5) asks not to publish the id itself: 64 bits of a hash cannot be turned back into its 128, and the
/// other half of the UDN is a hash of that half.
fn derive(path: &str) -> Option<Uuid> {
    let bytes = read_bounded(Path::new(path), 256).ok()?;
    let id = bytes.trim_ascii();
    // machine-id(5): "uninitialized" stands there during the first boot; a fixed address of zeros is no name.
    let nameless = id.iter().all(|b| b"0:-\0".contains(b));
    if id.len() < 8 || nameless || id == b"uninitialized" {
        return None;
    }
    let high = xxh3_64_with_seed(id, 0x7269_6c6c_2075_646e); // "rill udn"
    let low = xxh3_64_with_seed(&high.to_be_bytes(), 1);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&high.to_be_bytes());
    bytes[8..].copy_from_slice(&low.to_be_bytes());
    bytes[6] = bytes[6] & 0x0f | 0x80; // version 8: made by the application (RFC 9562 §5.8)
    bytes[8] = bytes[8] & 0x3f | 0x80; // the RFC's own variant
    Some(Uuid::from_bytes(bytes))
}

// ---- the file ---------------------------------------------------------------------------------

/// The first line of the file.
const MAGIC: &str = "rill identity 1";
/// Bytes of the file that are looked at; ours has under 80.
const FILE_BYTES: u64 = 1024;

/// What the file says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Kept {
    udn: Option<Uuid>,
    boot_id: u32,
    damaged: bool,
}

/// Reads
///
/// ```text
/// rill identity 1
/// udn 4d696e69-444c-464e-9d41-b827eb54e939
/// boot 27734400
/// ```
fn parse(bytes: &[u8]) -> Kept {
    let text = String::from_utf8_lossy(bytes);
    let value = |name| text.lines().find_map(|line| line.strip_prefix(name));
    let udn = value("udn ").and_then(|udn| Uuid::try_parse(udn).ok());
    let udn = udn.filter(|udn| !udn.is_nil());
    let boot_id = value("boot ").and_then(|boot| boot.parse().ok());
    let whole = udn.is_some() && text == to_text(udn.unwrap_or_default(), boot_id.unwrap_or(0));
    Kept {
        udn,
        boot_id: boot_id.unwrap_or(0),
        damaged: !whole,
    }
}

fn to_text(udn: Uuid, boot_id: u32) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write!(text, "{MAGIC}\nudn {udn}\nboot {boot_id}\n");
    text
}

/// Replaces the file: written under another name, synced, renamed, the folder synced.
fn write(state_dir: &Path, udn: Uuid, boot_id: u32) -> io::Result<()> {
    fs::create_dir_all(state_dir)?;
    let new = state_dir.join("identity.new");
    let mut file = File::create(&new)?;
    file.write_all(to_text(udn, boot_id).as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, state_dir.join("identity"))?;
    File::open(state_dir)?.sync_all()
}

/// Renames a damaged file and says so.
fn set_aside(path: &Path, udn_kept: bool) -> String {
    let aside = path.with_extension("damaged");
    let path = path.display();
    let what = if udn_kept {
        "the UDN in it is kept"
    } else {
        "rill makes a new one, and televisions see a new server"
    };
    match fs::rename(path.to_string(), &aside) {
        Ok(()) => format!("{path} was damaged and is now {}; {what}", aside.display()),
        Err(error) => format!("{path} is damaged and cannot be renamed: {error}; {what}"),
    }
}

fn read_bounded(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
