//! Keeping the heap small after work that needed much of it.

/// Bytes from which an allocation is mapped by itself, and goes back to the system when it is freed.
#[cfg(target_env = "gnu")]
const MAPPED_FROM: libc::c_int = 128 * 1024;

/// Bytes of free heap that are kept for the next request: less, and each reply would ask for its pages anew.
#[cfg(target_env = "gnu")]
const KEPT: libc::c_int = 1024 * 1024;

/// Makes large allocations go back to the system when they are freed, always: a scan or a picture needs megabytes for
/// a moment, the server lives for years.
///
/// glibc otherwise raises its bound with every large allocation that is freed, and keeps the memory of the next ones.
/// Other C libraries have no such habit, and nothing is done there. To be called before any other thread exists.
pub fn return_large_allocations() {
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt(3) takes plain numbers.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_FROM);
    }
    #[cfg(target_env = "gnu")]
    // SAFETY: as above.
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
    }
}
