//! Thread priority: nice values (`setpriority(2)`) and I/O classes (`ioprio_set(2)`); and what a thread took of the CPU.

use std::time::Duration;

/// `IOPRIO_WHO_PROCESS`: one thread, by its id; id 0 is the caller.
const WHO_THREAD: libc::c_int = 1;
/// `IOPRIO_CLASS_IDLE << IOPRIO_CLASS_SHIFT`: disk time only when nobody else wants any.
const IDLE: libc::c_int = 3 << 13;

/// Behind those who send, and still a quarter of a busy CPU: the lowest nice value gets a seventieth beside one other
/// thread, and a pass of a moment takes minutes.
const BEHIND: i32 = 5;

/// Puts the calling thread behind those of the usual priority, for work that somebody waits for; one that is further behind,
/// as its operator wanted it, stays there. Best effort.
pub fn behind() {
    // On Linux a "process" of setpriority(2) is a thread, and 0 the calling one.
    let is_before = rustix::process::getpriority_process(None).is_ok_and(|nice| nice < BEHIND);
    if is_before {
        let _ = rustix::process::setpriority_process(None, BEHIND);
    }
}

/// Does `work` on a thread of the lowest priority and waits for it: a thread that may not raise its priority again stays
/// as it is. Where there is no thread left, `work` is done on this one.
pub fn at_lowest<T: Send>(work: impl Fn() -> T + Sync) -> T {
    let work = &work;
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("scanner".to_owned());
        let begun = thread.spawn_scoped(scope, move || {
            lowest();
            work()
        });
        match begun.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(_) => work(),
        }
    })
}

/// What the calling thread has had of the CPU.
pub fn cpu_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: clock_gettime(2) writes one timespec, and this is one.
    let done = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    let (Ok(secs), Ok(nanos)) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec)) else {
        return Duration::ZERO;
    };
    if done == 0 {
        Duration::new(secs, nanos)
    } else {
        Duration::ZERO
    }
}

/// Gives the calling thread the lowest CPU and I/O priority.
///
/// Best effort: where the system refuses, the thread works on as it was, which is slower for the others but right.
pub fn lowest() {
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

    #[test]
    fn one_that_is_behind_has_lowest_work_done_and_stays_where_it_was() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let inside = std::thread::spawn(move || {
            let before = nice();
            behind();
            (before, at_lowest(nice), nice())
        });
        let (before, lowest, after) = inside.join().unwrap();
        assert_eq!((lowest, after), (19, before.max(BEHIND)));
    }
}
