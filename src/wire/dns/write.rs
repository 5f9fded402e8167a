//! Writing a message into a buffer of fixed size, with names compressed (RFC 1035 §4.1.4).

use super::{
    AUTHORITATIVE, CLASS_IN, Data, HEADER_BYTES, Name, RESPONSE, TOP_BIT, TRUNCATED,
    name::{LABEL_BYTES, POINTER},
};

/// Where labels begin that a later name may point to. Beyond it: written out again.
const REMEMBERED_LABELS: usize = 32;

/// The three sections of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// What was asked for; in a query, what the asker knows already.
    Answer,
    /// In a probe, what the asker wants to own.
    Authority,
    /// What will be asked for next.
    Additional,
}

/// What stands at the head of a message.
#[derive(Clone, Copy, Debug)]
pub enum Header {
    /// A query; `more_follows`: more known answers come in another datagram.
    Query {
        /// The TC bit.
        more_follows: bool,
    },
    /// A response to everybody, or by unicast to one who speaks multicast DNS.
    Response,
    /// A response to a legacy asker, whose id it repeats (RFC 6762 §6.7).
    Legacy {
        /// The id of the query.
        id: u16,
    },
}

/// The buffer is full, and what did not fit was not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Writes one message. Sections come in their order: questions, answers, authorities, additionals.
#[derive(Debug)]
pub struct Writer<'b> {
    buffer: &'b mut [u8],
    len: usize,
    counts: [u16; 4],
    labels: heapless::Vec<u16, REMEMBERED_LABELS>,
}

impl<'b> Writer<'b> {
    /// Begins a message in `buffer`, which should have room for at least the 12 bytes of the head.
    pub fn new(buffer: &'b mut [u8], header: Header) -> Self {
        let (id, flags) = match header {
            Header::Query { more_follows: true } => (0, TRUNCATED),
            Header::Query { .. } => (0, 0),
            Header::Response => (0, RESPONSE | AUTHORITATIVE),
            Header::Legacy { id } => (id, RESPONSE | AUTHORITATIVE),
        };
        let mut writer = Writer {
            buffer,
            len: 0,
            counts: [0; 4],
            labels: heapless::Vec::new(),
        };
        // A buffer without room for a head gives an empty message: `finish` returns nothing.
        let _ = writer.words(&[id, flags, 0, 0, 0, 0]);
        writer
    }

