//! Queries: what is answered, to whom and when (RFC 6762 §5.4, §6, §7).

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::Responder;
use super::link::{DEFENCE_SPACING, MULTICAST_SPACING};
use super::records::{Manner, Own, Set};
use super::speak::write_sets;
use crate::limits;
use crate::service::discovery::{Chance, Datagram};
use crate::wire::dns::{self, Header, Message, Section, Writer};

/// Answers that others may give too wait so long, so that not all speak at once (RFC 6762 §6).
const SHARED_DELAY: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(120));
/// An asker who knows more than fits in one datagram is given so long to tell it (RFC 6762 §7.2).
const MORE_KNOWN_DELAY: (Duration, Duration) =
    (Duration::from_millis(400), Duration::from_millis(500));

/// To old resolvers NSEC is DNSSEC, which this is not.
const DNSSEC: [Own; 2] = [Own::InstanceNsec, Own::HostNsec];

/// Answers that wait for one asker.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) due: Duration,
    pub(super) to: SocketAddr,
    pub(super) index: u32,
    set: Set,
    way: Way,
}

/// How one asker is answered.
#[derive(Debug)]
enum Way {
    /// By multicast, once it has told what it knows.
    Multicast,
    /// By unicast.
    Unicast,
    /// By unicast, as DNS was before: the head and the questions of the answer.
    Legacy(Box<[u8]>),
}

/// The delay of an answer that others may give too.
pub(super) fn shared_delay(chance: &mut Chance) -> Duration {
    between(chance, SHARED_DELAY)
}

fn between(chance: &mut Chance, (least, most): (Duration, Duration)) -> Duration {
    least + chance.up_to(most.saturating_sub(least))
}

impl Responder {
    /// A query: a probe for our names too, or the rest of what an asker knows.
    pub(super) fn query(
        &mut self,
        now: Duration,
        at: usize,
        datagram: &Datagram<'_>,
        message: &Message<'_>,
    ) {
        let from_here = self.is_own_address(datagram.from.ip());
        if self.links.get(at).is_some_and(super::Link::is_probing) {
            self.tie(now, at, message, from_here);
        }
        let Some(link) = self.links.get(at).filter(|link| link.answers()) else {
            return;
        };
        let (index, legacy) = (link.index, datagram.from.port() != dns::PORT);
        let addresses = self.addresses(index);
        let (mut by_unicast, mut by_multicast) = (Set::NONE, Set::NONE);
        for question in message.questions().take(limits::DNS_QUESTIONS) {
            let mut answers = self.records.answers(&question, &addresses);
            if legacy {
                answers = answers.without(Set::of(&DNSSEC));
            }
            if legacy || question.unicast || !datagram.multicast {
                by_unicast = by_unicast.and(answers);
            } else {
                by_multicast = by_multicast.and(answers);
            }
        }
        let known = self.known(message, &addresses);
        if !legacy {
            self.knows(now, datagram, known, message.is_truncated());
        }
        let (by_unicast, by_multicast) = (by_unicast.without(known), by_multicast.without(known));
        if by_unicast.and(by_multicast).is_empty() {
            return;
        }
        self.seen.answered += 1;
        if legacy {
            let Some(questions) = echo(message) else {
                return;
            };
            return self.wait(now, datagram, index, by_unicast, Way::Legacy(questions));
        }
        let Some(link) = self.links.get_mut(at) else {
            return;
        };
        // What nobody has heard for long is told to all (RFC 6762 §5.4), unless the question came to us alone.
        let quarter = |own: Own| Duration::from_secs(u64::from(own.ttl_secs()) / 4);
        let recent = link.recent(by_unicast, now, quarter);
        let by_multicast = by_multicast.and(by_unicast.without(recent));
        if message.is_truncated() {
            self.wait(now, datagram, index, by_multicast, Way::Multicast);
        } else {
            let is_probe = message
                .records()
                .any(|(section, _)| section == Section::Authority);
            let delay = if by_multicast.any_shared() {
                shared_delay(&mut self.chance)
            } else {
                Duration::ZERO
            };
            let spacing = if is_probe {
                DEFENCE_SPACING
            } else {
                MULTICAST_SPACING
            };
            link.schedule(by_multicast, now + delay, spacing);
        }
        self.wait(now, datagram, index, recent, Way::Unicast);
    }

