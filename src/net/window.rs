//! How much of a stream is brought into memory at once: about what is played in [`limits::WARM_TIME`], a share of the
//! machine's memory at most.

use std::{cell::Cell, time::Duration};

use crate::limits;

/// The memory that all streams share.
#[derive(Debug)]
pub(super) struct Windows {
    /// Bytes.
    memory: u64,
    streams: Cell<u64>,
}

impl Windows {
    /// On a machine that has so many bytes.
    pub(super) fn new(memory: u64) -> Self {
        Self {
            memory: memory / limits::WARM_SHARE,
            streams: Cell::new(0),
        }
    }

    /// For a stream that begins at `now`, until it is dropped.
    pub(super) fn begin(&self, now: Duration) -> Window<'_> {
        self.streams.set(self.streams.get() + 1);
        Window {
            all: self,
            len: limits::WARM_WINDOW_LEAST_BYTES / 2,
            since: now,
        }
    }

    /// How many there are.
    pub(super) fn streams(&self) -> u64 {
        self.streams.get()
    }

    /// Bytes of a file that a stream may hold a copy of.
    fn copy(&self) -> u64 {
        let share = limits::COPY_ALL_BYTES / self.streams.get().max(1);
        share.clamp(limits::COPY_LEAST_BYTES, limits::COPY_BYTES)
    }

    /// Bytes that one window may have.
    fn most(&self) -> u64 {
        // Two of each stream: one is sent while the next one is brought.
        let share = self.memory / (2 * self.streams.get().max(1));
        share.clamp(limits::WARM_WINDOW_LEAST_BYTES, limits::WARM_WINDOW_BYTES)
    }
}

/// That of one stream.
#[derive(Debug)]
pub(super) struct Window<'w> {
    all: &'w Windows,
    /// Bytes.
    len: u64,
    /// When it was asked for.
    since: Duration,
}

impl Window<'_> {
    /// Bytes of the present one.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Bytes of the next copy, where copies are sent.
    pub(super) fn copy(&self) -> u64 {
        self.all.copy()
    }

    /// Bytes of the next one, which is asked for at `now`: more if this one was sent quickly, fewer if slowly.
    pub(super) fn next(&mut self, now: Duration) -> u64 {
        let took = now.saturating_sub(self.since);
        self.since = now;
        if took < limits::WARM_TIME / 2 {
            self.len *= 2;
        } else if took > limits::WARM_TIME * 2 {
            self.len /= 2;
        }
        self.len = self
            .len
            .clamp(limits::WARM_WINDOW_LEAST_BYTES, self.all.most());
        self.len
    }
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        self.all.streams.set(self.all.streams.get() - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// The window that a stream of so many bytes per second comes to.
    fn settled(windows: &Windows, rate: u64) -> u64 {
        let mut now = Duration::ZERO;
        let mut window = windows.begin(now);
        for _ in 0..20 {
            now += Duration::from_millis(window.len() * 1000 / rate);
            window.next(now);
        }
        window.len()
    }

    #[test]
    fn it_holds_what_is_played_in_its_time() {
        let windows = Windows::new(4096 * MIB);
        // Music at 128 kbit/s, a DVD at 8 Mbit/s, a copy at full speed.
        assert_eq!(settled(&windows, 16_000), limits::WARM_WINDOW_LEAST_BYTES);
        let dvd = settled(&windows, MIB);
        assert!((MIB..=4 * MIB).contains(&dvd), "{dvd}");
        assert_eq!(settled(&windows, 100 * MIB), limits::WARM_WINDOW_BYTES);
    }

    #[test]
    fn many_streams_share_a_small_board() {
        let windows = Windows::new(128 * MIB);
        assert_eq!(settled(&windows, 100 * MIB), limits::WARM_WINDOW_BYTES);
        let others: Vec<_> = (0..31).map(|_| windows.begin(Duration::ZERO)).collect();
        let window = settled(&windows, 100 * MIB);
        assert_eq!(window, limits::WARM_WINDOW_LEAST_BYTES);
        assert!(32 * 2 * window <= windows.memory);
        drop(others);
        assert_eq!(settled(&windows, 100 * MIB), limits::WARM_WINDOW_BYTES);
    }

    #[test]
    fn copies_of_many_streams_are_bounded() {
        let windows = Windows::new(128 * MIB);
        let mut all: Vec<_> = (0..2).map(|_| windows.begin(Duration::ZERO)).collect();
        assert_eq!(all[0].copy(), limits::COPY_BYTES);
        for count in [33_u64, 200, 2_176] {
            let streams = usize::try_from(count).unwrap();
            all.resize_with(streams, || windows.begin(Duration::ZERO));
            let most = limits::COPY_ALL_BYTES.max(count * limits::COPY_LEAST_BYTES);
            assert!(all[0].copy() * count <= most, "{count}");
        }
    }
}
