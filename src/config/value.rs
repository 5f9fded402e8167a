//! What the values of the variables mean: text in, one value of its own type out.
//!
//! Each parser says in [`Wrong`] why it refuses and what to write instead. None of them looks at a disk or a
//! network.

use std::{
    ffi::{OsStr, OsString},
    fmt,
    net::IpAddr,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
    str::FromStr,
};

use crate::media::Class;

/// Why a value is refused, and what to write instead; both are put into [`super::Error`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// What is wrong with it, a clause.
    pub(super) why: String,
    /// What to write, one or more whole assignments or words.
    pub(super) instead: String,
}

/// A folder that is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The folder, absolute; it may be missing while its disk is not mounted.
    pub path: PathBuf,
    /// `audio=`, `video=` or `image=`: nothing else below it is listed.
    pub only: Option<Class>,
}

impl Root {
    /// Reads `[audio=|video=|image=]PATH`. `~/` is the home folder (service managers do not expand it); a relative
    /// path starts at `directory`.
    pub(super) fn parse(
        text: &OsStr,
        home: Option<&Path>,
        directory: &Path,
    ) -> Result<Self, Wrong> {
        let (only, path) = class_prefix(text.as_bytes());
        if only.is_none() && has_unknown_prefix(path) {
            return Err(wrong(
                "what stands before = is not audio, video or image",
                "RILL_MEDIA=audio=/srv/music, or ./ before a folder that is named so",
            ));
        }
        let path = match (path, path.strip_prefix(b"~/")) {
            (b"", _) => {
                return Err(wrong("a folder has no name in it", "RILL_MEDIA=/srv/media"));
            }
            (b"~", _) => home.map(Path::to_path_buf),
            (_, Some(rest)) => home.map(|home| home.join(OsStr::from_bytes(rest))),
            (path, None) => Some(directory.join(OsStr::from_bytes(path))),
        };
        let path = path.ok_or_else(|| wrong("~ is used, but HOME is not set", "the whole path"))?;
        // Collected from its components, so that `/a/`, `/a/.` and `/a//` are the same folder as `/a`.
        Ok(Self {
            path: path.components().collect(),
            only,
        })
    }

    /// As it is written in `RILL_MEDIA`.
    pub(super) fn to_text(&self) -> OsString {
        let mut text = match self.only {
            Some(Class::Audio) => b"audio=".to_vec(),
            Some(Class::Video) => b"video=".to_vec(),
            Some(Class::Image) => b"image=".to_vec(),
            Some(Class::Caption | Class::Playlist) | None => Vec::new(),
        };
        text.extend_from_slice(self.path.as_os_str().as_bytes());
        OsString::from_vec(text)
    }
}

fn class_prefix(text: &[u8]) -> (Option<Class>, &[u8]) {
    let classes: [(&[u8], Class); 3] = [
        (b"audio=", Class::Audio),
        (b"video=", Class::Video),
        (b"image=", Class::Image),
    ];
    classes
        .into_iter()
        .find_map(|(prefix, class)| Some((Some(class), text.strip_prefix(prefix)?)))
        .unwrap_or((None, text))
}

/// `word=/path`: nobody names a folder so, but `music=/path` is easily written.
fn has_unknown_prefix(text: &[u8]) -> bool {
    let word = text.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let rest = text.get(word..).unwrap_or_default();
    word > 0 && (rest.starts_with(b"=/") || rest.starts_with(b"=~"))
}

/// What stands at the root: one entry of `RILL_VIEWS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Artists, albums, genres ...
    Music,
    /// Series, films ...
    Video,
    /// Photographs by date, camera ...
    Pictures,
    /// The media folders.
    Folders,
}

impl View {
    /// What to write where something else stood.
    pub(super) const INSTEAD: &'static str = "RILL_VIEWS=music,video,pictures,folders, or some of these; RILL_VIEWS=folders for just the folders";

    /// Reads one of the four names.
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        let views = [Self::Music, Self::Video, Self::Pictures, Self::Folders];
        views
            .into_iter()
            .find(|view| view.as_str() == text)
            .ok_or_else(|| wrong(&format!("{text} is no view"), Self::INSTEAD))
    }

    /// Its name.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Music => "music",
            Self::Video => "video",
            Self::Pictures => "pictures",
            Self::Folders => "folders",
        }
    }
}

