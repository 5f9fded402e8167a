//! The front door: arguments, environment, log; then one call. Nothing else reads the process's environment.

use std::{
    env, ffi::OsString, fmt::Display, io, io::IsTerminal as _, io::Write as _, process::ExitCode,
    time::SystemTime,
};

use rill::{
    cli::{self, Command},
    config::{self, Config, Surroundings},
    confinement,
    control_point::{Outcome, discover, doctor, ls},
    identity, scan_report,
    sys::lock,
};

fn main() -> ExitCode {
    let (folders, run): (_, fn(&Config) -> ExitCode) = match cli::parse(env::args_os().skip(1)) {
        Ok(Command::Serve(folders)) => (folders, serve),
        Ok(Command::Scan(folders)) => (folders, scan),
        Ok(Command::ScanJson(folders)) => (folders, scan_to_json),
        Ok(Command::CheckConfig(folders)) => (folders, |config| print(&config.to_string())),
        Ok(Command::Discover(options)) => {
            return ask_network(|config| discover::run(&options, config, &mut io::stdout()));
        }
        Ok(Command::Ls(options)) => {
            return ask_network(|config| ls::run(&options, config, &mut io::stdout()));
        }
        Ok(Command::Doctor(options, folders)) => return examine(options, &folders),
        Ok(Command::Version) => return print(&cli::printed::version()),
        Ok(Command::Help) => return print(&cli::printed::help()),
        Err(error) => return refuse(&error),
    };
    let config = match configuration(&folders) {
        Ok(config) => config,
        Err(error) => return refuse(&error),
    };
    cli::open_log(config.log, env::var_os("JOURNAL_STREAM").is_some());
    let unknown = config::unknown_variables(env::vars_os().map(|(name, _)| name));
    for warning in config.warnings.iter().chain(&unknown) {
        log::warn!("{warning}");
    }
    run(&config)
}

/// Serves until a signal.
fn serve(config: &Config) -> ExitCode {
    // Where nothing can be kept there is nothing to protect; what follows says so.
    let lock = lock::lock(&config.state_dir);
    if let Ok(None) = lock {
        return refuse(&format_args!(
            "another rill is running on the state directory {}.\n\
             Stop it, or give this one a folder of its own with RILL_STATE_DIR.",
            config.state_dir.display()
        ));
    }
    let since_1970 = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let identity = identity::open(
        &config.state_dir,
        config.uuid,
        &identity::MACHINE_IDS,
        since_1970.as_secs(),
    );
    for warning in &identity.warnings {
        log::warn!("{warning}");
    }
    confinement::confine(config);
    match rill::net::run(config.clone(), &identity) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error),
    }
}

/// Looks through the folders once, keeps what was found, and reports it.
fn scan(config: &Config) -> ExitCode {
    let terminal = io::stderr().is_terminal().then(io::stderr);
    match scan_report::in_words(config, terminal) {
        Ok(report) => print(&report),
        Err(error) => refuse(&error),
    }
}

/// Looks through the folders and prints what is known of each file.
fn scan_to_json(config: &Config) -> ExitCode {
    let done = scan_report::as_json(config, io::stdout());
    done.map_or_else(|error| refuse(&error), |()| ExitCode::SUCCESS)
}

/// Runs a command that needs nothing of the configuration but the interfaces. What the network does not give is no wrong
/// use: exit status 1.
fn ask_network(run: impl FnOnce(&config::Links) -> Result<Outcome, String>) -> ExitCode {
    let (links, level) = match surrounded(&[], Config::of_network) {
        Ok(settings) => settings,
        Err(error) => return refuse(&error),
    };
    cli::open_log(level.min(log::LevelFilter::Warn), true);
    match run(&links) {
        Ok(outcome) => exit_code(outcome),
        Err(error) => {
            let _ = writeln!(io::stderr(), "rill: {error}");
            exit_code(Outcome::Missing)
        }
    }
}

/// Looks for what keeps televisions away; a wrong configuration is one of the findings.
fn examine(options: doctor::Options, folders: &[OsString]) -> ExitCode {
    let config = configuration(folders).map_err(|error| error.to_string());
    cli::open_log(log::LevelFilter::Error, true);
    let since_1970 = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let outcome = doctor::run(&options, config, since_1970.as_secs(), &mut io::stdout());
    exit_code(outcome)
}

fn exit_code(outcome: Outcome) -> ExitCode {
    match outcome {
        Outcome::Found => ExitCode::SUCCESS,
        Outcome::Missing => ExitCode::FAILURE,
    }
}

fn configuration(folders: &[OsString]) -> Result<Config, config::Error> {
    surrounded(folders, Config::from)
}

/// Reads something out of the process's own surroundings.
fn surrounded<T>(folders: &[OsString], read: impl FnOnce(&Surroundings<'_>) -> T) -> T {
    read(&Surroundings {
        variable: &|name| env::var_os(name),
        folders,
        directory: &env::current_dir().unwrap_or_else(|_| "/".into()),
        hostname: &rustix::system::uname().nodename().to_string_lossy(),
    })
}

/// Prints to standard output; a reader that has gone (`rill --help | head -1`) is no failure.
fn print(text: &str) -> ExitCode {
    let _ = io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

/// Says on standard error what the operator has to change.
fn refuse(error: &dyn Display) -> ExitCode {
    let _ = writeln!(io::stderr(), "rill: {error}");
    ExitCode::from(2)
}
