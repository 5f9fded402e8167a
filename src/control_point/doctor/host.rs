//! The machine: who runs as rill, who holds port 1900, is there a firewall, is this a container (proc(5)).

use std::{
    collections::HashSet,
    fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
};

use super::Finding;
use crate::{net::search, sys::addresses::Address, wire::ssdp::PORT};

/// Bytes of a file in /proc that are looked at; nothing there is longer but by malice.
const PROC_BYTES: usize = 1024 * 1024;

/// A running program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: u32,
    /// The name of its user, or the number of one that has none (systemd's `DynamicUser`).
    pub(super) user: String,
    pub(super) uid: u32,
    /// Its group and its supplementary groups.
    pub(super) gids: Vec<u32>,
}

/// Every other process that is called rill and is not known to be in another network, a container's.
pub(super) fn servers() -> Vec<Process> {
    let own = std::process::id();
    let network = |pid: u32| fs::read_link(format!("/proc/{pid}/ns/net"));
    let here = network(own).ok();
    let is_rill = |pid: &u32| {
        let other = *pid != own && command(*pid).as_deref() == Some("rill");
        other
            && match network(*pid) {
                Ok(network) => Some(network) == here,
                // Another user's. One that has just ended has none.
                Err(error) => error.kind() == io::ErrorKind::PermissionDenied,
            }
    };
    let names = read("/etc/passwd").unwrap_or_default();
    let processes = pids().into_iter().filter(is_rill);
    processes
        .filter_map(|pid| {
            let status = read(format!("/proc/{pid}/status"))?;
            Some(process(pid, &status, &names))
        })
        .collect()
}

/// A process out of its `status` file and the list of users (passwd(5)).
fn process(pid: u32, status: &str, passwd: &str) -> Process {
    let numbers = |name: &str| -> Vec<u32> {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let words = line.unwrap_or_default().split_whitespace();
        words.filter_map(|word| word.parse().ok()).collect()
    };
    // Real, effective, saved, of the file system.
    let effective = |numbers: Vec<u32>| numbers.get(1).copied().unwrap_or_default();
    let uid = effective(numbers("Uid:"));
    let mut gids = numbers("Groups:");
    gids.push(effective(numbers("Gid:")));
    let name = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    Process {
        pid,
        user: name.unwrap_or_else(|| uid.to_string()),
        uid,
        gids,
    }
}

