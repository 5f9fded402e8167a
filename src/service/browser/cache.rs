//! The records that were heard, until their time is over.

use std::net::IpAddr;
use std::time::Duration;

use super::{RESOLVE_TRIES, Service};
use crate::limits;
use crate::wire::dns::{Data, Name, NameBuf, Record, kind, texts};

/// A record that says goodbye, or that another says to forget, is kept so long (RFC 6762 §10.1, §10.2).
const LAST_SECOND: Duration = Duration::from_secs(1);
/// What is good for a shorter time is not asked for again by itself: somebody could have us ask without end.
const REFRESHED_TTL: Duration = Duration::from_secs(10);
/// Records heard so shortly before are part of the same set, and not forgotten for it (RFC 6762 §10.2).
const SAME_SET: Duration = Duration::from_secs(1);

/// One record.
#[derive(Debug)]
pub(super) struct Cached {
    pub(super) interface: u32,
    pub(super) name: NameBuf,
    pub(super) kind: u16,
    /// The name that PTR and SRV lead to.
    pub(super) target: NameBuf,
    /// The data of the others, and the port of SRV.
    data: Box<[u8]>,
    pub(super) ttl_secs: u32,
    heard_at: Duration,
    expires: Duration,
    /// Its owner has taken it back, or told another in its place.
    leaving: bool,
    /// How often was asked for what it leads to.
    pub(super) resolves: u8,
    /// How often was asked for it again.
    pub(super) refreshes: u8,
}

impl Cached {
    fn new(now: Duration, interface: u32, record: &Record<'_>) -> Option<Self> {
        let (mut target, mut data) = (NameBuf::default(), Vec::new());
        match record.data {
            Data::Ptr(name) => target = name.to_buf(),
            Data::Srv {
                port, target: name, ..
            } => {
                target = name.to_buf();
                data.extend(port.to_be_bytes());
            }
            other => other.spell(|piece| data.extend_from_slice(piece)),
        }
        if data.len() > limits::BROWSED_DATA_BYTES {
            return None;
        }
        let ttl = Duration::from_secs(record.ttl_secs.into());
        Some(Cached {
            interface,
            name: record.name.to_buf(),
            kind: record.data.kind(),
            target,
            data: data.into(),
            ttl_secs: record.ttl_secs,
            heard_at: now,
            expires: now + ttl.min(limits::BROWSED_TTL),
            leaving: false,
            resolves: 0,
            refreshes: 0,
        })
    }

    fn is_of(&self, name: Name<'_>, kind: u16) -> bool {
        self.kind == kind && self.name.view().is(name)
    }

    fn says_the_same(&self, other: &Cached) -> bool {
        self.data == other.data && self.target == other.target
    }

    /// Whole seconds for which it is still good.
    pub(super) fn seconds_left(&self, now: Duration) -> u32 {
        u32::try_from(self.expires.saturating_sub(now).as_secs()).unwrap_or(u32::MAX)
    }

    /// When it is to be asked for again: at 80, 85, 90 and 95 % of its time (RFC 6762 §5.2).
    fn refresh_at(&self) -> Option<Duration> {
        let percent = 80 + 5 * u32::from(self.refreshes);
        let life = self.expires.saturating_sub(self.heard_at);
        let worth = percent < 100 && !self.leaving && life >= REFRESHED_TTL;
        worth.then(|| self.heard_at + life / 100 * percent)
    }
}