/// Which interfaces are served: one entry of `RILL_INTERFACE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InterfacePattern {
    /// An interface by its name, `eth0`.
    Name(String),
    /// The interface that has this address.
    Address(IpAddr),
}

impl InterfacePattern {
    /// Reads an interface name or an IP address.
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        let instead = "RILL_INTERFACE=eth0 or RILL_INTERFACE=192.168.1.20";
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            return Err(wrong(&format!("{text} is no address"), instead));
        }
        // The kernel's own rules: IFNAMSIZ with its final zero is 16 bytes; no slash, colon or white space.
        let named = text.len() < 16
            && text
                .bytes()
                .all(|b| b.is_ascii_graphic() && b != b'/' && b != b':');
        if !named {
            let why = format!("{text} is neither the name of an interface nor an address");
            return Err(wrong(&why, instead));
        }
        Ok(Self::Name(text.to_owned()))
    }
}

impl fmt::Display for InterfacePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// Addresses that share their first `prefix` bits: one entry of `RILL_ALLOW`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// The first address; all bits beyond `prefix` are zero.
    pub addr: IpAddr,
    /// Bits in common, at most 32 (IPv4) or 128 (IPv6).
    pub prefix: u8,
}

impl Subnet {
    /// Reads `192.168.1.0/24`, or one address alone.
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        let instead = "RILL_ALLOW=192.168.1.0/24 or RILL_ALLOW=192.168.1.20,fd00::/8";
        let (addr, prefix) = text
            .split_once('/')
            .map_or((text, None), |(a, p)| (a, Some(p)));
        let addr = IpAddr::from_str(addr).map_err(|_| {
            let why = format!("{text} is neither an address nor a subnet");
            wrong(&why, instead)
        })?;
        let most = width(addr);
        let prefix = match prefix.map(digits) {
            None => most,
            Some(Some(prefix)) if prefix <= most => prefix,
            Some(_) => {
                let why = format!("in {text}, what follows / must be a number from 0 to {most}");
                return Err(wrong(&why, instead));
            }
        };
        Ok(Self::around(addr, prefix))
    }

    /// The subnet of which `addr` is an address; `prefix` beyond the address's width is its width.
    pub fn around(addr: IpAddr, prefix: u8) -> Self {
        let prefix = prefix.min(width(addr));
        Self {
            addr: first(addr, prefix),
            prefix,
        }
    }

    /// Whether `addr` is in this subnet. An IPv4 address that a dual-stack socket reports as `::ffff:a.b.c.d`
    /// counts as IPv4.
    pub fn contains(&self, addr: IpAddr) -> bool {
        let addr = addr.to_canonical();
        self.addr.is_ipv4() == addr.is_ipv4() && first(addr, self.prefix) == self.addr
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.addr, self.prefix)
    }
}

fn width(addr: IpAddr) -> u8 {
    if addr.is_ipv4() { 32 } else { 128 }
}

/// `addr` with all bits beyond the first `prefix` cleared.
fn first(addr: IpAddr, prefix: u8) -> IpAddr {
    // A shift by the whole width is undefined for integers; it means "no bit in common", a mask of zero.
    let shift = u32::from(width(addr).saturating_sub(prefix));
    match addr {
        IpAddr::V4(v4) => {
            IpAddr::V4((v4.to_bits() & u32::MAX.checked_shl(shift).unwrap_or(0)).into())
        }
        IpAddr::V6(v6) => {
            IpAddr::V6((v6.to_bits() & u128::MAX.checked_shl(shift).unwrap_or(0)).into())
        }
    }
}

/// A further name of this machine, as it stands in a `Host` header: lower case, without port and final dot.
pub(super) fn host(text: &str) -> Result<String, Wrong> {
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    // RFC 1035 §2.3.4 bounds a name to 255 bytes in wire form, which is 253 characters.
    if name.is_empty() || name.len() > 253 || !name.bytes().all(legal) {
        let why = format!("{text} is not a host name (no port, no path)");
        return Err(wrong(&why, "RILL_HOSTS=media.example.org,nas"));
    }
    Ok(name)
}

