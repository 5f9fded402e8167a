//! The running program.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use super::http::{self, Connection, Reply};
use super::soap::{self, Browse, Fault, Object, Page};
use super::{Element, Library, NEAR, Network, Setup, Side, patience, wait_for};

const PORT: u16 = 8200;

/// The running program, its network and its state; ended on drop.
pub(crate) struct Rill {
    child: Option<Child>,
    network: Network,
    setup: Setup,
}

impl Rill {
    pub(super) fn new(network: Network, setup: Setup) -> Self {
        Self {
            child: None,
            network,
            setup,
        }
    }

    /// Serves all of `library`; `None` where namespaces are not allowed.
    pub(crate) fn serving(library: &Library) -> Option<Self> {
        Setup::new(library).start()
    }

    /// Starts (again) and waits until it answers and lists what the library holds.
    pub(crate) fn start(&mut self) {
        self.spawn();
        self.wait_until_up();
        let items = self.setup.items;
        if items > 0 {
            self.wait_for_items(items);
        }
    }

    /// Starts and waits for nothing.
    pub(crate) fn spawn(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.setup.log())
            .unwrap();
        let mut command = self.setup.command(&self.network);
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        self.child = Some(command.spawn().unwrap());
    }

    /// Waits until the description can be fetched.
    pub(crate) fn wait_until_up(&mut self) {
        let end = Instant::now() + patience(15);
        while !self.answers() {
            if let Some(status) = self
                .child
                .as_mut()
                .and_then(|child| child.try_wait().unwrap())
            {
                panic!("ended with {status} at the start:\n{}", self.log());
            }
            assert!(
                Instant::now() < end,
                "does not answer; its log:\n{}",
                self.log()
            );
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// Waits until as many items are listed in the whole tree.
    pub(crate) fn wait_for_items(&self, items: usize) {
        let mut titles = Vec::new();
        let end = Instant::now() + patience(20);
        while Instant::now() < end {
            titles = self
                .walk()
                .into_iter()
                .filter(|object| !object.is_container)
                .map(|item| item.title)
                .collect();
            if titles.len() == items {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!(
            "{} items, not {items}: {titles:?}; the log:\n{}",
            titles.len(),
            self.log()
        );
    }

    /// The network around it.
    pub(crate) fn network(&self) -> &Network {
        &self.network
    }

    /// Its state directory.
    pub(crate) fn state(&self) -> PathBuf {
        self.setup.state()
    }

    /// Waits until it has said `text` as many times.
    pub(crate) fn wait_for_log(&self, text: &str, times: usize) {
        wait_for(&format!("{text:?} in the log"), 15, || {
            (self.log().matches(text).count() >= times).then_some(())
        });
    }

    /// Everything it has said.
    pub(crate) fn log(&self) -> String {
        fs::read(self.setup.log()).map_or_else(
            |_| String::new(),
            |bytes| String::from_utf8_lossy(&bytes).into_owned(),
        )
    }

    /// The HTTP address on `side`.
    pub(crate) fn address(side: Side) -> SocketAddr {
        (side.server, PORT).into()
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().expect("it runs");
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// SIGTERM, and what it ends with.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.ended("it ends after SIGTERM", 5)
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self, what: &str, secs: u32) -> ExitStatus {
        let mut child = self.child.take().expect("it runs");
        let end = Instant::now() + patience(secs);
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            if Instant::now() > end {
                self.child = Some(child);
                panic!("not in time: {what}; the log:\n{}", self.log());
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child
            .as_mut()
            .is_none_or(|child| child.try_wait().unwrap().is_some())
    }

    /// Processor time used so far, user and system, in ticks of 10 ms.
    pub(crate) fn cpu_ticks(&self) -> u64 {
        let stat = fs::read_to_string(format!(
            "/proc/{}/stat",
            self.child.as_ref().expect("it runs").id()
        ))
        .unwrap();
        // The name may hold spaces; what follows its bracket is the third field.
        let after = stat.rsplit(')').next().unwrap();
        after
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|ticks| ticks.parse::<u64>().unwrap())
            .sum()
    }

    /// Leaves the process that runs to itself; the next start makes another.
    pub(crate) fn abandon(&mut self) -> Child {
        self.child.take().expect("it runs")
    }

    /// Open file descriptors.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.pid()))
            .unwrap()
            .count()
    }

    /// Waits until no more than `before` descriptors are open; panics when that takes long.
    pub(crate) fn must_give_back_all_but(&self, before: usize) {
        wait_for("every descriptor is back", 20, || {
            (self.descriptors() <= before).then_some(())
        });
    }

    /// Memory that is not a file's, KiB (`RssAnon`); 0 in an emulator, whose own memory nobody can tell from it.
    pub(crate) fn anonymous_kib(&self) -> u64 {
        if std::env::var_os("RILL_RUNNER").is_some() {
            return 0;
        }
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("RssAnon"));
        let words = line.unwrap().split_whitespace();
        words.rev().nth(1).unwrap().parse().unwrap()
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Whether it still runs and serves its description: asked after every insult.
    pub(crate) fn answers(&self) -> bool {
        let Ok(mut connection) = Connection::try_open(&self.network, NEAR, Self::address(NEAR))
        else {
            return false;
        };
        connection.send(&http::request(
            Self::address(NEAR),
            "GET",
            "/description.xml",
            &[("Connection", "close")],
            b"",
        ));
        connection
            .reply()
            .is_some_and(|reply| reply.status == 200 && reply.text().ends_with("</root>"))
    }

    /// Fails unless it still answers.
    pub(crate) fn must_answer(&self, after: &str) {
        assert!(
            self.answers(),
            "no longer answers after {after}; the log:\n{}",
            self.log()
        );
    }

    /// A connection from the near client.
    pub(crate) fn connect(&self) -> Connection {
        Connection::open(&self.network, NEAR, Self::address(NEAR))
    }

    /// A request from the near client, as bytes.
    pub(crate) fn request_bytes(
        method: &str,
        target: &str,
        fields: &[(&str, &str)],
        body: &[u8],
    ) -> Vec<u8> {
        http::request(Self::address(NEAR), method, target, fields, body)
    }

    /// One request on a connection of its own, not HEAD.
    pub(crate) fn request(
        &self,
        method: &str,
        target: &str,
        fields: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let mut connection = self.connect();
        let mut fields = fields.to_vec();
        fields.push(("Connection", "close"));
        connection.send(&Self::request_bytes(method, target, &fields, body));
        connection.reply().unwrap_or_else(|| {
            panic!(
                "no reply to {method} {target} {fields:?}; the log:\n{}",
                self.log()
            )
        })
    }

    /// GET on a connection of its own.
    pub(crate) fn get(&self, target: &str, fields: &[(&str, &str)]) -> Reply {
        self.request("GET", target, fields, b"")
    }

    /// HEAD on a connection of its own; fails when a body follows.
    pub(crate) fn head(&self, target: &str, fields: &[(&str, &str)]) -> Reply {
        let mut connection = self.connect();
        let mut fields = fields.to_vec();
        fields.push(("Connection", "close"));
        connection.send(&Self::request_bytes("HEAD", target, &fields, b""));
        let reply = connection
            .head()
            .unwrap_or_else(|| panic!("no reply to HEAD {target}"));
        assert_eq!(connection.read_to_end(5), b"", "a body after HEAD");
        reply
    }

    /// Posts a body to `ContentDirectory`'s control URL, as `action`.
    pub(crate) fn post(&self, action: &str, body: &[u8]) -> Reply {
        let action = format!("\"urn:schemas-upnp-org:service:ContentDirectory:1#{action}\"");
        let fields = [
            ("Content-Type", "text/xml; charset=\"utf-8\""),
            ("SOAPACTION", action.as_str()),
        ];
        self.request("POST", "/control/ContentDirectory", &fields, body)
    }

    /// Calls an action of `ContentDirectory`.
    pub(crate) fn call(
        &self,
        action: &str,
        arguments: &[(&str, String)],
    ) -> Result<Element, Fault> {
        let body = soap::envelope("ContentDirectory", action, arguments);
        soap::answer(&self.post(action, body.as_bytes()), action)
    }

    /// Browses.
    pub(crate) fn browse(&self, browse: &Browse<'_>) -> Result<Page, Fault> {
        self.call("Browse", &browse.arguments())
            .map(|answer| Page::from_answer(&answer))
    }

    /// All children of a container.
    pub(crate) fn children(&self, id: &str) -> Page {
        self.browse(&Browse::children(id))
            .unwrap_or_else(|fault| panic!("children of {id}: {fault:?}"))
    }

    /// Every object below the root, containers before what they hold.
    pub(crate) fn walk(&self) -> Vec<Object> {
        let mut found: Vec<Object> = Vec::new();
        let mut next = vec!["0".to_owned()];
        while let Some(id) = next.pop() {
            assert!(found.len() < 100_000, "the tree has no end");
            // A container may go away between the listing that showed it and this one.
            let Ok(page) = self.browse(&Browse::children(&id)) else {
                continue;
            };
            next.extend(
                page.objects
                    .iter()
                    .filter(|object| object.is_container)
                    .map(|object| object.id.clone()),
            );
            found.extend(page.objects);
        }
        found
    }

    /// The one object of this title, anywhere.
    pub(crate) fn find(&self, title: &str) -> Object {
        let mut objects = self.walk();
        objects.retain(|object| object.title == title);
        assert_eq!(
            objects.len(),
            1,
            "objects with the title {title:?}; the log:\n{}",
            self.log()
        );
        objects.remove(0)
    }

    /// Waits until an object of this title is listed.
    pub(crate) fn wait_for_title(&self, title: &str) -> Object {
        wait_for(&format!("{title:?} is listed"), 20, || {
            self.walk().into_iter().find(|object| object.title == title)
        })
    }
}

impl Drop for Rill {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<_> = log.lines().rev().take(30).collect();
            eprintln!("---- the end of the server's log ----");
            tail.iter().rev().for_each(|line| eprintln!("{line}"));
        }
        self.kill();
    }
}
