//! The records rill owns: their names, what they answer, and how they are written.

use std::net::IpAddr;

use crate::limits;
use crate::service::discovery::cut;
use crate::wire::dns::{Data, Full, NameBuf, Question, Record, Section, Writer, kind, nsec};

/// TTL of what names a host or depends on one (RFC 6762 §10).
const HOST_TTL_SECS: u32 = 120;
/// TTL of everything else (RFC 6762 §10).
const OTHER_TTL_SECS: u32 = 4500;
/// Longest TTL told to a legacy asker, who hears no goodbye (RFC 6762 §6.7).
const LEGACY_TTL_SECS: u32 = 10;
/// Bytes of one label (RFC 1035 §2.3.4).
const LABEL_BYTES: usize = 63;
/// Bytes of all texts of TXT; ours have under 120. Beyond it: left out.
const TXT_BYTES: usize = 400;

/// One of the record sets that rill owns. All addresses of one family are one set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    /// `_services._dns-sd._udp.local` PTR: that there are web pages here (RFC 6763 §9). Shared with everybody.
    Services,
    /// `_http._tcp.local` PTR: the instance. Shared with every other web page.
    Pointer,
    Srv,
    Txt,
    A,
    Aaaa,
    /// Which types the instance has.
    InstanceNsec,
    /// Which types the host has.
    HostNsec,
}

impl Own {
    pub(super) const ALL: [Own; 8] = [
        Own::Services,
        Own::Pointer,
        Own::Srv,
        Own::Txt,
        Own::A,
        Own::Aaaa,
        Own::InstanceNsec,
        Own::HostNsec,
    ];

    /// Seconds for which a cache may keep it.
    pub(super) fn ttl_secs(self) -> u32 {
        match self {
            Own::Srv | Own::A | Own::Aaaa | Own::HostNsec => HOST_TTL_SECS,
            Own::Services | Own::Pointer | Own::Txt | Own::InstanceNsec => OTHER_TTL_SECS,
        }
    }

    /// Whether only rill may have records of this name.
    fn is_unique(self) -> bool {
        !matches!(self, Own::Services | Own::Pointer)
    }
}

/// Some of [`Own`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Set(u8);

impl Set {
    pub(super) const NONE: Set = Set(0);

    pub(super) fn of(list: &[Own]) -> Self {
        list.iter().fold(Set::NONE, |set, &own| set.with(own))
    }

    pub(super) fn with(self, own: Own) -> Self {
        Set(self.0 | 1 << own as u8)
    }

    pub(super) fn and(self, other: Set) -> Self {
        Set(self.0 | other.0)
    }

    pub(super) fn without(self, other: Set) -> Self {
        Set(self.0 & !other.0)
    }

    pub(super) fn only(self, other: Set) -> Self {
        Set(self.0 & other.0)
    }

    pub(super) fn has(self, own: Own) -> bool {
        self.0 & 1 << own as u8 != 0
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Own> {
        Own::ALL.into_iter().filter(move |&own| self.has(own))
    }

    /// Whether others on the link may answer the same question too.
    pub(super) fn any_shared(self) -> bool {
        self.iter().any(|own| !own.is_unique())
    }
}

/// One of the two names that nobody else may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unique {
    Instance,
    Host,
}

/// How records are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// As they are.
    Tell,
    /// In a probe: nobody is to forget anything yet.
    Propose,
    /// To one who does not speak multicast DNS.
    Legacy,
    /// Taken back.
    Goodbye,
}

/// The addresses told on one link.
pub(super) type Addresses = heapless::Vec<IpAddr, { limits::DNS_ADDRESSES }>;

/// Names and data.
#[derive(Debug)]
pub(super) struct Records {
    wished_instance: String,
    wished_host: String,
    /// How often each was taken: 1 is the name that was wished for.
    instance_number: u32,
    host_number: u32,
    services: NameBuf,
    service: NameBuf,
    pub(super) instance: NameBuf,
    pub(super) host: NameBuf,
    /// Another program of this machine tells addresses of the host too.
    pub(super) host_shared: bool,
    port: u16,
    txt: heapless::Vec<u8, TXT_BYTES>,
}

impl Records {
    /// `texts` as they will stand in TXT.
    pub(super) fn new(instance: &str, host: &str, port: u16, texts: &[&str]) -> Self {
        let name = |labels: &[&str]| NameBuf::new(labels.iter().map(|label| label.as_bytes()));
        let mut txt = heapless::Vec::new();
        for text in texts {
            let text = cut(text, 255);
            if txt.len() + 1 + text.len() <= TXT_BYTES {
                let _ = txt.push(u8::try_from(text.len()).unwrap_or_default());
                let _ = txt.extend_from_slice(text.as_bytes());
            }
        }
        let mut records = Records {
            wished_instance: instance.to_owned(),
            wished_host: host.to_owned(),
            instance_number: 1,
            host_number: 1,
            services: name(&["_services", "_dns-sd", "_udp", "local"]).unwrap_or_default(),
            service: name(&["_http", "_tcp", "local"]).unwrap_or_default(),
            instance: NameBuf::default(),
            host: NameBuf::default(),
            host_shared: false,
            port,
            txt,
        };
        records.spell();
        records
    }