    /// Adds a question of class Internet; `unicast` asks for an answer by unicast.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn question(&mut self, name: Name<'_>, kind: u16, unicast: bool) -> Result<(), Full> {
        let class = if unicast {
            CLASS_IN | TOP_BIT
        } else {
            CLASS_IN
        };
        self.whole(0, |writer| {
            writer.name(name)?;
            writer.words(&[kind, class])
        })
    }

    /// Adds a question as a legacy asker put it, class included.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn echo(&mut self, name: Name<'_>, kind: u16, class: u16) -> Result<(), Full> {
        self.whole(0, |writer| {
            writer.name(name)?;
            writer.words(&[kind, class])
        })
    }

    /// Adds a record of class Internet. `flush` is the top bit of its class.
    ///
    /// # Errors
    /// When it does not fit.
    #[inline(never)]
    pub fn record(
        &mut self,
        section: Section,
        name: Name<'_>,
        ttl_secs: u32,
        flush: bool,
        data: &Data<'_>,
    ) -> Result<(), Full> {
        let class = if flush { CLASS_IN | TOP_BIT } else { CLASS_IN };
        self.whole(section as usize + 1, |writer| {
            writer.name(name)?;
            writer.words(&[data.kind(), class])?;
            writer.put(&ttl_secs.to_be_bytes())?;
            let len_at = writer.len;
            writer.words(&[0])?;
            match data {
                Data::Ptr(target) => writer.name(*target)?,
                // No compression in the host of SRV: legacy askers do not understand it (RFC 6762 §18.14).
                other => {
                    let mut written = Ok(());
                    other.spell(|piece| {
                        written = written.and_then(|()| writer.put(piece));
                    });
                    written?;
                }
            }
            let len = u16::try_from(writer.len - len_at - 2).map_err(|_| Full)?;
            writer.patch(len_at, len);
            Ok(())
        })
    }

    /// Whether nothing but the head was written.
    pub fn is_empty(&self) -> bool {
        self.counts == [0; 4]
    }

    /// The message.
    pub fn finish(mut self) -> &'b [u8] {
        for (n, count) in self.counts.into_iter().enumerate() {
            self.patch(4 + 2 * n, count);
        }
        let Writer { buffer, len, .. } = self;
        buffer.get(..len).unwrap_or_default()
    }

    /// Runs `write`, and takes back what it wrote if that did not fit.
    fn whole(
        &mut self,
        section: usize,
        write: impl FnOnce(&mut Self) -> Result<(), Full>,
    ) -> Result<(), Full> {
        let (len, labels) = (self.len, self.labels.len());
        let count = self.counts.get_mut(section).ok_or(Full)?;
        *count = count.checked_add(1).ok_or(Full)?;
        let written = if len < HEADER_BYTES {
            Err(Full)
        } else {
            write(self)
        };
        if written.is_err() {
            self.len = len;
            self.labels.truncate(labels);
            if let Some(count) = self.counts.get_mut(section) {
                *count -= 1;
            }
        }
        written
    }

    #[inline(never)]
    fn name(&mut self, name: Name<'_>) -> Result<(), Full> {
        let mut rest = name.labels();
        loop {
            if let Some(at) = self.written_before(&rest) {
                let [high, low] = at.to_be_bytes();
                return self.put(&[high | POINTER, low]);
            }
            let Some(label) = rest.next() else {
                return self.put(&[0]);
            };
            // Pointers reach the first 16 KiB; more than 32 labels are not remembered, only written again.
            if let Ok(at @ ..0x4000) = u16::try_from(self.len) {
                let _ = self.labels.push(at);
            }
            let len = u8::try_from(label.len()).map_err(|_| Full)?;
            debug_assert!(label.len() <= LABEL_BYTES, "a checked name");
            self.put(&[len])?;
            self.put(label)?;
        }
    }

    /// Where exactly the labels of `rest`, at least one, were written before. Case counts here: what is sent is spelled
    /// as its owner spells it.
    fn written_before(&self, rest: &super::Labels<'_>) -> Option<u16> {
        rest.clone().next()?;
        let written = self.buffer.get(..self.len)?;
        let same = |at: &&u16| {
            Name::parse(written, usize::from(**at)).is_ok_and(|(name, _)| {
                let (mut a, mut b) = (name.labels(), rest.clone());
                std::iter::from_fn(|| match (a.next(), b.next()) {
                    (None, None) => None,
                    pair => Some(pair),
                })
                .all(|(a, b)| a == b)
            })
        };
        self.labels.iter().find(same).copied()
    }

    fn words(&mut self, words: &[u16]) -> Result<(), Full> {
        words
            .iter()
            .try_for_each(|word| self.put(&word.to_be_bytes()))
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Full> {
        let end = self.len + bytes.len();
        let place = self.buffer.get_mut(self.len..end).ok_or(Full)?;
        place.copy_from_slice(bytes);
        self.len = end;
        Ok(())
    }

    fn patch(&mut self, at: usize, word: u16) {
        if let Some(place) = self.buffer.get_mut(at..at + 2) {
            place.copy_from_slice(&word.to_be_bytes());
        }
    }
}

/// The data of an NSEC record (RFC 6762 §6.1): `name` has the types `kinds`, each below 256, and no others. The name is
/// written out, for legacy askers.
pub fn nsec(name: Name<'_>, kinds: &[u16]) -> heapless::Vec<u8, NSEC_BYTES> {
    let mut data = heapless::Vec::new();
    let mut bits = [0_u8; 32];
    let mut used = 0;
    for kind in kinds.iter().filter_map(|&kind| u8::try_from(kind).ok()) {
        let at = usize::from(kind / 8);
        if let Some(byte) = bits.get_mut(at) {
            *byte |= 0b1000_0000 >> (kind % 8);
            used = used.max(at + 1);
        }
    }
    // The longest name and all 32 bytes of bits fit.
    name.spell(|piece| drop(data.extend_from_slice(piece)));
    let _ = data.extend_from_slice(&[0, u8::try_from(used).unwrap_or_default()]);
    let _ = data.extend_from_slice(bits.get(..used).unwrap_or_default());
    data
}

/// The longest name, the head of a window, and its bits.
const NSEC_BYTES: usize = 255 + 2 + 32;
