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

/// False if a browser says that the request comes from a page of another server (RFC 6454 §7). Others send no `Origin`.
pub fn is_own_origin(request: &Request<'_>, shared: &Shared) -> bool {
    let Some(origin) = request.head.fields.origin else {
        return true;
    };
    let authority = origin.strip_prefix(b"http://").map(Authority::parse);
    matches!(authority, Some(Ok(authority)) if names_us(&authority, request.local.ip(), shared))
}

fn names_us(authority: &Authority<'_>, local: IpAddr, shared: &Shared) -> bool {
    let own = |address: IpAddr| address == local || shared.addresses.borrow().contains(&address);
    match authority.host {
        Host::V4(address) => own(IpAddr::V4(address)),
        Host::V6(address) => own(IpAddr::V6(address)),
        Host::Name(name) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            let is = |known: &str| known.eq_ignore_ascii_case(name);
            shared.device.host_names.iter().any(|known| is(known))
                || (local.is_loopback() && is("localhost"))
        }
    }
}