    /// Takes the next name of its kind: `name (2)` or `host-2`, as others do too (RFC 6763 appendix D).
    pub(super) fn rename(&mut self, which: Unique) {
        let number = match which {
            Unique::Instance => &mut self.instance_number,
            Unique::Host => &mut self.host_number,
        };
        *number = number.checked_add(1).unwrap_or(2);
        self.spell();
    }

    fn spell(&mut self) {
        let numbered = |wished: &str, number: u32, open: &str, close: &str| {
            let tail = match number {
                1 => String::new(),
                n => format!("{open}{n}{close}"),
            };
            // A character that is cut is no loss to people; a label that is too long would be none.
            let head = cut(wished, LABEL_BYTES.saturating_sub(tail.len()));
            format!("{head}{tail}")
        };
        let instance = numbered(&self.wished_instance, self.instance_number, " (", ")");
        let host = numbered(&self.wished_host, self.host_number, "-", "");
        let labels = [instance.as_str(), "_http", "_tcp", "local"];
        self.instance = NameBuf::new(labels.map(str::as_bytes)).unwrap_or_default();
        self.host = NameBuf::new([host.as_bytes(), b"local"]).unwrap_or_default();
    }

    /// What answers `question` on a link with `addresses`; what is not there is answered by saying so.
    pub(super) fn answers(&self, question: &Question<'_>, addresses: &Addresses) -> Set {
        let mut set = Set::NONE;
        let mut if_asked = |own, kind| {
            if question.asks_for(kind) {
                set = set.with(own);
            }
        };
        if question.name.is(self.services.view()) {
            if_asked(Own::Services, kind::PTR);
        } else if question.name.is(self.service.view()) {
            if_asked(Own::Pointer, kind::PTR);
        } else if question.name.is(self.instance.view()) {
            if_asked(Own::Srv, kind::SRV);
            if_asked(Own::Txt, kind::TXT);
            if set.is_empty() {
                set = Set::of(&[Own::InstanceNsec]);
            }
        } else if question.name.is(self.host.view()) {
            if_asked(Own::A, kind::A);
            if_asked(Own::Aaaa, kind::AAAA);
            set = set.only(self.present(addresses));
            if set.is_empty() {
                set = Set::of(&[Own::HostNsec]).only(self.present(addresses));
            }
        }
        set
    }

    /// All record sets that are there: those of addresses only if there are any. What the host has not is not said
    /// where another program may know more of it.
    pub(super) fn present(&self, addresses: &Addresses) -> Set {
        let absent = [
            (Own::A, !addresses.iter().any(IpAddr::is_ipv4)),
            (Own::Aaaa, !addresses.iter().any(IpAddr::is_ipv6)),
            (Own::HostNsec, self.host_shared),
        ];
        let absent = absent.iter().filter(|(_, absent)| *absent);
        let absent = absent.fold(Set::NONE, |set, (own, _)| set.with(*own));
        Set::of(&Own::ALL).without(absent)
    }

    /// What a cache will ask for next, after `told`.
    pub(super) fn beside(&self, told: Set, addresses: &Addresses) -> Set {
        let mut set = Set::NONE;
        if told.has(Own::Pointer) {
            set = set.and(Set::of(&[Own::Srv, Own::Txt, Own::InstanceNsec]));
        }
        if !told
            .only(Set::of(&[Own::Pointer, Own::Srv, Own::A, Own::Aaaa]))
            .is_empty()
        {
            set = set.and(Set::of(&[Own::A, Own::Aaaa, Own::HostNsec]));
        }
        set.only(self.present(addresses)).without(told)
    }

    /// The one of ours that `record` repeats, with an address that is one of `addresses`.
    pub(super) fn same(&self, record: &Record<'_>, addresses: &[IpAddr]) -> Option<Own> {
        let name = record.name;
        match record.data {
            Data::Ptr(target) if name.is(self.services.view()) => {
                target.is(self.service.view()).then_some(Own::Services)
            }
            Data::Ptr(target) if name.is(self.service.view()) => {
                target.is(self.instance.view()).then_some(Own::Pointer)
            }
            Data::Srv {
                priority: 0,
                weight: 0,
                port,
                target,
            } if name.is(self.instance.view()) => {
                (port == self.port && target.is(self.host.view())).then_some(Own::Srv)
            }
            Data::Txt(texts) if name.is(self.instance.view()) => {
                (texts == self.txt).then_some(Own::Txt)
            }
            Data::A(address) if name.is(self.host.view()) => {
                addresses.contains(&address.into()).then_some(Own::A)
            }
            Data::Aaaa(address) if name.is(self.host.view()) => {
                addresses.contains(&address.into()).then_some(Own::Aaaa)
            }
            _ => None,
        }
    }