/// Who holds UDP port 1900, and whether it can be shared.
pub(super) fn ssdp_port() -> Finding {
    let check = "port-1900";
    let tables = ["/proc/net/udp", "/proc/net/udp6"].map(|path| read(path).unwrap_or_default());
    let inodes: HashSet<u64> = tables
        .iter()
        .flat_map(|table| sockets(table, PORT))
        .collect();
    let names = holders(&inodes);
    let who = match (inodes.len(), names.as_slice()) {
        (0, _) => "nobody".to_owned(),
        (_, []) => "a program of another user".to_owned(),
        (_, names) => names.join(", "),
    };
    match search::try_ssdp_port() {
        Ok(()) if inodes.is_empty() => Finding::ok(
            check,
            "nobody listens on UDP port 1900 yet; it is free".into(),
        ),
        Ok(()) => Finding::ok(check, format!("UDP port 1900 is shared by {who}")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Finding::problem(
            check,
            format!("UDP port 1900 is held by {who} and not shared: searches do not reach rill"),
            "stop that program, or make it share the port (SO_REUSEADDR); `ss -ulpn sport = 1900` names it to root",
        ),
        Err(error) => Finding::unknown(
            check,
            format!("cannot try UDP port 1900: {error}"),
            "try as root",
        ),
    }
}

/// The inodes of the sockets bound to `port` in a table of /proc/net.
fn sockets(table: &str, port: u16) -> Vec<u64> {
    let inode = |line: &str| {
        let mut words = line.split_whitespace();
        let (_, bound) = words.nth(1)?.rsplit_once(':')?;
        let bound = u16::from_str_radix(bound, 16).ok()?;
        // Behind the remote address: state, queues, timer, retransmits, uid, timeout, inode.
        let inode = words.nth(7)?.parse().ok()?;
        (bound == port).then_some(inode)
    };
    table.lines().skip(1).filter_map(inode).collect()
}

/// `name (process 7)` of each process that has one of these sockets, as far as we may look.
fn holders(inodes: &HashSet<u64>) -> Vec<String> {
    let holds = |pid: &u32| {
        let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else {
            return false;
        };
        descriptors.flatten().any(|descriptor| {
            let link = fs::read_link(descriptor.path()).unwrap_or_default();
            let link = link.to_string_lossy();
            let inode = link
                .strip_prefix("socket:[")
                .and_then(|rest| rest.strip_suffix(']'));
            inode.is_some_and(|inode| inode.parse().is_ok_and(|inode| inodes.contains(&inode)))
        })
    };
    if inodes.is_empty() {
        return Vec::new();
    }
    let named = |pid: u32| {
        let name = command(pid).unwrap_or_else(|| "?".into());
        format!("{name} (process {pid})")
    };
    pids().into_iter().filter(holds).map(named).collect()
}

/// Signs of a packet filter. `heard`: rill was heard in spite of it, from this machine.
pub(super) fn firewall(heard: bool) -> Finding {
    let check = "firewall";
    let ufw = read("/etc/ufw/ufw.conf").is_some_and(|text| text.contains("\nENABLED=yes"));
    let firewalld = pids()
        .into_iter()
        .any(|pid| command(pid).as_deref() == Some("firewalld"));
    let tables = read("/proc/net/ip_tables_names").unwrap_or_default();
    let (name, advice) = if ufw {
        (
            "ufw",
            "ufw allow 1900/udp; ufw allow 8200/tcp (or whatever RILL_PORT says)",
        )
    } else if firewalld {
        (
            "firewalld",
            "firewall-cmd --add-port=1900/udp --add-port=8200/tcp, and once more with --permanent",
        )
    } else if tables.lines().any(|table| table == "filter") {
        (
            "iptables",
            "look with iptables -L INPUT; UDP port 1900 and TCP port 8200 (RILL_PORT) must be let in",
        )
    } else {
        return Finding::ok(check, "no sign of ufw, firewalld or iptables".into());
    };
    if heard {
        let what = format!(
            "{name} is on; rill is heard from this machine, other machines cannot be asked"
        );
        return Finding::unknown(check, what, advice);
    }
    Finding::problem(
        check,
        format!("{name} is on, and rill is not heard"),
        advice,
    )
}

/// Whether this is the inside of a container, behind the engine's bridge.
pub(super) fn container(interfaces: &[Address]) -> Finding {
    let inside = ["/.dockerenv", "/run/.containerenv"].map(|path| Path::new(path).exists());
    let is_pair = |address: &Address| {
        let number = |name: &str| {
            let text = read(format!("/sys/class/net/{}/{name}", address.name))?;
            text.trim().parse::<u32>().ok()
        };
        matches!((number("ifindex"), number("iflink")), (Some(a), Some(b)) if a != b)
    };
    // Of IPv6 every interface has an address.
    let of_v4 = interfaces.iter().filter(|of| of.address.is_ipv4());
    let of_v4: Vec<_> = of_v4.cloned().collect();
    let pairs = of_v4.iter().all(is_pair);
    judge_container(inside.contains(&true), pairs, &of_v4)
}

/// `pairs`: each interface is one end of a pair whose other end is in another namespace.
fn judge_container(inside: bool, pairs: bool, interfaces: &[Address]) -> Finding {
    let check = "container";
    let bridged = !interfaces.is_empty()
        && interfaces
            .iter()
            .all(|of| of.name.starts_with("eth") && is_of_engine(of.address));
    if bridged && (inside || pairs) {
        return Finding::problem(
            check,
            "this is a container behind its engine's bridge: multicast does not leave it, and no television finds rill"
                .into(),
            "docker run --network host …, or a macvlan network with an address of the LAN",
        );
    }
    let what = if inside {
        "a container, with a network that is not its engine's bridge"
    } else {
        "not a container"
    };
    Finding::ok(check, what.into())
}

/// Docker's address pools lie in 172.16.0.0/12, Podman's in 10.88.0.0/16.
fn is_of_engine(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => match address.octets() {
            [172, second, ..] => (16..32).contains(&second),
            [10, 88, ..] => true,
            _ => false,
        },
        IpAddr::V6(_) => false,
    }
}

