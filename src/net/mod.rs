//! The only code that waits: sockets, timers, signals, and the lanes that may wait for a disk.
//!
//! | lane | does |
//! |---|---|
//! | the loop (this thread) | every socket and timer |
//! | the scanner (`library`) | walks the disks, watches them, writes snapshots |
//! | the readers (`readers`, `files`, `disks`) | open files, bring the next window of a stream into memory |
//!
//! (async-io adds a helper thread of its own, which sleeps while the loop runs.)

use std::{
    cell::{Cell, RefCell},
    fmt, io,
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use async_io::{Async, Timer};
use smol::{channel, future, lock::Semaphore};

use crate::{
    catalogue::views::Role,
    config::{Config, InterfacePattern, Subnet, View},
    identity::{self, Identity},
    limits,
    service::{
        DeviceFacts, OwnAddress, Shared,
        devices::{Devices, Renderer, Renderers},
        discovery::Discovery,
        events::Events,
        mdns::Responder,
        tally::Tally,
    },
    sys::{
        addresses::Address,
        environment, heap, memory,
        signal::{Signal, Signals},
    },
};

mod ahead;
mod browse;
mod buffers;
mod census;
mod clock;
mod connection;
mod discovery;
mod disks;
pub mod fetch;
mod files;
mod interfaces;
mod library;
mod listener;
mod mdns;
mod multicast;
mod outbound;
mod page;
mod peer;
mod pictures;
mod readers;
mod renderers;
pub mod search;
mod send;
mod supervisor;
mod turns;
mod user_state;
mod window;

use buffers::Buffers;
use census::{Bounds, Census};
use clock::Clock;
use files::Readers;
pub use library::{scan_each, scan_once};
use listener::Listeners;
use outbound::Bell;
use peer::Peers;
use pictures::Pictures;
use supervisor::Supervisor;
use turns::Turns;
use user_state::Keeper;
use window::Windows;

/// Why the server could not start.
#[derive(Debug)]
pub enum StartError {
    /// The HTTP port could not be opened.
    Port {
        /// Which.
        port: u16,
        /// Why.
        error: io::Error,
    },
    /// The system refused something every Linux has.
    System {
        /// What.
        what: &'static str,
        /// Why.
        error: io::Error,
    },
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port { port, error } if error.kind() == io::ErrorKind::AddrInUse => write!(
                f,
                "cannot listen on port {port}: another program is using that port.\n\
                 Choose another with RILL_PORT={}, or RILL_PORT=0 to let rill choose.",
                port.checked_add(1).unwrap_or(8200)
            ),
            Self::Port { port, error } => write!(
                f,
                "cannot listen on port {port}: {error}.\n\
                 Choose a port from 1024 to 65535 with RILL_PORT, or RILL_PORT=0 to let rill choose."
            ),
            Self::System { what, error } => write!(f, "cannot {what}: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

/// Serves until SIGTERM or SIGINT.
///
/// To be called before any other thread exists.
///
/// # Errors
/// See [`StartError`].
pub fn run(config: Config, identity: &Identity) -> Result<(), StartError> {
    let clock = Clock::start();
    let signals = Signals::take()
        .and_then(Async::new)
        .map_err(system("follow signals"))?;
    environment::cap_helpers(limits::HELPERS);
    heap::return_large_allocations();
    let bounds = Bounds::of(environment::descriptors_for(
        limits::CONNECTIONS,
        limits::RESERVED_DESCRIPTORS,
    ));
    let listeners = Listeners::bind(config.port, config.ipv6)?;
    let port = listeners.port;
    let (scanner, snapshot, news) =
        library::start(&config).map_err(system("start the scanner's thread"))?;

    let pictures = Pictures::start(&config.state_dir)
        .map_err(system("start the thread that makes pictures"))?;
    let (keeper, states) = Keeper::open(&config.state_dir);
    let update_id = snapshot.system_update_id().wrapping_add(states.changes());
    let device = device_facts(&config, identity);
    let machine = Discovery::new(discovery_settings(&config, identity, &device, port, clock));
    let responder = config
        .mdns
        .then(|| Responder::new(&mdns_settings(&config, identity, &device, port, clock)));
    let (addresses_changed, changed) = channel::bounded(1);
    let (renderer_heard, heard) = channel::bounded(limits::RENDERERS_WAITING);
    let context = Rc::new(Context {
        clock,
        port,
        ipv6: listeners.ipv6(),
        interfaces: config.interfaces,
        allow: config.allow,
        census: Census::new(bounds),
        bodies: Semaphore::new(limits::LARGE_BODIES),
        full_was_said: Cell::new(false),
        short_was_said: Cell::new(None),
        pictures,
        bell: Bell::new(),
        keeper,
        buffers: Buffers::default(),
        peers: Peers::new(clock),
        readers: Readers::new(),
        windows: Windows::new(memory::total()),
        scanner,
        listeners: page::Listeners::new(),
        searches: Semaphore::new(limits::SEARCHES),
        served: RefCell::default(),
        present: RefCell::default(),
        addresses_changed,
        renderers: RefCell::default(),
        renderer_heard,
        shared: Shared {
            device,
            events: RefCell::new(Events::new(random, update_id)),
            catalogue: RefCell::new(snapshot),
            states: RefCell::new(Arc::new(states)),
            in_progress_parent: config
                .views
                .contains(&View::Video)
                .then(|| Role::Video.id()),
            addresses: RefCell::default(),
            searches: RefCell::default(),
            devices: RefCell::new(Devices::new(config.devices, config.record)),
            scan: RefCell::default(),
            unmade: RefCell::default(),
            known: RefCell::default(),
            tally: Tally::of(bounds.total),
        },
    });
    let told = Told {
        machine,
        responder,
        changed,
        heard,
    };
    serve(&context, &signals, &news, listeners, told);
    Ok(())
}

/// How rill is made known.
struct Told {
    machine: Discovery,
    /// `None`: not by multicast DNS.
    responder: Option<Responder>,
    /// Rings when the served addresses have changed.
    changed: channel::Receiver<()>,
    /// Renderers whose descriptions are to be read.
    heard: channel::Receiver<Renderer>,
}

/// The loop itself, until a signal ends it.
fn serve(
    context: &Rc<Context>,
    signals: &Async<Signals>,
    news: &channel::Receiver<library::News>,
    listeners: Listeners,
    told: Told,
) {
    let turns = Rc::new(Turns::default());
    let (stop, stopped) = channel::bounded::<()>(1);
    let mdns = told.responder.map(|responder| {
        let context = Rc::clone(context);
        turns.spawn(mdns::run(responder, context, told.changed, stopped.clone()))
    });
    let discovery = turns.spawn(discovery::run(told.machine, Rc::clone(context), stopped));
    let accepting = turns.spawn(listeners.run(Rc::clone(&turns), Rc::clone(context)));
    let events = turns.spawn(outbound::run(Rc::clone(&turns), Rc::clone(context)));
    let sweeping = turns.spawn({
        let context = Rc::clone(context);
        async move { context.peers.sweep().await }
    });
    let reading = turns.spawn(renderers::run(told.heard, Rc::clone(context)));
    let followed = turns.spawn(page::run(Rc::clone(context)));
    let supervisor = Supervisor::new();
    async_io::block_on(turns.run(async {
        let following = follow_scans(context, news);
        let ending = follow_signals(signals, &context.scanner);
        future::or(ending, future::or(following, supervisor.run())).await;
        log::info!("stopping");
        Supervisor::stopping();
        drop(sweeping);
        accepting.cancel().await;
        events.cancel().await;
        reading.cancel().await;
        followed.cancel().await;
        context.scanner.stop();
        drop(stop);
        // What the scanner still has to say is listened to, so that it comes to its end.
        let written = async { while news.recv().await.is_ok() {} };
        // Small replies under way end meanwhile; streams are cut.
        let ended = async {
            let goodbyes = async {
                discovery.await;
                if let Some(mdns) = mdns {
                    mdns.await;
                }
            };
            future::zip(goodbyes, written).await;
        };
        future::or(ended, async {
            Timer::after(limits::STOP_TIME).await;
        })
        .await;
    }));
}

fn device_facts(config: &Config, identity: &Identity) -> DeviceFacts {
    let system = rustix::system::uname();
    let host = system.nodename().to_string_lossy().to_lowercase();
    let mut host_names = config.hosts.clone();
    host_names.push(format!("{host}.local"));
    host_names.push(host);
    host_names.push(format!("{}.local", mdns_host(identity)));
    // "3.14.159-vendor" is no version token; its digits and dots are.
    let release = system.release().to_string_lossy();
    let release = release.split(|c: char| c != '.' && !c.is_ascii_digit());
    DeviceFacts {
        udn: format!("uuid:{}", identity.udn),
        friendly_name: config.name.clone(),
        server: format!(
            "Linux/{} UPnP/1.1 DLNADOC/1.50 rill/{}",
            release.into_iter().next().unwrap_or_default(),
            env!("CARGO_PKG_VERSION")
        ),
        host_names,
    }
}

fn discovery_settings(
    config: &Config,
    identity: &Identity,
    device: &DeviceFacts,
    http_port: u16,
    clock: Clock,
) -> crate::service::discovery::Settings {
    crate::service::discovery::Settings {
        udn: device.udn.clone(),
        http_port,
        server: device.server.clone(),
        boot_id: identity.boot_id,
        boot_ids: identity::BOOT_STEP,
        config_id: crate::service::description::config_id(device),
        notify_interval: config.notify_interval,
        description_path: crate::service::DESCRIPTION_PATH,
        // Two boards powered up together differ in their UDN.
        seed: identity.udn.as_u64_pair().0 ^ clock.now().unix_secs,
    }
}

/// Bytes that nobody can guess, for the names of subscriptions.
fn random() -> [u8; 16] {
    uuid::Uuid::new_v4().into_bytes()
}

fn mdns_settings(
    config: &Config,
    identity: &Identity,
    device: &DeviceFacts,
    http_port: u16,
    clock: Clock,
) -> crate::service::mdns::Settings {
    crate::service::mdns::Settings {
        name: config.name.clone(),
        host: mdns_host(identity),
        http_port,
        udn: device.udn.clone(),
        seed: identity.udn.as_u64_pair().0 ^ clock.now().unix_secs,
    }
}

/// The first label of the host's name; where it has none of its own, one made of the UDN.
fn mdns_host(identity: &Identity) -> String {
    let system = rustix::system::uname();
    let host = system.nodename().to_string_lossy().to_lowercase();
    match host.split('.').next().unwrap_or_default() {
        "" | "(none)" | "localhost" => format!("rill-{:08x}", identity.udn.as_fields().0),
        label => label.to_owned(),
    }
}

fn system(what: &'static str) -> impl FnOnce(io::Error) -> StartError {
    move |error| StartError::System { what, error }
}

/// Returns when the operator wants an end.
async fn follow_signals(signals: &Async<Signals>, scanner: &library::Scanner) {
    loop {
        match signals.read_with(Signals::next).await {
            Ok(Signal::Rescan) => {
                log::info!("scanning again, as SIGHUP asks");
                scanner.rescan();
            }
            Ok(Signal::Stop) => return,
            Err(error) => {
                log::error!("cannot read signals: {error}");
                return;
            }
        }
    }
}

/// Puts each finished snapshot in place; never returns.
async fn follow_scans(context: &Context, news: &channel::Receiver<library::News>) {
    user_state::settle(context).await;
    while let Ok(news) = news.recv().await {
        let state = match news {
            library::News::Started => {
                context.shared.scan.borrow_mut().is_running = true;
                "running".to_owned()
            }
            library::News::Snapshot(snapshot) => {
                let old = context.shared.catalogue.replace(Arc::clone(&snapshot));
                user_state::settle(context).await;
                outbound::tell_changes(context, &old, &snapshot).await;
                continue;
            }
            library::News::Kept(is_kept) => {
                context.shared.scan.borrow_mut().is_unwritten = !is_kept;
                continue;
            }
            library::News::Finished(report, watched) => {
                let level = if report.is_partial {
                    log::Level::Debug
                } else {
                    log::Level::Info
                };
                log::log!(level, "{report}");
                for skip in &report.skips {
                    log::debug!("skipped {skip}");
                }
                for skip in &report.troubles {
                    log::debug!("listed, but {skip}");
                }
                let state = report.to_string();
                let mut scan = context.shared.scan.borrow_mut();
                scan.is_running = false;
                scan.passes = scan.passes.wrapping_add(1);
                scan.report = report;
                scan.watched = watched;
                state
            }
        };
        Supervisor::status(&state);
    }
    context.shared.scan.borrow_mut().has_ended = true;
    log::error!("the scanner ended; what it found is served on, new files are not seen");
    future::pending::<()>().await;
}

/// What every task of the loop may see.
#[derive(Debug)]
struct Context {
    clock: Clock,
    port: u16,
    /// Whether IPv6 is served.
    ipv6: bool,
    interfaces: Vec<InterfacePattern>,
    allow: Vec<Subnet>,
    census: Rc<Census>,
    /// Turns of those who send a long body.
    bodies: Semaphore,
    full_was_said: Cell<bool>,
    /// Uptime at which it was said that nobody can be accepted.
    short_was_said: Cell<Option<Duration>>,
    pictures: Pictures,
    /// To be rung when events may be due.
    bell: Bell,
    keeper: Keeper,
    buffers: Buffers,
    peers: Peers,
    readers: Readers,
    windows: Windows,
    scanner: library::Scanner,
    /// Who follows how things are.
    listeners: page::Listeners,
    /// Turns of those who search.
    searches: Semaphore,
    /// The networks of the served interfaces.
    served: RefCell<Vec<Subnet>>,
    /// The served addresses, with their interfaces.
    present: RefCell<Vec<Address>>,
    /// Rings when they have changed.
    addresses_changed: channel::Sender<()>,
    /// Whose descriptions were read.
    renderers: RefCell<Renderers>,
    /// Takes those whose are to be.
    renderer_heard: channel::Sender<Renderer>,
    shared: Shared,
}

impl Context {
    /// Takes note of the addresses served from now on.
    fn serve_addresses(&self, present: &[Address]) {
        let addresses = present.iter().map(|a| OwnAddress {
            address: a.address,
            interface: a.index,
        });
        self.shared.addresses.replace(addresses.collect());
        let subnets = present
            .iter()
            .map(|a| Subnet::around(a.address, a.prefix_len));
        self.served.replace(subnets.collect());
        self.present.replace(present.to_vec());
    }

    /// True if `peer` is allowed to connect: by `RILL_ALLOW`, or else because it is in one of the served networks.
    /// The machine itself always may. All links have the same link-local subnet, so there the link counts.
    fn may_connect(&self, peer: SocketAddr) -> bool {
        let address = peer.ip();
        let inside = |subnets: &[Subnet]| subnets.iter().any(|subnet| subnet.contains(address));
        let on_served_link = || match peer {
            SocketAddr::V6(v6) if v6.ip().is_unicast_link_local() => {
                let present = self.present.borrow();
                present.iter().any(|own| own.index == v6.scope_id())
            }
            _ => true,
        };
        address.is_loopback()
            || self
                .present
                .borrow()
                .iter()
                .any(|own| own.address == address)
            || if self.allow.is_empty() {
                inside(&self.served.borrow()) && on_served_link()
            } else {
                inside(&self.allow)
            }
    }

    /// A datagram of SSDP: what a renderer in the house says leads to its description.
    fn hear(&self, uptime: Duration, from: SocketAddr, datagram: &[u8]) {
        if !datagram.starts_with(b"NOTIFY") || !self.may_connect(from) {
            return;
        }
        let renderer = self
            .renderers
            .borrow_mut()
            .hear(uptime, from.ip(), datagram);
        if let Some(renderer) = renderer {
            // A full queue drops it: what a device says in its requests counts for more anyway.
            let _ = self.renderer_heard.try_send(renderer);
        }
    }

    /// Says, seldom, that nobody can be accepted.
    fn say_short(&self, error: &io::Error) {
        const SILENCE: Duration = Duration::from_secs(600);
        let now = self.clock.now().uptime;
        let said = self.short_was_said.get();
        if said.is_none_or(|at| now.saturating_sub(at) > SILENCE) {
            self.short_was_said.set(Some(now));
            log::warn!("cannot accept connections for the moment: {error}");
        }
    }

    /// Says once that the bound on connections was reached.
    fn say_full(&self, peer: SocketAddr) {
        if !self.full_was_said.replace(true) {
            log::warn!(
                "{peer} was refused: all connections are taken, or its share of them ({}; said once)",
                self.census.bounds()
            );
        }
    }
}
