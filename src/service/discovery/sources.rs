//! How often each source may search, and how much all of them are answered.

use std::net::IpAddr;
use std::time::Duration;

use crate::limits;

/// A token bucket for each of the sources that asked last, so that a forged source cannot be flooded through rill.
#[derive(Debug, Default)]
pub(in crate::service) struct Sources {
    known: heapless::Vec<Source, { limits::SEARCH_SOURCES }>,
}

#[derive(Clone, Copy, Debug)]
struct Source {
    address: IpAddr,
    /// Searches it may still send, in millionths.
    micro_tokens: u64,
    asked_at: Duration,
}

impl Sources {
    /// Whether one more search of `address` is answered.
    pub(in crate::service) fn admit(&mut self, address: IpAddr, now: Duration) -> bool {
        const ONE: u64 = 1_000_000;
        const FULL: u64 = limits::SEARCH_BURST as u64 * ONE;
        const PER_MICROSECOND: u64 = limits::SEARCHES_PER_SECOND as u64;
        let source = self.entry(Source {
            address,
            micro_tokens: FULL,
            asked_at: now,
        });
        let Some(source) = source else { return false };
        let micros = now.saturating_sub(source.asked_at).as_micros();
        let micros = u64::try_from(micros).unwrap_or(u64::MAX);
        let earned = micros.saturating_mul(PER_MICROSECOND);
        source.micro_tokens = source.micro_tokens.saturating_add(earned).min(FULL);
        source.asked_at = now;
        let paid = source.micro_tokens.checked_sub(ONE);
        source.micro_tokens = paid.unwrap_or(source.micro_tokens);
        paid.is_some()
    }

    /// The known source of that address, or `new` in a free place or in that of the one longest silent.
    fn entry(&mut self, new: Source) -> Option<&mut Source> {
        let known = self
            .known
            .iter()
            .position(|source| source.address == new.address);
        let at = known.unwrap_or_else(|| match self.known.push(new) {
            Ok(()) => self.known.len() - 1,
            Err(_) => self.replace_longest_silent(new),
        });
        self.known.get_mut(at)
    }

    fn replace_longest_silent(&mut self, new: Source) -> usize {
        let ages = self.known.iter().map(|source| source.asked_at).enumerate();
        let at = ages
            .min_by_key(|&(_, asked_at)| asked_at)
            .map_or(0, |(at, _)| at);
        if let Some(place) = self.known.get_mut(at) {
            *place = new;
        }
        at
    }
}

/// A token bucket for the bytes of all answers together: a table of sources ends, forged ones do not.
#[derive(Debug)]
pub(super) struct Budget {
    /// Bytes that may still be sent, in millionths.
    micro_bytes: u64,
    spent_at: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Budget {
            micro_bytes: Self::FULL,
            spent_at: Duration::ZERO,
        }
    }
}

impl Budget {
    const FULL: u64 = limits::ANSWER_BURST_BYTES as u64 * 1_000_000;

    /// Whether `bytes` more may be sent.
    pub(super) fn spend(&mut self, bytes: usize, now: Duration) -> bool {
        const PER_MICROSECOND: u64 = limits::ANSWER_BYTES_PER_SECOND as u64;
        let micros = now.saturating_sub(self.spent_at).as_micros();
        let micros = u64::try_from(micros).unwrap_or(u64::MAX);
        let earned = micros.saturating_mul(PER_MICROSECOND);
        self.micro_bytes = self.micro_bytes.saturating_add(earned).min(Self::FULL);
        self.spent_at = now;
        let cost = u64::try_from(bytes)
            .unwrap_or(u64::MAX)
            .saturating_mul(1_000_000);
        let paid = self.micro_bytes.checked_sub(cost);
        self.micro_bytes = paid.unwrap_or(self.micro_bytes);
        paid.is_some()
    }
}