/// What a system lets one user watch by inotify(7).
pub(super) fn watch_limit() -> Option<u64> {
    let text = read("/proc/sys/fs/inotify/max_user_watches")?;
    text.trim().parse().ok()
}

fn pids() -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let names = entries.flatten().map(|entry| entry.file_name());
    names
        .filter_map(|name| name.to_str()?.parse().ok())
        .collect()
}

fn command(pid: u32) -> Option<String> {
    let name = read(format!("/proc/{pid}/comm"))?;
    Some(name.trim_end().to_owned())
}

/// A small text file of the system.
fn read(path: impl Into<PathBuf>) -> Option<String> {
    use io::Read as _;
    let file = fs::File::open(path.into()).ok()?;
    let mut bytes = Vec::new();
    let most = u64::try_from(PROC_BYTES).unwrap_or(u64::MAX);
    file.take(most).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control_point::doctor::Verdict;

    #[test]
    fn sockets_are_found_by_their_port() {
        let table = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref\n\
            \x20 12: 00000000:076C 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0\n\
            \x20 13: 0100007F:076D 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4712 2 0\n\
            \x20 14: 00000000000000000000000000000000:076C 0:0000 07 0:0 00:0 00000000  1000  0 4713 2 0\n\
            garbage\n\n 15: x:y z\n 16: 0:076C";
        assert_eq!(sockets(table, 1900), [4711, 4713]);
        assert_eq!(sockets("", 1900), [0; 0]);
        for end in 0..table.len() {
            let _ = sockets(&table[..end], 1900);
        }
    }

    #[test]
    fn a_process_has_the_user_and_groups_of_its_status() {
        let status =
            "Name:\trill\nUid:\t0\t998\t998\t998\nGid:\t0\t997\t997\t997\nGroups:\t44 100 \n";
        let passwd = "root:x:0:0:root:/root:/bin/bash\nrill:x:998:997::/:/bin/false\nbad\n";
        let found = process(7, status, passwd);
        assert_eq!((&*found.user, found.uid), ("rill", 998));
        assert_eq!(found.gids, [44, 100, 997]);
        assert_eq!(process(7, status, "").user, "998");
        assert_eq!(process(7, "", "").uid, 0);
    }

    #[test]
    fn a_container_behind_a_bridge_is_told_from_a_lan() {
        let address = |name: &str, address: &str| Address {
            name: name.into(),
            index: 2,
            address: address.parse().unwrap(),
            prefix_len: 16,
            running: true,
            multicast: true,
            loopback: false,
            point_to_point: false,
            lasting: true,
        };
        let bridge = [address("eth0", "172.17.0.2")];
        let lan = [address("eth0", "192.168.1.5")];
        let both = [
            address("eth0", "172.17.0.2"),
            address("eth1", "192.168.1.5"),
        ];
        for (inside, pairs, interfaces, verdict) in [
            (true, true, &bridge[..], Verdict::Problem),
            (false, true, &bridge, Verdict::Problem),
            (true, false, &bridge, Verdict::Problem),
            // A house may use these addresses too.
            (false, false, &bridge, Verdict::Ok),
            (true, true, &lan, Verdict::Ok),
            (true, true, &both, Verdict::Ok),
            (true, true, &[], Verdict::Ok),
        ] {
            let finding = judge_container(inside, pairs, interfaces);
            assert_eq!(finding.verdict, verdict, "{inside} {pairs} {interfaces:?}");
        }
        for (text, expected) in [
            ("172.15.0.1", false),
            ("172.31.0.1", true),
            ("10.88.0.5", true),
        ] {
            assert_eq!(is_of_engine(text.parse().unwrap()), expected, "{text}");
        }
    }
}
