//! What this process uses of what it may, as proc(5) tells. Never waits for a disk; to be asked off the loop all the same,
//! for counting descriptors takes its time.

use std::fs;

use rustix::{
    process::{Resource, getrlimit},
    system::sysinfo,
};

/// Bytes in memory: all, and those of its own; 0: not known.
pub fn memory() -> (u64, u64) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    (kib(&status, "VmRSS:"), kib(&status, "RssAnon:"))
}

/// Bytes it may have: the least that its control group and those above it allow (cgroups v2), else what the machine has.
pub fn memory_limit() -> u64 {
    let info = sysinfo();
    // Wider than the fields of any machine.
    #[allow(
        clippy::useless_conversion,
        reason = "they are 32 bits wide on 32-bit machines"
    )]
    let machine = u64::from(info.totalram).saturating_mul(info.mem_unit.into());
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let group = groups.lines().find_map(|line| line.strip_prefix("0::"));
    let folder = format!("/sys/fs/cgroup{}", group.unwrap_or("/"));
    let above = std::path::Path::new(&folder).ancestors();
    let limits = above.filter_map(|folder| fs::read_to_string(folder.join("memory.max")).ok());
    let limits = limits.filter_map(|text| text.trim().parse().ok());
    limits.chain([machine]).min().unwrap_or(machine)
}

/// Descriptors open now, and how many may be; 0: not known.
pub fn descriptors() -> (u64, u64) {
    // The one that lists them is not counted.
    let open = fs::read_dir("/proc/self/fd").map_or(0, |all| all.count().saturating_sub(1));
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(0);
    (open as u64, limit)
}

/// Directories that one user may watch; 0: not known.
pub fn watch_limit() -> u64 {
    let text = fs::read_to_string("/proc/sys/fs/inotify/max_user_watches");
    text.ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0)
}

/// The number behind `name`, KiB, as bytes.
fn kib(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    number.unwrap_or(0).saturating_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_their_names() {
        let status = "Name:\trill\nVmRSS:\t    3400 kB\nRssAnon:\t     612 kB\n";
        assert_eq!(kib(status, "VmRSS:"), 3400 * 1024);
        assert_eq!(kib(status, "RssAnon:"), 612 * 1024);
        assert_eq!(kib(status, "VmSwap:"), 0);
        assert_eq!(kib("VmRSS: many kB", "VmRSS:"), 0);
    }

    #[test]
    fn this_process_uses_something() {
        let (resident, anonymous) = memory();
        assert!(resident > 0 && anonymous > 0 && anonymous <= resident);
        assert!(memory_limit() >= resident);
        let (open, limit) = descriptors();
        assert!(open >= 3 && open < limit);
    }
}
