//! The machine's interfaces and their addresses at this moment (getifaddrs(3)).
//!
//! What getifaddrs(3) does not tell of an IPv6 address, whether it may be used yet and whether it lasts, stands in
//! `/proc/self/net/if_inet6`.

use std::{
    ffi::CStr,
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// One address of one interface.
#[expect(clippy::struct_excessive_bools, reason = "the kernel's own flags")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The interface's name, `eth0`.
    pub name: String,
    /// The interface's number, as the kernel counts them.
    pub index: u32,
    /// The address.
    pub address: IpAddr,
    /// Bits of the network part.
    pub prefix_len: u8,
    /// Up and running (a cable is in, Wi-Fi is joined).
    pub running: bool,
    /// Can multicast.
    pub multicast: bool,
    /// The loopback interface.
    pub loopback: bool,
    /// A point-to-point link: a tunnel, a modem.
    pub point_to_point: bool,
    /// Good for announcing. Not so an IPv6 address that is still checked for duplicates or is one (RFC 4862 §5.4), that
    /// is deprecated (§5.5.4) or temporary (RFC 8981).
    pub lasting: bool,
}

/// Lists every address of every interface that is up.
///
/// # Errors
/// What getifaddrs(3) says: out of memory or descriptors.
pub fn list() -> io::Result<Vec<Address>> {
    let mut first = std::ptr::null_mut();
    // SAFETY: `first` is a live pointer for the result.
    if unsafe { libc::getifaddrs(&raw mut first) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let list = List(first);
    // A machine without IPv6 has no such file, and no such address.
    let unsteady =
        fs::read_to_string("/proc/self/net/if_inet6").map_or_else(|_| Vec::new(), |t| unsteady(&t));
    let mut found = Vec::new();
    let mut next = list.0;
    while !next.is_null() {
        // SAFETY: getifaddrs(3) made the list; each node stays valid until `list` is dropped.
        let node = unsafe { &*next };
        found.extend(address(node).map(|mut address| {
            let key = (address.index, address.address);
            address.lasting = !unsteady.contains(&key);
            address
        }));
        next = node.ifa_next;
    }
    Ok(found)
}

/// The number of the interface called `name`, or of this number; `None` if it is not up, or has no address.
pub fn index_of(name: &str) -> Option<u32> {
    let number = name.parse().ok();
    let is = |of: &Address| of.name == name || Some(of.index) == number;
    list().ok()?.into_iter().find(is).map(|of| of.index)
}

/// The name of an interface; its number in digits where it is not up, or has no address.
pub fn name_of(index: u32) -> String {
    let all = list().unwrap_or_default();
    let found = all.into_iter().find(|of| of.index == index);
    found.map_or_else(|| index.to_string(), |of| of.name)
}

/// The list of getifaddrs(3), freed on drop.
struct List(*mut libc::ifaddrs);

impl Drop for List {
    fn drop(&mut self) {
        // SAFETY: the pointer came from getifaddrs(3) and is freed only here.
        unsafe { libc::freeifaddrs(self.0) };
    }
}

fn address(node: &libc::ifaddrs) -> Option<Address> {
    let flags = node.ifa_flags.cast_signed();
    let has = |flag: i32| flags & flag != 0;
    if !has(libc::IFF_UP) {
        return None;
    }
    let address = ip(node.ifa_addr)?;
    let mask = ip(node.ifa_netmask)?;
    // SAFETY: ifa_name is a NUL-terminated string of the list, which outlives this call.
    let name = unsafe { CStr::from_ptr(node.ifa_name) };
    // SAFETY: the same string again.
    let index = unsafe { libc::if_nametoindex(node.ifa_name) };
    Some(Address {
        name: name.to_string_lossy().into_owned(),
        index,
        address,
        prefix_len: prefix_len(mask),
        running: has(libc::IFF_RUNNING),
        multicast: has(libc::IFF_MULTICAST),
        loopback: has(libc::IFF_LOOPBACK),
        point_to_point: has(libc::IFF_POINTOPOINT),
        lasting: true,
    })
}

/// The IP address in a socket address of getifaddrs(3); `None` for other families.
#[expect(clippy::cast_ptr_alignment, reason = "read by read_unaligned")]
fn ip(address: *const libc::sockaddr) -> Option<IpAddr> {
    if address.is_null() {
        return None;
    }
    // SAFETY: not null, and every socket address begins with its family.
    let family = i32::from(unsafe { (*address).sa_family });
    match family {
        libc::AF_INET => {
            let address = address.cast::<libc::sockaddr_in>();
            // SAFETY: the family says that this is a sockaddr_in; unaligned reading asks nothing more.
            let address = unsafe { address.read_unaligned() };
            Some(Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr)).into())
        }
        libc::AF_INET6 => {
            let address = address.cast::<libc::sockaddr_in6>();
            // SAFETY: the family says that this is a sockaddr_in6; unaligned reading asks nothing more.
            let address = unsafe { address.read_unaligned() };
            Some(Ipv6Addr::from(address.sin6_addr.s6_addr).into())
        }
        _ => None,
    }
}