/// A decimal number of ASCII digits alone; `u64::from_str` would take a plus sign too.
pub(super) fn digits<T: FromStr>(text: &str) -> Option<T> {
    let all = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}

/// A [`Wrong`] of these two texts.
pub(super) fn wrong(why: &str, instead: &str) -> Wrong {
    Wrong {
        why: why.to_owned(),
        instead: instead.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_know_prefix_home_and_directory() {
        let home = Some(Path::new("/home/ann"));
        let root = |text: &str| Root::parse(OsStr::new(text), home, Path::new("/work"));
        let good = |path: &str, only| {
            Ok(Root {
                path: path.into(),
                only,
            })
        };
        assert_eq!(root("/srv/media"), good("/srv/media", None));
        assert_eq!(root("/srv//media/./"), good("/srv/media", None));
        assert_eq!(root("audio=/m"), good("/m", Some(Class::Audio)));
        assert_eq!(root("video=~/v"), good("/home/ann/v", Some(Class::Video)));
        assert_eq!(root("image=p"), good("/work/p", Some(Class::Image)));
        assert_eq!(root("~"), good("/home/ann", None));
        assert_eq!(root("./audio=x"), good("/work/audio=x", None));
        assert_eq!(root("./text=/x"), good("/work/text=/x", None));
        assert!(root("text=/x").is_err());
        assert!(root("").is_err());
        assert!(root("audio=").is_err());
        assert!(Root::parse(OsStr::new("~/x"), None, Path::new("/")).is_err());
    }

    #[test]
    fn folders_may_be_any_bytes() {
        let text = OsStr::from_bytes(b"audio=/m/\xff\xfe");
        let root = Root::parse(text, None, Path::new("/")).unwrap();
        assert_eq!(root.path.as_os_str().as_bytes(), b"/m/\xff\xfe");
        assert_eq!(root.to_text(), text);
    }

    #[test]
    fn interfaces_are_names_or_addresses() {
        let name = |n: &str| Ok(InterfacePattern::Name(n.to_owned()));
        assert_eq!(InterfacePattern::parse("eth0.10"), name("eth0.10"));
        assert_eq!(InterfacePattern::parse("br-lan"), name("br-lan"));
        let address = InterfacePattern::Address([192, 168, 1, 20].into());
        assert_eq!(InterfacePattern::parse("192.168.1.20"), Ok(address));
        for bad in [
            "192.168.1.300",
            "192.168.1.0/24",
            "eth0:1",
            "sixteen-letters-",
            "a b",
            "fe80::x",
        ] {
            assert!(InterfacePattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn subnets_are_cut_to_their_first_address() {
        for (text, shown) in [
            ("192.168.1.20/24", "192.168.1.0/24"),
            ("192.168.1.20", "192.168.1.20/32"),
            ("10.1.2.3/0", "0.0.0.0/0"),
            ("fd12:3456::1/8", "fd00::/8"),
            ("::1", "::1/128"),
            ("fd12::1/0", "::/0"),
        ] {
            assert_eq!(Subnet::parse(text).unwrap().to_string(), shown, "{text}");
        }
        for bad in [
            "",
            "/",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "10.0.0.0/",
            "::/129",
            "10.0.0",
            "lan",
            "1.2.3.4/8/8",
        ] {
            assert!(Subnet::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn subnets_contain_their_own_family_alone() {
        let lan = Subnet::parse("192.168.1.0/24").unwrap();
        assert!(lan.contains("192.168.1.255".parse().unwrap()));
        assert!(lan.contains("::ffff:192.168.1.7".parse().unwrap()));
        assert!(!lan.contains("192.168.2.0".parse().unwrap()));
        assert!(!lan.contains("::1".parse().unwrap()));
        let all = Subnet::parse("0.0.0.0/0").unwrap();
        assert!(all.contains("8.8.8.8".parse().unwrap()));
        assert!(!all.contains("fd00::1".parse().unwrap()));
    }

    #[test]
    fn hosts_are_lower_case_without_port() {
        assert_eq!(host("NAS.Example.org."), Ok("nas.example.org".to_owned()));
        for bad in [
            "",
            ".",
            "nas:8200",
            "http://nas",
            "a b",
            "nas\r\n",
            &"a".repeat(254),
        ] {
            assert!(host(bad).is_err(), "{bad}");
        }
    }
}
