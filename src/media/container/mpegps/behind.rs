//! Pictures of MPEG-1 and MPEG-2 behind the last one that has a time stamp: discs stamp one in twelve.

/// Counts how far the pictures go on that are shown after the first one seen.
#[derive(Debug, Default)]
pub(super) struct Behind {
    /// The last four bytes.
    window: u32,
    /// Bytes of a picture's header that are still to come, and those that were there.
    wanted: u8,
    header: u16,
    /// Pictures shown between the first one and the start of this group.
    base: u32,
    /// The number in its group that the first one has; 0 in later groups.
    origin: Option<u32>,
    /// The last one shown, the first being 0.
    last: u32,
    /// Pictures seen.
    seen: u32,
}

impl Behind {
    const PICTURE: u32 = 0x0000_0100;
    const GROUP: u32 = 0x0000_01B8;

    /// Goes on with these bytes of the stream.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.wanted > 0 {
                self.wanted -= 1;
                self.header = self.header << 8 | u16::from(*byte);
                if self.wanted == 0 {
                    self.picture(u32::from(self.header >> 6));
                }
            }
            self.window = self.window << 8 | u32::from(*byte);
            match self.window {
                Self::PICTURE => self.wanted = 2,
                // Numbers start anew (ISO/IEC 13818-2 §6.3.9).
                Self::GROUP if self.origin.is_some() => {
                    self.base = self.last.saturating_add(1);
                    self.origin = Some(0);
                }
                _ => {}
            }
        }
    }

    /// `temporal_reference`: the order in which the pictures of a group are shown.
    fn picture(&mut self, number: u32) {
        self.seen = self.seen.saturating_add(1);
        let origin = *self.origin.get_or_insert(number);
        let place = self.base.saturating_add(number);
        self.last = self.last.max(place.saturating_sub(origin));
    }

    /// Pictures shown after the first one. Whatever their numbers say, never more than were seen, and a few that are coded
    /// behind the one that they refer to, or in front of the first.
    pub(super) fn pictures(&self) -> u32 {
        const OUT_OF_ORDER: u32 = 4;
        self.last.min(self.seen.saturating_add(OUT_OF_ORDER))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(number: u16) -> Vec<u8> {
        let [high, low] = (number << 6).to_be_bytes();
        [0, 0, 1, 0, high, low | 8, 0xFF, 0xF8, 0, 0, 1, 1, 7].to_vec()
    }

    const GROUP: &[u8] = &[0, 0, 1, 0xB8, 0, 8, 0, 0];

    #[test]
    fn pictures_are_counted_in_the_order_of_showing() {
        let of = |numbers: &[u16]| numbers.iter().flat_map(|n| picture(*n)).collect::<Vec<_>>();
        let rows = [
            (vec![], 0),
            (of(&[7]), 0),
            (of(&[0, 1, 2]), 2),
            // One that refers ahead, then those shown before it.
            (of(&[5, 3, 4]), 0),
            (of(&[5, 3, 4, 8, 6, 7]), 3),
            // Two fields of one picture each.
            (of(&[0, 0, 1, 1]), 1),
            // A group in front of the first says nothing; one behind it starts anew.
            ([GROUP, &of(&[2, 0, 1])].concat(), 0),
            ([of(&[8, 6, 7]), GROUP.to_vec(), of(&[2, 0, 1])].concat(), 3),
            (
                [of(&[8]), GROUP.to_vec(), of(&[0]), GROUP.to_vec(), of(&[0])].concat(),
                2,
            ),
            // Numbers that lie.
            (of(&[0, 1023]), 6),
            // One that was coded before the first.
            (of(&[6, 7, 11, 9, 10]), 5),
            ([of(&[6, 7]), GROUP.to_vec(), of(&[2, 0, 1])].concat(), 4),
        ];
        for (bytes, wanted) in rows {
            let mut whole = Behind::default();
            whole.take(&bytes);
            assert_eq!(whole.pictures(), wanted, "{bytes:?}");
            let mut piecemeal = Behind::default();
            bytes.chunks(3).for_each(|piece| piecemeal.take(piece));
            assert_eq!(piecemeal.pictures(), wanted, "{bytes:?}");
        }
    }
}
