//! What the operator says of devices: `RILL_DEVICES`.

use std::{fmt, net::IpAddr};

use super::{Device, Told, by_kind, contains};

/// A row of `RILL_DEVICES`: who is served as what, whatever the table says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Who.
    pub who: Who,
    /// As what.
    pub device: &'static Device,
}

/// Whom a row of `RILL_DEVICES` is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// One address.
    Address(IpAddr),
    /// Who says this in any field that devices are recognised by.
    Says(String),
}

/// Why a text is no row of `RILL_DEVICES`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadRow {
    /// There is no `=` with something on both sides.
    NoKind,
    /// No such kind.
    UnknownKind,
}

impl Given {
    /// Reads `192.168.1.20=samsung-q` or `MyPlayer/2=plain`.
    ///
    /// # Errors
    /// See [`BadRow`].
    pub fn parse(text: &str) -> Result<Self, BadRow> {
        let (who, kind) = text.rsplit_once('=').ok_or(BadRow::NoKind)?;
        let (who, kind) = (who.trim(), kind.trim());
        if who.is_empty() || kind.is_empty() {
            return Err(BadRow::NoKind);
        }
        let device = by_kind(kind).ok_or(BadRow::UnknownKind)?;
        let who = match who.parse() {
            Ok(address) => Who::Address(address),
            Err(_) => Who::Says(who.to_owned()),
        };
        Ok(Self { who, device })
    }

    pub(super) fn is_about(&self, address: IpAddr, told: &Told<'_>) -> bool {
        match &self.who {
            Who::Address(own) => *own == address,
            Who::Says(text) => told
                .texts
                .iter()
                .any(|said| contains(said, text.as_bytes())),
        }
    }
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.who {
            Who::Address(address) => write!(f, "{address}={}", self.device.kind),
            Who::Says(text) => write!(f, "{text}={}", self.device.kind),
        }
    }
}
