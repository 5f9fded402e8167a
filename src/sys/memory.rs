//! How much memory this machine has (sysinfo(2)).

/// Bytes of memory in all.
pub fn total() -> u64 {
    let info = rustix::system::sysinfo();
    // Both are 32 bits wide on the boards.
    #[allow(
        clippy::useless_conversion,
        reason = "their width differs from board to board"
    )]
    let (total, unit) = (u64::from(info.totalram), u64::from(info.mem_unit));
    total.saturating_mul(unit.max(1))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_machine_has_memory() {
        assert!(super::total() > 16 << 20);
    }
}
