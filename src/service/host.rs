//! Under which names the server answers.
//!
//! A web page can make a browser in the house send requests to any address (DNS rebinding, CVE-2022-26505 and its
//! kin), but it cannot hide the name it used: `Host` carries it. So the server answers only to its own literal
//! addresses and names.

use std::net::IpAddr;

use super::{Request, Shared};
use crate::wire::url::{Authority, Host};

/// What a refused peer reads.
pub const REFUSAL: &str = "This server answers only to its own addresses and names. \
If you reached it by a name of your own, allow that with RILL_HOSTS.\n";

/// True if the request was addressed to one of the server's own addresses or names. HTTP/1.0 needs no `Host`.
pub fn allowed(request: &Request<'_>, shared: &Shared) -> bool {
    match &request.head.authority {
        Some(authority) => names_us(authority, request.local.ip(), shared),
        None => true,
    }
}

/// What a refused page's browser reads.
pub const FOREIGN_ORIGIN: &str = "Pages from elsewhere may not change anything here.\n";

/// False if a browser says that the request comes from a page of another server (RFC 6454 §7), shown in the house: it may
/// not speak for the people there. Others than browsers send no `Origin`.
pub fn is_own_origin(request: &Request<'_>, shared: &Shared) -> bool {
    let Some(origin) = request.head.fields.origin else {
        return true;
    };
    let authority = origin.strip_prefix(b"http://").map(Authority::parse);
    matches!(authority, Some(Ok(authority)) if names_us(&authority, request.local.ip(), shared))
}

fn names_us(authority: &Authority<'_>, local: IpAddr, shared: &Shared) -> bool {
    let own = |address: IpAddr| address == local || is_beside(address, local, shared);
    match authority.host {
        Host::V4(address) => own(IpAddr::V4(address)),
        Host::V6(address) => own(IpAddr::V6(address)),
        Host::Name(name) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            let is = |known: &str| known.eq_ignore_ascii_case(name);
            let known = &shared.device.host_names;
            known
                .iter()
                .any(|known| is(known) || is_renamed(known, name))
                || (local.is_loopback() && is("localhost"))
        }
    }
}

/// Whether `address` is one of ours on the interface that has `local`, at which the request arrived. That the server has
/// it on another interface is no reason to answer: whoever is there asks there.
fn is_beside(address: IpAddr, local: IpAddr, shared: &Shared) -> bool {
    let own = shared.addresses.borrow();
    let interface = |of: IpAddr| {
        own.iter()
            .find(|own| own.address == of)
            .map(|o| o.interface)
    };
    interface(address).is_some_and(|there| interface(local) == Some(there))
}

/// Whether `name` is `<host>-<number>.local`, which the host is called by multicast DNS where another has its name. No web
/// page's owner decides what a name in `.local` means: only neighbours do.
fn is_renamed(known: &str, name: &str) -> bool {
    let Some(host) = known.strip_suffix(".local") else {
        return false;
    };
    let number = name
        .split_at_checked(host.len())
        .filter(|(head, _)| head.eq_ignore_ascii_case(host))
        .and_then(|(_, tail)| tail.strip_prefix('-')?.split_once('.'));
    number.is_some_and(|(number, domain)| {
        let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        digits && domain.eq_ignore_ascii_case("local")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_may_follow_the_name_of_the_host() {
        for (name, renamed) in [
            ("board-2.local", true),
            ("BOARD-17.Local", true),
            ("board-.local", false),
            ("board-x.local", false),
            ("board-2.evil.local", false),
            ("board-2.example", false),
            ("board2.local", false),
            ("other-2.local", false),
            ("b\u{f6}ard-2.local", false),
        ] {
            assert_eq!(is_renamed("board.local", name), renamed, "{name}");
        }
        assert!(!is_renamed("board", "board-2.local"));
    }
}