/// What is to be asked for because of a record.
pub(super) enum Lacking {
    /// The record itself is about to expire.
    Itself,
    /// The name it leads to has none of these.
    Target(&'static [u16]),
}

/// All of them, at most [`limits::BROWSED_RECORDS`].
#[derive(Debug, Default)]
pub(super) struct Cache {
    pub(super) records: Vec<Cached>,
}

impl Cache {
    /// Takes a record in; whether anything may be different now.
    pub(super) fn take(&mut self, now: Duration, interface: u32, record: &Record<'_>) -> bool {
        let Some(new) = Cached::new(now, interface, record) else {
            return false;
        };
        let last = now + LAST_SECOND;
        if record.flush {
            for old in &mut self.records {
                let of_the_set = old.interface == interface && old.is_of(record.name, new.kind);
                if of_the_set && !old.says_the_same(&new) && now > old.heard_at + SAME_SET {
                    (old.expires, old.leaving) = (old.expires.min(last), true);
                }
            }
        }
        let full = self.records.len() >= limits::BROWSED_RECORDS;
        let same = self.records.iter_mut().find(|old| {
            old.interface == interface
                && old.is_of(record.name, new.kind)
                && old.says_the_same(&new)
        });
        match same {
            Some(old) if record.ttl_secs == 0 => {
                (old.expires, old.leaving) = (old.expires.min(last), true);
            }
            Some(old) => {
                let resolves = old.resolves;
                *old = Cached { resolves, ..new };
                return false;
            }
            None if record.ttl_secs == 0 || full => {}
            None => {
                self.records.push(new);
                return true;
            }
        }
        false
    }

    /// Forgets what is over; whether that was anything.
    pub(super) fn expire(&mut self, now: Duration) -> bool {
        let before = self.records.len();
        self.records.retain(|record| record.expires > now);
        self.records.len() != before
    }

    /// Forgets what was heard on an interface; whether that was anything.
    pub(super) fn forget_interface(&mut self, index: u32) -> bool {
        let before = self.records.len();
        self.records.retain(|record| record.interface != index);
        self.records.len() != before
    }

    /// When something expires next.
    pub(super) fn next_expiry(&self) -> Option<Duration> {
        self.records.iter().map(|record| record.expires).min()
    }

    /// When something is to be asked for again next.
    pub(super) fn next_refresh(&self) -> Option<Duration> {
        self.records.iter().filter_map(Cached::refresh_at).min()
    }

    /// What is to be asked for because of the record at `at`.
    pub(super) fn lacking(&self, at: usize, now: Duration) -> Option<Lacking> {
        let record = self.records.get(at)?;
        if record.refresh_at().is_some_and(|refresh| refresh <= now) {
            return Some(Lacking::Itself);
        }
        if record.resolves >= RESOLVE_TRIES {
            return None;
        }
        let has = |kinds: &[u16]| {
            self.records.iter().any(|other| {
                kinds.contains(&other.kind) && other.name.view().is(record.target.view())
            })
        };
        match record.kind {
            kind::PTR if !has(&[kind::SRV]) => Some(Lacking::Target(&[kind::SRV, kind::TXT])),
            kind::SRV if !has(&[kind::A, kind::AAAA]) => {
                Some(Lacking::Target(&[kind::A, kind::AAAA]))
            }
            _ => None,
        }
    }

    /// The service called `instance`, if all is known that is needed to reach it.
    pub(super) fn service(&self, kind: Name<'_>, instance: Name<'_>) -> Option<Service> {
        let srv = self
            .records
            .iter()
            .find(|record| record.is_of(instance, kind::SRV))?;
        let port = srv
            .data
            .first_chunk()
            .map(|bytes| u16::from_be_bytes(*bytes))?;
        let host = srv.target.view();
        let mut addresses: Vec<IpAddr> = self
            .records
            .iter()
            .filter(|record| record.is_of(host, kind::A) || record.is_of(host, kind::AAAA))
            .filter_map(|record| match record.kind {
                kind::A => <[u8; 4]>::try_from(&*record.data).ok().map(IpAddr::from),
                _ => <[u8; 16]>::try_from(&*record.data).ok().map(IpAddr::from),
            })
            .collect();
        addresses.sort_unstable();
        addresses.dedup();
        if addresses.is_empty() {
            return None;
        }
        let txt = self
            .records
            .iter()
            .find(|record| record.is_of(instance, kind::TXT));
        let txt = txt.map(|record| texts(&record.data)).into_iter().flatten();
        let label = instance.labels().next().unwrap_or_default();
        Some(Service {
            name: String::from_utf8_lossy(label).into_owned(),
            kind: kind.to_string(),
            host: host.to_string(),
            port,
            addresses,
            interface: srv.interface,
            txt: txt
                .filter(|text| !text.is_empty())
                .map(|text| String::from_utf8_lossy(text).into_owned())
                .collect(),
        })
    }
}
