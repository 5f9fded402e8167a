//! Thread priority: nice values (`setpriority(2)`) and I/O classes (`ioprio_set(2)`).

/// `IOPRIO_WHO_PROCESS`: one thread, by its id; id 0 is the caller.
const WHO_THREAD: libc::c_int = 1;
/// `IOPRIO_CLASS_IDLE << IOPRIO_CLASS_SHIFT`: disk time only when nobody else wants any.
const IDLE: libc::c_int = 3 << 13;

/// Gives the calling thread the lowest CPU and I/O priority.
///
/// Best effort: where the system refuses, the thread works on as it was, which is slower for the others but right.
pub fn lowest() {
    // On Linux a "process" of setpriority(2) is a thread, and 0 the calling one.
    let _ = rustix::process::setpriority_process(None, 19);
    // SAFETY: ioprio_set(2) takes three integers and touches no memory of ours.
    let _ = unsafe { libc::syscall(libc::SYS_ioprio_set, WHO_THREAD, 0, IDLE) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_calling_thread_becomes_slow() {
        let before = rustix::process::getpriority_process(None).unwrap();
        let inside = std::thread::spawn(|| {
            lowest();
            rustix::process::getpriority_process(None).unwrap()
        });
        assert_eq!(inside.join().unwrap(), 19);
        assert_eq!(rustix::process::getpriority_process(None).unwrap(), before);
    }
}
