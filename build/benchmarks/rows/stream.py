"""Media: one stream, many ranges, and Browse beside streams."""
import os, time

from ..client import Connection, Crowd, Streams, fetch
from ..row import row
from ..servers import get


@row("stream", {"stream": ("GiB/s", "higher"), "stream, CPU per GiB": ("s", "lower")}, nginx=True)
def stream(run, options):
    target = run.stream_target()
    fetch(target, 64 << 20)                       # the connection path and the first pages, outside the measurement
    before, start = run.cpu(), time.monotonic()
    count = fetch(target)
    wall = time.monotonic() - start
    if count != options.stream_bytes:
        raise OSError("%s sent %d of %d bytes" % (run.server.name, count, options.stream_bytes))
    run.quiet()
    gib = count / (1 << 30)
    return {"stream": gib / wall, "stream, CPU per GiB": (run.cpu() - before) / gib}


@row("ranges", {"1 MiB ranges, 64 connections": ("1/s", "higher"), "1 MiB ranges, 64 connections, CPU": ("µs", "lower")}, nginx=True)
def ranges(run, options):
    port, path = run.stream_target()
    places = options.stream_bytes // (1 << 20)

    def make(number):
        start = number * 7919 % places << 20      # a prime: scattered, each once before any comes again
        return get(port, path, "Range: bytes=%d-%d\r\n" % (start, start + (1 << 20) - 1))
    with Crowd(port, 64, make) as crowd:
        crowd.run(0.3)
        before, start = run.cpu(), time.monotonic()
        done = crowd.run(options.seconds)
        wall = time.monotonic() - start
        cpu = run.cpu() - before
    return {"1 MiB ranges, 64 connections": done / wall, "1 MiB ranges, 64 connections, CPU": cpu * 1e6 / done}


BESIDE = 32


@row("streams", {"32 streams": ("GiB/s", "higher"), "32 streams, CPU per GiB": ("s", "lower")}, nginx=True)
def streams(run, options):
    """The same streams as beside Browse, and nobody browses: whoever answers few pages has the processor for streams."""
    streams = Streams(run.stream_target(), BESIDE)
    before, start = run.cpu(), time.monotonic()
    time.sleep(options.seconds)
    cpu, wall = run.cpu() - before, time.monotonic() - start
    rate = streams.end()
    if not isinstance(rate, float):
        raise OSError("a stream ended: %s" % rate)
    return {"32 streams": rate / (1 << 30), "32 streams, CPU per GiB": cpu / wall / (rate / (1 << 30))}


@row("beside", {"Browse p50 beside 32 streams": ("ms", "lower"), "Browse p99 beside 32 streams": ("ms", "lower"),
                "32 streams beside Browse": ("GiB/s", "higher")}, nginx=True)
def beside(run, options):
    """A page of 30 every 5 ms. The streams are drained by another process, which stands back behind this one: what
    waits here is the server."""
    make, took = run.pages("songs"), []
    streams = Streams(run.stream_target(), BESIDE)
    os.setpriority(os.PRIO_PROCESS, streams.process.pid, 5)
    with Connection(run.server.port) as c:
        c.request(make(0))
        end = time.monotonic() + 2 * options.seconds
        while time.monotonic() < end:
            start = time.monotonic()
            c.request(make(len(took)))
            took.append((time.monotonic() - start) * 1e3)
            time.sleep(0.005)
    rate = streams.end()
    if not isinstance(rate, float):
        raise OSError("a stream ended: %s" % rate)
    took.sort()
    return {"Browse p50 beside 32 streams": took[len(took) // 2], "Browse p99 beside 32 streams": took[len(took) * 99 // 100],
            "32 streams beside Browse": rate / (1 << 30)}
