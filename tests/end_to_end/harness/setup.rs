//! How the program is started: its variables, its arguments, its user.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::getuid;

use super::{Library, Network, Rill};

/// The user the server runs as where a test needs one who may not read everything.
const NOBODY: &str = "65534";

/// How a [`Rill`] is to be started.
pub(crate) struct Setup {
    folder: PathBuf,
    media: OsString,
    variables: Vec<(String, OsString)>,
    arguments: Vec<OsString>,
    through: Vec<OsString>,
    pub(super) items: usize,
    as_nobody: bool,
}

impl Setup {
    /// Serving all of `library`.
    pub(crate) fn new(library: &Library) -> Self {
        Self {
            folder: library.beside(""),
            media: library.root().into(),
            variables: Vec::new(),
            arguments: Vec::new(),
            through: Vec::new(),
            items: library.items(),
            as_nobody: false,
        }
    }

    /// Sets one variable of the server.
    pub(crate) fn set(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// `RILL_MEDIA` as given.
    pub(crate) fn media(mut self, media: impl Into<OsString>) -> Self {
        self.media = media.into();
        self
    }

    /// Adds one argument.
    pub(crate) fn argument(mut self, word: impl Into<OsString>) -> Self {
        self.arguments.push(word.into());
        self
    }

    /// Started by another program, whose last arguments are the command line; it must become the server by exec.
    pub(crate) fn through(mut self, words: &[&str]) -> Self {
        self.through = words.iter().map(Into::into).collect();
        self
    }

    /// How many items must be listed before the start is over; 0: none is waited for.
    pub(crate) fn expecting(mut self, items: usize) -> Self {
        self.items = items;
        self
    }

    /// Runs the server as a user without rights, when we are root.
    pub(crate) fn run_by_nobody(mut self) -> Self {
        self.as_nobody = getuid().is_root();
        self
    }

    /// Makes the network and starts; `None` where namespaces are not allowed.
    pub(crate) fn start(self) -> Option<Rill> {
        let network = Network::fresh()?;
        Some(self.start_on(network))
    }

    /// Starts in a network which is there already.
    pub(crate) fn start_on(self, network: Network) -> Rill {
        let mut rill = self.idle_on(network);
        rill.start();
        rill
    }

    /// Not started yet.
    pub(crate) fn idle_on(self, network: Network) -> Rill {
        fs::create_dir_all(self.state()).unwrap();
        Rill::new(network, self)
    }

    pub(super) fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// The command line, inside the server's namespace.
    pub(super) fn command(&self, network: &Network) -> Command {
        let (runner, binary) = program();
        let mut words: Vec<OsString> = Vec::new();
        if self.as_nobody {
            // The build's folder may be closed to others; a copy beside the library is not.
            let copy = self.folder.join("rill");
            if !copy.exists() {
                fs::copy(&binary, &copy).unwrap();
            }
            chown(&self.state());
            for word in [
                "setpriv",
                "--reuid",
                NOBODY,
                "--regid",
                NOBODY,
                "--clear-groups",
            ] {
                words.push(word.into());
            }
            words.extend(runner);
            words.push(copy.into());
        } else {
            words.extend(runner);
            words.push(binary.into());
        }
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", &network.server()])
            .args(&self.through)
            .args(words)
            .args(&self.arguments);
        clean(&mut command);
        command
            .env("RILL_MEDIA", &self.media)
            .env("RILL_STATE_DIR", self.state())
            .env("RILL_LOG", "debug")
            // One place for each item; tests of the views set it otherwise.
            .env("RILL_VIEWS", "folders")
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// The runner and the program under test.
pub(crate) fn program() -> (Option<OsString>, PathBuf) {
    let release = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/release/rill");
    let binary = match env::var_os("RILL_BIN") {
        Some(path) => fs::canonicalize(&path)
            .unwrap_or_else(|error| panic!("RILL_BIN {}: {error}", path.display())),
        None if release.is_file() => release,
        None => env!("CARGO_BIN_EXE_rill").into(),
    };
    (env::var_os("RILL_RUNNER"), binary)
}

/// Takes away every variable of ours that the caller of the tests may have.
pub(crate) fn clean(command: &mut Command) {
    for (name, _) in env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"RILL_") {
            command.env_remove(name);
        }
    }
}

fn chown(folder: &Path) {
    let user = NOBODY.parse().ok();
    for entry in fs::read_dir(folder).unwrap() {
        std::os::unix::fs::chown(entry.unwrap().path(), user, user).unwrap();
    }
    std::os::unix::fs::chown(folder, user, user).unwrap();
}