    /// What of ours the asker knows for at least half its time (RFC 6762 §7.1). Addresses only if it knows all, for
    /// they are told together.
    fn known(&self, message: &Message<'_>, addresses: &[IpAddr]) -> Set {
        let mut known = Set::NONE;
        let (mut v4, mut v6) = (0, 0);
        let answers = message
            .records()
            .take_while(|(section, _)| *section == Section::Answer);
        for (_, record) in answers.take(limits::DNS_RECORDS) {
            let Some(own) = self.records.same(&record, addresses) else {
                continue;
            };
            if record.ttl_secs < own.ttl_secs() / 2 {
                continue;
            }
            match own {
                Own::A => v4 += 1,
                Own::Aaaa => v6 += 1,
                own => known = known.with(own),
            }
        }
        let count = |v4| addresses.iter().filter(|a| a.is_ipv4() == v4).count();
        if v4 > 0 && v4 >= count(true) {
            known = known.with(Own::A);
        }
        if v6 > 0 && v6 >= count(false) {
            known = known.with(Own::Aaaa);
        }
        known
    }

    /// Takes what the asker knows out of what waits for it, and waits on if it knows still more (RFC 6762 §7.2).
    fn knows(&mut self, now: Duration, datagram: &Datagram<'_>, known: Set, more_follows: bool) {
        let due = now + between(&mut self.chance, MORE_KNOWN_DELAY);
        self.pending.retain_mut(|waits| {
            if waits.to != datagram.from || waits.index != datagram.interface {
                return true;
            }
            if !matches!(waits.way, Way::Multicast) {
                return true;
            }
            waits.set = waits.set.without(known);
            if more_follows {
                waits.due = due;
            }
            !waits.set.is_empty()
        });
    }

    /// Has `set` wait for one asker.
    fn wait(&mut self, now: Duration, datagram: &Datagram<'_>, index: u32, set: Set, way: Way) {
        if set.is_empty() {
            return;
        }
        let delay = match way {
            Way::Multicast => between(&mut self.chance, MORE_KNOWN_DELAY),
            _ if set.any_shared() => shared_delay(&mut self.chance),
            _ => Duration::ZERO,
        };
        let pending = Pending {
            due: now + delay,
            to: datagram.from,
            index,
            set,
            way,
        };
        // Answers to one address are a way to flood somebody else's.
        let admitted = self.sources.admit(datagram.from.ip(), now);
        if !admitted || self.pending.push(pending).is_err() {
            self.seen.limited += 1;
        }
    }

    /// Answers one asker whose time has come; `None` if by multicast, or if the names are in doubt again.
    pub(super) fn answer(
        &mut self,
        pending: &Pending,
        now: Duration,
    ) -> Option<(SocketAddr, u32, IpAddr, usize)> {
        let Pending { to, index, set, .. } = *pending;
        let addresses = self.addresses(index);
        let link = self.links.iter_mut().find(|link| link.is(index, to.ip()))?;
        if !link.answers() {
            return None;
        }
        let set = set.only(self.records.present(&addresses));
        let beside = self.records.beside(set, &addresses);
        let buffer = &mut self.buffer[..];
        let (mut writer, manner, beside) = match &pending.way {
            Way::Multicast => {
                link.schedule(set, now, MULTICAST_SPACING);
                return None;
            }
            Way::Unicast => (Writer::new(buffer, Header::Response), Manner::Tell, beside),
            Way::Legacy(questions) => {
                let asked = Message::parse(questions).ok()?;
                let mut writer = Writer::new(buffer, Header::Legacy { id: asked.id });
                for question in asked.questions() {
                    let echoed = writer.echo(question.name, question.kind, question.class);
                    debug_assert!(echoed.is_ok(), "it was written before");
                }
                (writer, Manner::Legacy, beside.without(Set::of(&DNSSEC)))
            }
        };
        write_sets(&self.records, &addresses, set, beside, manner, &mut writer);
        let len = writer.finish().len();
        Some((to, index, link.source, len))
    }
}

/// The head and questions of a legacy query, to be repeated; `None` if they are too long.
fn echo(message: &Message<'_>) -> Option<Box<[u8]>> {
    let mut buffer = [0; limits::DNS_LEGACY_QUESTION_BYTES];
    let mut writer = Writer::new(&mut buffer, Header::Legacy { id: message.id });
    for question in message.questions() {
        let class = question.class;
        writer.echo(question.name, question.kind, class).ok()?;
    }
    Some(writer.finish().into())
}
