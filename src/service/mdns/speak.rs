//! What is multicast: probes, announcements, answers, goodbyes (RFC 6762 §8, §10.1).

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64;

use super::Responder;
use super::link::{self, Link, Phase};
use super::records::{Addresses, Manner, Own, Records, Set};
use crate::limits;
use crate::wire::dns::{self, Header, Section, Writer};

impl Responder {
    pub(super) fn due_link(&self, now: Duration) -> Option<usize> {
        let due = |link: &Link| link.wake_at().is_some_and(|due| due <= now);
        self.links.iter().position(due)
    }

    /// What a link has to say now; `None` if that turns out to be nothing.
    pub(super) fn speak(
        &mut self,
        at: usize,
        now: Duration,
    ) -> Option<(SocketAddr, u32, IpAddr, usize)> {
        let link = self.links.get_mut(at)?;
        let (index, source) = (link.index, link.source);
        let own = self.interfaces.iter().filter(|own| own.index == index);
        let addresses: Addresses = own
            .take(limits::DNS_ADDRESSES)
            .map(|own| own.address)
            .collect();
        let records = &self.records;
        let present = records.present(&addresses);
        let buffer = &mut self.buffer[..];
        let bytes = match link.phase {
            Phase::Probing { sent, due } if due <= now && sent < link::PROBES => {
                link.probed(now);
                probe(records, &addresses, buffer)
            }
            Phase::Leaving { .. } => {
                let mut set = Set::of(&[Own::Pointer, Own::Srv, Own::Txt, Own::A, Own::Aaaa]);
                if records.host_shared {
                    set = set.without(Set::of(&[Own::A, Own::Aaaa]));
                }
                if !link.said_goodbye(now) {
                    self.links.swap_remove(at);
                }
                tell(
                    records,
                    &addresses,
                    set.only(present),
                    Set::NONE,
                    Manner::Goodbye,
                    buffer,
                )
            }
            _ => {
                if matches!(link.phase, Phase::Probing { due, .. } if due <= now) {
                    link.announce(now); // nobody objected
                }
                let announce = matches!(link.phase, Phase::Announcing { due, .. } if due <= now);
                let mut answers = link.take_due(now);
                if announce {
                    link.announced(now);
                    answers = Set::of(&Own::ALL);
                }
                let answers = answers.only(present);
                if answers.is_empty() {
                    return None;
                }
                let beside = records.beside(answers, &addresses);
                let beside = beside.without(link.recent(beside, now, |_| link::MULTICAST_SPACING));
                link.multicast(answers.and(beside), now);
                tell(records, &addresses, answers, beside, Manner::Tell, buffer)
            }
        };
        let (len, hash) = (bytes.len(), xxh3_64(bytes));
        if self.own.is_full() {
            self.own.pop_front();
        }
        let _ = self.own.push_back(hash);
        Some((dns::group(source), index, source, len))
    }
}

/// Asks whether anybody has our names, and shows what we would say (RFC 6762 §8.1, §8.2).
fn probe<'b>(records: &Records, addresses: &Addresses, buffer: &'b mut [u8]) -> &'b [u8] {
    let mut writer = Writer::new(
        buffer,
        Header::Query {
            more_follows: false,
        },
    );
    for name in [&records.instance, &records.host] {
        let asked = writer.question(name.view(), dns::kind::ANY, false);
        debug_assert!(asked.is_ok(), "two names fit");
    }
    for own in [Own::Srv, Own::Txt, Own::A, Own::Aaaa] {
        let put = records.write(
            &mut writer,
            Section::Authority,
            own,
            addresses,
            Manner::Propose,
        );
        debug_assert!(put.is_ok(), "our records fit");
    }
    writer.finish()
}

/// Tells `answers`, and beside them `beside`.
fn tell<'b>(
    records: &Records,
    addresses: &Addresses,
    answers: Set,
    beside: Set,
    manner: Manner,
    buffer: &'b mut [u8],
) -> &'b [u8] {
    let mut writer = Writer::new(buffer, Header::Response);
    write_sets(records, addresses, answers, beside, manner, &mut writer);
    writer.finish()
}

pub(super) fn write_sets(
    records: &Records,
    addresses: &Addresses,
    answers: Set,
    beside: Set,
    manner: Manner,
    writer: &mut Writer<'_>,
) {
    for (section, set) in [(Section::Answer, answers), (Section::Additional, beside)] {
        for own in set.iter() {
            let put = records.write(writer, section, own, addresses, manner);
            debug_assert!(put.is_ok(), "our records fit");
        }
    }
}
