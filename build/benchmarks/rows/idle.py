"""Doing nothing."""
import time

from ..row import row


@row("idle", {"idle, wake-ups": ("1/min", "lower"), "idle, read": ("KiB/min", "lower"), "idle, CPU": ("ms/min", "lower")}, nginx=True, once=True)
def idle(run, options):
    """One minute (with --quick a fifth of it), some seconds after the last request."""
    time.sleep(6)
    seconds = 60 if options.seconds > 1 else 12
    before, read, cpu = run.wakeups(), run.bytes_read(), run.cpu()
    time.sleep(seconds)
    per_minute = 60 / seconds
    return {"idle, wake-ups": (run.wakeups() - before) * per_minute, "idle, read": (run.bytes_read() - read) / 1024 * per_minute,
            "idle, CPU": (run.cpu() - cpu) * 1e3 * per_minute}