/// The addresses in `/proc/self/net/if_inet6` that are not to be announced. A line: the address in 32 hexadecimal digits, then
/// in such digits the interface, the prefix, the scope and the flags, then the name.
fn unsteady(table: &str) -> Vec<(u32, IpAddr)> {
    /// `IFA_F_TEMPORARY`, `IFA_F_DADFAILED`, `IFA_F_DEPRECATED`, `IFA_F_TENTATIVE` (rtnetlink(7)).
    const FLAGS: u32 = 0x01 | 0x08 | 0x20 | 0x40;
    /// `IFA_F_OPTIMISTIC`: tentative, but may be used (RFC 4429).
    const OPTIMISTIC: u32 = 0x04;
    let line = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let address = u128::from_str_radix(words.next()?, 16).ok()?;
        let index = u32::from_str_radix(words.next()?, 16).ok()?;
        let flags = u32::from_str_radix(words.nth(2)?, 16).ok()?;
        let usable = flags & FLAGS & !(if flags & OPTIMISTIC == 0 { 0 } else { 0x40 }) == 0;
        (!usable).then(|| (index, IpAddr::V6(address.into())))
    };
    table.lines().filter_map(line).collect()
}

fn prefix_len(mask: IpAddr) -> u8 {
    let ones = match mask {
        IpAddr::V4(mask) => u32::from(mask).leading_ones(),
        IpAddr::V6(mask) => u128::from(mask).leading_ones(),
    };
    u8::try_from(ones).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_ipv6_that_do_not_last_are_told_from_those_that_do() {
        let table = "\
fe800000000000000000000000000001 02 40 20 80   eth0
fd000000000000000000000000000001 02 40 00 40   eth0
fd000000000000000000000000000002 02 40 00 44   eth0
fd000000000000000000000000000003 02 40 00 01   eth0
fd000000000000000000000000000004 0a 40 00 20   eth1
fd000000000000000000000000000005 02 80 00 c8   eth0
nonsense
fd00
";
        let expected = [
            (2, "fd00::1"),
            (2, "fd00::3"),
            (10, "fd00::4"),
            (2, "fd00::5"),
        ];
        let expected = expected.map(|(index, text)| (index, text.parse().unwrap()));
        assert_eq!(unsteady(table), expected);
    }

    #[test]
    fn the_loopback_address_is_listed_with_its_subnet() {
        let all = list().unwrap();
        let Some(lo) = all
            .iter()
            .find(|a| a.address == IpAddr::V4(Ipv4Addr::LOCALHOST))
        else {
            eprintln!("SKIPPED: loopback is down here");
            return;
        };
        assert!(lo.loopback && lo.running && lo.index > 0 && lo.prefix_len == 8);
        assert_eq!(name_of(lo.index), lo.name);
        for name in [lo.name.clone(), lo.index.to_string()] {
            assert_eq!(index_of(&name), Some(lo.index));
        }
        assert_eq!(
            (index_of("no such"), name_of(u32::MAX)),
            (None, u32::MAX.to_string())
        );
    }
}
