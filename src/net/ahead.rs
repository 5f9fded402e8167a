//! What of a file is in memory before it is sent, and what is on its way there: the loop must never wait for a disk, so
//! readers bring it.

use std::{io, time::Duration};

use super::{
    Context,
    files::{FileJob, Outcome},
    send::Source,
    window::Window,
};
use crate::{limits, sys::warm, wire::http::range::Span};

/// Windows of a span, brought into the kernel's memory one ahead of the other.
pub(super) struct Ahead<'c> {
    context: &'c Context,
    source: &'c Source<'c>,
    end: u64,
    /// Up to here it is in memory, unless the kernel has forgotten it since.
    ready: u64,
    /// A reader brings what lies between `ready` and here.
    coming: Option<u64>,
    /// That it is in memory was found out in this turn.
    is_sure: bool,
    /// When that was found out last.
    sure_at: Duration,
    window: Window<'c>,
}

impl<'c> Ahead<'c> {
    pub(super) fn new(context: &'c Context, source: &'c Source<'c>, span: Span) -> Self {
        let now = context.clock.uptime();
        Self {
            context,
            source,
            end: span.end,
            ready: span.start,
            coming: None,
            is_sure: false,
            sure_at: now,
            window: context.windows.begin(now),
        }
    }

    /// Up to here it was brought.
    pub(super) fn ready(&self) -> u64 {
        self.ready
    }

    /// Sees to it that the next window is on its way when half of this one is sent. What is there already costs a few
    /// system calls.
    ///
    /// # Errors
    /// There is no reader.
    pub(super) fn look(&mut self, at: u64) -> io::Result<()> {
        let is_enough = self.ready - at > self.window.len() / 2;
        if is_enough || self.coming.is_some() || self.ready >= self.end {
            return Ok(());
        }
        let len = self.window.next(self.context.clock.uptime());
        let len = len.min(self.end - self.ready);
        if warm::is_resident(&self.source.open.file, self.ready, len) != Some(true) {
            return self.bring(len);
        }
        // What lies before it was found out earlier.
        if at >= self.ready {
            self.is_now_sure();
        }
        self.ready += len;
        Ok(())
    }

    /// Waits for what is on its way.
    ///
    /// # Errors
    /// What the disk says; `TimedOut` when it did not answer within [`limits::DISK_TIME`].
    pub(super) async fn wait(&mut self) -> io::Result<()> {
        let Some(ready) = self.coming.take() else {
            return Ok(());
        };
        if let Outcome::Warmed(warmed) = self.context.readers.outcome(self.source.errand).await? {
            warmed?;
        }
        self.ready = ready;
        self.is_now_sure();
        Ok(())
    }

    /// Whether `count` bytes from `at` on, which were brought, are still there: a player may have paused meanwhile, and the
    /// kernel may have needed the memory. To be asked before each turn.
    pub(super) fn has(&mut self, at: u64, count: usize) -> bool {
        if std::mem::take(&mut self.is_sure) {
            return true;
        }
        warm::ends_are_resident(&self.source.open.file, at, count as u64).unwrap_or_else(|| {
            let now = self.context.clock.uptime();
            now.saturating_sub(self.sure_at) < limits::WARM_TRUST_TIME
        })
    }

    /// Brings what was forgotten from `at` on, and waits for it. After that it is sent unasked: a machine that forgets at once
    /// what it reads gets on nevertheless.
    ///
    /// # Errors
    /// Those of [`Self::wait`].
    pub(super) async fn bring_again(&mut self, at: u64) -> io::Result<()> {
        self.wait().await?;
        self.ready = at;
        self.bring(self.window.len().min(self.end - at))?;
        self.wait().await?;
        self.is_sure = false;
        Ok(())
    }

    fn bring(&mut self, len: u64) -> io::Result<()> {
        let job = FileJob::Warm(self.source.open.clone(), self.ready, len);
        self.context.readers.send(self.source.errand, job)?;
        self.coming = Some(self.ready + len);
        Ok(())
    }

    fn is_now_sure(&mut self) {
        self.is_sure = true;
        self.sure_at = self.context.clock.uptime();
    }
}

/// Pieces of a file that is kept elsewhere, read one after the other into rill's own memory.
pub(super) struct Copies<'c> {
    context: &'c Context,
    source: &'c Source<'c>,
    window: Window<'c>,
    buffer: Vec<u8>,
}

impl<'c> Copies<'c> {
    pub(super) fn new(context: &'c Context, source: &'c Source<'c>) -> Self {
        Self {
            context,
            source,
            window: context.windows.begin(context.clock.uptime()),
            buffer: Vec::new(),
        }
    }

    /// The bytes from `at` on, `end` at most; none where the file ends.
    ///
    /// # Errors
    /// What the disk says; `TimedOut` when it did not answer within [`limits::DISK_TIME`].
    pub(super) async fn next(&mut self, at: u64, end: u64) -> io::Result<&[u8]> {
        let len = self.window.copy().min(end - at);
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(usize::try_from(len).unwrap_or(usize::MAX), 0);
        let job = FileJob::Read(self.source.open.clone(), at, buffer);
        self.context.readers.send(self.source.errand, job)?;
        match self.context.readers.outcome(self.source.errand).await? {
            Outcome::Read(read) => self.buffer = read?,
            _ => return Err(io::ErrorKind::Other.into()),
        }
        Ok(&self.buffer)
    }
}
