//! Which of the machine's addresses rill serves, now.

use std::net::{IpAddr, Ipv4Addr};

use crate::{
    config::InterfacePattern,
    sys::addresses::{self, Address},
};

/// Lists the addresses to serve: those `patterns` name, or else all that are fit for it.
///
/// IPv4 only, so far. A machine that cannot be asked has none; the caller asks again at the next change.
pub(super) fn suitable(patterns: &[InterfacePattern]) -> Vec<Address> {
    let mut list = addresses::list().unwrap_or_else(|error| {
        log::warn!("cannot list the network interfaces: {error}");
        Vec::new()
    });
    list.retain(|address| {
        matches!(address.address, IpAddr::V4(_)) && address.running && is_wanted(address, patterns)
    });
    list.truncate(crate::limits::INTERFACES);
    list
}

fn is_wanted(address: &Address, patterns: &[InterfacePattern]) -> bool {
    if !patterns.is_empty() {
        return patterns.iter().any(|pattern| names(pattern, address));
    }
    address.multicast
        && !address.loopback
        && !address.point_to_point
        && !is_virtual(&address.name)
        && address.address != IpAddr::V4(Ipv4Addr::UNSPECIFIED)
}

fn names(pattern: &InterfacePattern, address: &Address) -> bool {
    match pattern {
        InterfacePattern::Name(name) => *name == address.name,
        InterfacePattern::Address(wanted) => *wanted == address.address,
    }
}

/// Interfaces of container engines, virtual machines and tunnels, by name. Not by kind: inside a container the only
/// real interface may be a veth called `eth0`, and `br-lan` of `OpenWrt` is the LAN itself.
fn is_virtual(name: &str) -> bool {
    const PREFIXES: [&str; 6] = ["docker", "veth", "virbr", "tun", "tap", "wg"];
    let is_docker_bridge = name
        .strip_prefix("br-")
        .is_some_and(|rest| rest.len() == 12 && rest.bytes().all(|b| b.is_ascii_hexdigit()));
    is_docker_bridge || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(name: &str) -> Address {
        Address {
            name: name.into(),
            index: 2,
            address: "192.168.1.20".parse().unwrap(),
            prefix_len: 24,
            running: true,
            multicast: true,
            loopback: false,
            point_to_point: false,
        }
    }

    #[test]
    fn virtual_interfaces_are_left_out_by_name() {
        for name in [
            "eth0",
            "br-lan",
            "wlan0",
            "br0",
            "enp3s0",
            "end0",
            "br-0123456789ab1",
        ] {
            assert!(is_wanted(&address(name), &[]), "{name}");
        }
        for name in [
            "docker0",
            "veth12ab",
            "br-0123456789ab",
            "virbr0",
            "tun0",
            "tap1",
            "wg0",
        ] {
            assert!(!is_wanted(&address(name), &[]), "{name}");
        }
    }

    #[test]
    fn what_is_named_is_served_whatever_it_is() {
        let lo = Address {
            loopback: true,
            multicast: false,
            ..address("lo")
        };
        assert!(!is_wanted(&lo, &[]));
        assert!(is_wanted(&lo, &[InterfacePattern::Name("lo".into())]));
        assert!(is_wanted(
            &lo,
            &[InterfacePattern::Address("192.168.1.20".parse().unwrap())]
        ));
        assert!(!is_wanted(
            &address("eth0"),
            &[InterfacePattern::Name("lo".into())]
        ));
    }
}
