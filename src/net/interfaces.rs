//! Which of the machine's addresses rill serves, now.

use std::net::{IpAddr, Ipv4Addr};

use crate::{
    config::InterfacePattern,
    sys::addresses::{self, Address},
};

/// Bits of the prefix of every link (RFC 4291 §2.5.4). A host whose address came by `DHCPv6` alone knows of its own address
/// only, and calls that a subnet of 128.
const LINK_PREFIX: u8 = 64;

/// Lists the addresses to serve: those `patterns` name, or else all that are fit for it; those of IPv6 only with `ipv6`.
///
/// A machine that cannot be asked has none; the caller asks again at the next change.
pub(super) fn suitable(patterns: &[InterfacePattern], ipv6: bool) -> Vec<Address> {
    let mut list = addresses::list().unwrap_or_else(|error| {
        log::warn!("cannot list the network interfaces: {error}");
        Vec::new()
    });
    list.retain(|address| {
        let family = address.address.is_ipv4() || ipv6;
        family && address.running && address.lasting && is_wanted(address, patterns)
    });
    for address in &mut list {
        if address.address.is_ipv6() && !address.loopback {
            address.prefix_len = address.prefix_len.min(LINK_PREFIX);
        }
    }
    // What is announced first, should there be too many.
    list.sort_by_key(|address| rank(address.address));
    list.truncate(crate::limits::INTERFACES);
    list
}

/// Of those, the ones that are announced: all of IPv4, and the best one of IPv6 on each interface. A control point is to
/// hear of one LOCATION for IPv6, not of another one every time.
pub(super) fn announced(all: &[Address]) -> Vec<Address> {
    let best = |address: &&Address| {
        let rivals = all
            .iter()
            .filter(|rival| rival.index == address.index && rival.address.is_ipv6());
        let best = rivals.min_by_key(|rival| (rank(rival.address), rival.address));
        address.address.is_ipv4() || best == Some(address)
    };
    all.iter().filter(best).cloned().collect()
}

/// The lower, the better for LOCATION. A unique local address is good in the whole house and stays when the provider
/// changes the prefix; a link-local one is of no use to those who cannot add the zone to the URL themselves.
fn rank(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 0,
        IpAddr::V6(v6) if v6.is_unique_local() => 1,
        IpAddr::V6(v6) if v6.is_unicast_link_local() => 3,
        IpAddr::V6(_) => 2,
    }
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
            lasting: true,
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
    fn of_ipv6_the_best_address_of_each_interface_is_announced() {
        let all: Vec<_> = [
            (2, "192.168.1.20"),
            (2, "192.168.1.21"),
            (2, "fe80::2"),
            (2, "2001:db8::2"),
            (2, "fd00::3"),
            (2, "fd00::2"),
            (3, "fe80::3"),
            (3, "2001:db8:0:1::3"),
            (4, "fe80::4"),
        ]
        .map(|(index, text)| Address {
            index,
            address: text.parse().unwrap(),
            ..address("eth0")
        })
        .into();
        let found = announced(&all);
        let found: Vec<_> = found.iter().map(|a| a.address.to_string()).collect();
        let expected = [
            "192.168.1.20",
            "192.168.1.21",
            "fd00::2",
            "2001:db8:0:1::3",
            "fe80::4",
        ];
        assert_eq!(found, expected);
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
