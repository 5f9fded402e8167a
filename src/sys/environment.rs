//! What this process may use: threads of the blocking pool, descriptors.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Caps the threads of the blocking pool. To be called before any other thread exists.
pub fn cap_helpers(threads: usize) {
    // SAFETY: `net::run`, the only caller, is called while the process has one thread, or a second one that
    // waits for a disk (`confinement`), so nobody reads the environment meanwhile.
    unsafe { std::env::set_var("BLOCKING_MAX_THREADS", threads.to_string()) };
}

/// Raises the limit of open descriptors as far as this process may, and says how many connections that allows:
/// at most `wanted`, each with a socket and a file, besides `reserved` descriptors for all else.
pub fn descriptors_for(wanted: usize, reserved: usize) -> usize {
    let needed = (wanted * 2 + reserved) as u64;
    let limit = getrlimit(Resource::Nofile);
    let hard = limit.maximum.unwrap_or(u64::MAX);
    let current = limit.current.unwrap_or(u64::MAX);
    let aim = needed.min(hard);
    if current < aim {
        let raised = setrlimit(
            Resource::Nofile,
            Rlimit {
                current: Some(aim),
                maximum: limit.maximum,
            },
        );
        if raised.is_err() {
            return connections(current, reserved, wanted);
        }
    }
    connections(current.max(aim), reserved, wanted)
}

fn connections(descriptors: u64, reserved: usize, wanted: usize) -> usize {
    let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
    (descriptors.saturating_sub(reserved) / 2).clamp(1, wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_the_reserve_alone() {
        assert_eq!(connections(1024, 64, 2048), 480);
        assert_eq!(connections(1_000_000, 64, 2048), 2048);
        assert_eq!(connections(10, 64, 2048), 1);
    }
}
