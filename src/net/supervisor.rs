//! What systemd is told: ready, status, alive, stopping. Without systemd all of it is nothing.

use std::time::Duration;

use async_io::Timer;
use sd_notify::NotifyState;
use smol::future;

/// The line to the service manager.
#[derive(Debug)]
pub(super) struct Supervisor {
    watchdog: Option<Duration>,
}

impl Supervisor {
    /// Says that the server is ready, and learns how often it must say that it is alive.
    pub(super) fn new() -> Self {
        tell(&[NotifyState::Ready]);
        Self {
            watchdog: sd_notify::watchdog_enabled(),
        }
    }

    /// Says what the server does.
    pub(super) fn status(text: &str) {
        tell(&[NotifyState::Status(text)]);
    }

    /// Says that the server is ending as asked.
    pub(super) fn stopping() {
        tell(&[NotifyState::Stopping]);
    }

    /// Says, from the loop itself, that the loop is alive; never returns.
    pub(super) async fn run(&self) {
        let Some(period) = self.watchdog else {
            return future::pending().await;
        };
        loop {
            tell(&[NotifyState::Watchdog]);
            Timer::after(period / 3).await;
        }
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        log::debug!("cannot tell systemd: {error}");
    }
}