    /// Which of the two names `record` is about, and whether it is of a type that rill has there, on a machine with
    /// `addresses`.
    pub(super) fn claims(
        &self,
        record: &Record<'_>,
        addresses: &[IpAddr],
    ) -> Option<(Unique, bool)> {
        let kind = record.data.kind();
        if record.name.is(self.instance.view()) {
            return Some((Unique::Instance, matches!(kind, kind::SRV | kind::TXT)));
        }
        if !record.name.is(self.host.view()) {
            return None;
        }
        let ours = match kind {
            kind::A => addresses.iter().any(IpAddr::is_ipv4),
            kind::AAAA => addresses.iter().any(IpAddr::is_ipv6),
            _ => false,
        };
        Some((Unique::Host, ours))
    }

    /// Writes one set, every record of it.
    ///
    /// # Errors
    /// When it does not fit; some of its records may have been written.
    pub(super) fn write(
        &self,
        writer: &mut Writer<'_>,
        section: Section,
        own: Own,
        addresses: &Addresses,
        manner: Manner,
    ) -> Result<(), Full> {
        let ttl_secs = match manner {
            Manner::Tell | Manner::Propose => own.ttl_secs(),
            Manner::Legacy => own.ttl_secs().min(LEGACY_TTL_SECS),
            Manner::Goodbye => 0,
        };
        // That other program may know more addresses: nobody is to forget those.
        let others = self.host_shared && matches!(own, Own::A | Own::Aaaa);
        let flush = own.is_unique() && !others && matches!(manner, Manner::Tell | Manner::Goodbye);
        let (instance, host) = (self.instance.view(), self.host.view());
        let mut put = |name, data: &Data<'_>| writer.record(section, name, ttl_secs, flush, data);
        match own {
            Own::Services => put(self.services.view(), &Data::Ptr(self.service.view())),
            Own::Pointer => put(self.service.view(), &Data::Ptr(instance)),
            Own::Srv => put(instance, &self.srv()),
            Own::Txt => put(instance, &Data::Txt(&self.txt)),
            Own::A | Own::Aaaa => {
                let family = |address: &&IpAddr| address.is_ipv4() == (own == Own::A);
                let mut each = addresses.iter().filter(family);
                each.try_for_each(|address| put(host, &data_of(*address)))
            }
            Own::InstanceNsec => {
                let kinds = nsec(instance, &[kind::TXT, kind::SRV]);
                put(instance, &Data::Other(kind::NSEC, &kinds))
            }
            Own::HostNsec => {
                let there = self.present(addresses);
                let mut kinds = heapless::Vec::<_, 2>::new();
                for (own, kind) in [(Own::A, kind::A), (Own::Aaaa, kind::AAAA)] {
                    if there.has(own) {
                        let _ = kinds.push(kind);
                    }
                }
                let kinds = nsec(host, &kinds);
                put(host, &Data::Other(kind::NSEC, &kinds))
            }
        }
    }

    /// Our own records of a unique name, as a tie is decided by: class, type, data written out; sorted.
    pub(super) fn proposed(&self, which: Unique, addresses: &Addresses) -> Vec<Spelled> {
        let mut spelled: Vec<_> = match which {
            Unique::Instance => vec![
                Spelled::new(1, &self.srv()),
                Spelled::new(1, &Data::Txt(&self.txt)),
            ],
            Unique::Host => addresses
                .iter()
                .map(|&address| Spelled::new(1, &data_of(address)))
                .collect(),
        };
        spelled.sort();
        spelled
    }

    fn srv(&self) -> Data<'_> {
        Data::Srv {
            priority: 0,
            weight: 0,
            port: self.port,
            target: self.host.view(),
        }
    }
}

/// A record in the order of RFC 6762 §8.2: by class, by type, by its data as unsigned bytes.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spelled {
    class: u16,
    kind: u16,
    data: Vec<u8>,
}

impl Spelled {
    pub(super) fn new(class: u16, data: &Data<'_>) -> Self {
        let mut bytes = Vec::new();
        data.spell(|piece| bytes.extend_from_slice(piece));
        Spelled {
            class,
            kind: data.kind(),
            data: bytes,
        }
    }
}

fn data_of(address: IpAddr) -> Data<'static> {
    match address {
        IpAddr::V4(address) => Data::A(address),
        IpAddr::V6(address) => Data::Aaaa(address),
    }
}
