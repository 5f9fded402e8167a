//! Memory of connections. One that is idle holds none; whoever has something to receive or to send takes a buffer and gives
//! it back.

use std::cell::RefCell;

use crate::limits;

/// Buffers that nobody uses at the moment.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    free: RefCell<Vec<Vec<u8>>>,
}

impl Buffers {
    /// An empty one.
    pub(super) fn take(&self) -> Vec<u8> {
        let free = self.free.borrow_mut().pop();
        free.unwrap_or_else(|| Vec::with_capacity(limits::BUFFER_BYTES))
    }

    /// Takes it back. One that has grown is freed, and so is one of more than [`limits::FREE_BUFFERS`].
    pub(super) fn give(&self, mut buffer: Vec<u8>) {
        let mut free = self.free.borrow_mut();
        let usual = limits::BUFFER_BYTES..=2 * limits::BUFFER_BYTES;
        if free.len() < limits::FREE_BUFFERS && usual.contains(&buffer.capacity()) {
            buffer.clear();
            free.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_come_back_empty_and_grown_ones_do_not() {
        let buffers = Buffers::default();
        let mut first = buffers.take();
        first.extend_from_slice(b"abc");
        let place = first.as_ptr();
        buffers.give(first);
        let again = buffers.take();
        assert_eq!((again.as_ptr(), again.len()), (place, 0));
        buffers.give(Vec::with_capacity(1 << 20));
        assert!(buffers.free.borrow().is_empty());
        for _ in 0..2 * limits::FREE_BUFFERS {
            buffers.give(Vec::with_capacity(limits::BUFFER_BYTES));
        }
        assert_eq!(buffers.free.borrow().len(), limits::FREE_BUFFERS);
    }
}
