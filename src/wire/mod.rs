//! The ground floor: understands messages. Bytes in, bytes out; no files, no sockets, no clock.
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::expect_used, clippy::panic)
)]

pub mod criteria;
pub mod date;
pub mod device;
pub mod didl;
pub mod dns;
pub mod gena;
pub mod http;
pub mod npt;
pub mod protocol_info;
pub mod scpd;
pub mod soap;
pub mod ssdp;
pub mod status;
pub mod tag_value;
pub mod text;
pub mod url;
pub mod xml;
