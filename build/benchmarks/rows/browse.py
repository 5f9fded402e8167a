"""Browse. Each page is another one of its folder, so that nobody answers from memory of the last answer."""
import time

from ..client import Connection, Crowd
from ..row import row
from ..say import say


def crowded(run, options, count, make, seconds=None):
    """(replies per second, µs of the server's CPU for each) over `count` connections."""
    with Crowd(run.server.port, count, make) as crowd:
        crowd.run(0.3)
        run.quiet()
        before, start = run.cpu(), time.monotonic()
        done = crowd.run(seconds or options.seconds)
        wall = time.monotonic() - start
    run.quiet()
    if not done:
        raise OSError("no replies")
    return done / wall, (run.cpu() - before) * 1e6 / done


# figure -> folder, connections
PAGES = {"Browse page of 30 of all, 1 connection, CPU": ("songs", 1), "Browse page of 30 of all, 16 connections, CPU": ("songs", 16),
         "Browse page of 30 of 300, 1 connection, CPU": ("few", 1), "Browse page of 30 of 300, 16 connections, CPU": ("few", 16)}
RATE = "Browse page of 30 of all, 16 connections"


@row("browse30", {figure: ("µs", "lower") for figure in PAGES} | {RATE: ("pages/s", "higher")}, nginx=True)
def browse30(run, options):
    out = {}
    for figure, (folder, count) in PAGES.items():
        rate, out[figure] = crowded(run, options, count, run.pages(folder))
        if figure.startswith(RATE):
            out[RATE] = rate
    return out


@row("metadata", {"BrowseMetadata, 1 connection, CPU": ("µs", "lower"), "BrowseMetadata, 16 connections, CPU": ("µs", "lower")}, nginx=True)
def metadata(run, options):
    make = run.metadata()
    return {"BrowseMetadata, 1 connection, CPU": crowded(run, options, 1, make)[1],
            "BrowseMetadata, 16 connections, CPU": crowded(run, options, 16, make)[1]}


@row("whole", {"Browse of all in one reply, CPU per item": ("µs", "lower"), "Browse of all in one reply, memory it takes": ("MiB", "lower")})
def whole(run, options):
    ident, total = run.find("songs")
    with Connection(run.server.port) as c:
        run.soap.browse(c, ident, 0, 30)
        run.forget_peak()
        held = run.peak()
        returned = run.soap.browse(c, ident, 0, 0)[1]
        peak = run.peak() - held
        if returned < total:
            say("%s returned %d of %d" % (run.server.name, returned, total))
        run.quiet()
        before, items = run.cpu(), 0
        while run.cpu() - before < options.seconds / 3:
            items += run.soap.browse(c, ident, 0, 0)[1]
    run.quiet()
    return {"Browse of all in one reply, CPU per item": (run.cpu() - before) * 1e6 / items, "Browse of all in one reply, memory it takes": peak}


@row("browse1000", {"Browse 1,000 of all, CPU per item": ("µs", "lower")})
def browse1000(run, options):
    ident, total = run.find("songs")
    count, items = min(1000, total), 0
    with Connection(run.server.port) as c:
        run.soap.browse(c, ident, 0, count)
        run.quiet()
        before, start = run.cpu(), time.monotonic()
        while time.monotonic() - start < options.seconds:
            items += run.soap.browse(c, ident, items % max(1, total - count + 1), count)[1]
    run.quiet()
    return {"Browse 1,000 of all, CPU per item": (run.cpu() - before) * 1e6 / items}


@row("deep", {"all pages of 30, one after the other, CPU per page": ("µs", "lower")})
def deep(run, options):
    ident, total = run.find("songs")
    with Connection(run.server.port) as c:
        run.soap.browse(c, ident, 0, 30)
        run.quiet()
        before, pages = run.cpu(), 0
        while run.cpu() - before < 0.3 or pages == 0:     # whole passes, until the clock's ticks say something
            for start in range(0, total, 30):
                run.soap.browse(c, ident, start, 30)
                pages += 1
    run.quiet()
    return {"all pages of 30, one after the other, CPU per page": (run.cpu() - before) * 1e6 / pages}


CONNECTIONS = (1, 16, 64, 256, 1000)


@row("connections", {"Browse page of 30, %s connections at once, CPU" % "{:,}".format(count): ("µs", "lower") for count in CONNECTIONS}, nginx=True)
def connections(run, options):
    make, out = run.pages("songs"), {}
    for count in CONNECTIONS:
        try:
            out["Browse page of 30, %s connections at once, CPU" % "{:,}".format(count)] = crowded(run, options, count, make)[1]
        except (OSError, ValueError) as error:
            say("%d connections: %s" % (count, error))
            break
    return out
