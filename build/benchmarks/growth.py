"""rill alone, with libraries of several sizes: how each figure grows."""
import json, math, os, re, shutil, tempfile, threading, time

from .client import Connection
from .corpus import Linked
from .network import Network
from .report import FOLDER, shown
from .rows.scan import first_browse
from .say import say
from .servers import Rill, Running

# name -> unit; what one library of rill's costs
GROWTH = {"first scan": "s", "first scan, peak memory": "MiB", "start to first Browse": "ms", "check of an unchanged tree, CPU": "s",
          "idle, anonymous memory": "MiB", "snapshot": "MiB", "Browse page of 30, CPU": "µs", "BrowseMetadata, CPU": "µs",
          "Search by word, CPU": "ms", "Search by word, time": "ms", "Browse beside Search, slowest of 100": "ms"}


def grow(options):
    """The same figures for libraries of each size, and the exponent with which each grows from one size to the next."""
    server = Rill()
    if not server.there():
        return
    net, table = Network(), {}
    folder = tempfile.mkdtemp(prefix="rill-bench-")
    try:
        net.up()
        for size in sorted(options.grow):
            corpus = Linked(os.path.join(folder, str(size)), size)
            say("%d files" % size)
            table[size] = grown(server, net, corpus, options)
            shutil.rmtree(corpus.folder)
    finally:
        net.down()
        shutil.rmtree(folder, ignore_errors=True)
    sizes = list(table)
    print("| figure | unit | %s | exponent |\n|%s" % (" | ".join("{:,} files".format(size) for size in sizes), "---|" * (len(sizes) + 3)))
    for name, unit in GROWTH.items():
        values = [table[size].get(name) for size in sizes]
        cells = ["–" if value is None else shown(value) for value in values]
        steps = ["%.2f" % (math.log(b / a) / math.log(n / m)) for m, n, a, b in zip(sizes, sizes[1:], values, values[1:]) if a and b]
        print("| %s | %s | %s | %s |" % (name, unit, " | ".join(cells), ", ".join(steps) or "–"))
    os.makedirs(FOLDER, exist_ok=True)
    with open(os.path.join(FOLDER, "growth.json"), "w") as f:
        json.dump(table, f, indent=1, ensure_ascii=False)


def grown(server, net, corpus, options):
    out, state = {}, os.path.join(corpus.folder, "state")
    os.makedirs(state)
    with Running(server, net, corpus, state) as run:
        out["first scan"] = wait_for_songs(run, 1800)
        out["first scan, peak memory"] = run.peak()
        settle(run)
    out["snapshot"] = os.path.getsize(os.path.join(state, "catalogue")) / (1 << 20)
    with Running(server, net, corpus, state) as run:
        out["start to first Browse"] = first_browse(run)
        settle(run)
        out["check of an unchanged tree, CPU"] = run.cpu()
        _, out["idle, anonymous memory"] = run.memory()
        out.update(answers(run, options))
    return out


def answers(run, options):
    """What Browse and Search cost."""
    wait_for_songs(run, 60)
    folder = next(i for kind, i, _, _ in run.objects(run.named("songs")) if kind == "container")
    # A word that few titles have: all are looked at, little is sent.
    search, metadata = run.soap.search_request('dc:title contains "number 77"', 30, ""), run.soap.metadata_request(folder)
    out = {}
    with Connection(run.server.port) as c:
        def repeated(act):
            """(CPU, time) of one, seconds."""
            act()
            before, count, start = run.cpu(), 0, time.monotonic()
            while run.cpu() - before < options.seconds / 3 and time.monotonic() - start < 20:
                act()
                count += 1
            return (run.cpu() - before) / count, (time.monotonic() - start) / count
        total = run.soap.browse(c, folder, 0, 1)[2]
        places = iter(range(1 << 30))
        out["Browse page of 30, CPU"] = 1e6 * repeated(lambda: run.soap.browse(c, folder, next(places) * 30 % (total - 30), 30))[0]
        out["BrowseMetadata, CPU"] = 1e6 * repeated(lambda: c.request(metadata))[0]
        cpu, wall = repeated(lambda: c.request(search))
        out["Search by word, CPU"], out["Search by word, time"] = cpu * 1e3, wall * 1e3
        out["Browse beside Search, slowest of 100"] = slowest_beside(run, c, folder, search)
    return out


def slowest_beside(run, c, folder, search):
    """Milliseconds of the slowest of 100 pages while somebody else searches."""
    stop = threading.Event()

    def others():
        with Connection(run.server.port) as other:
            while not stop.is_set():
                other.request(search)
    searching = threading.Thread(target=others)
    searching.start()
    slowest = 0
    for _ in range(100):
        start = time.monotonic()
        run.soap.browse(c, folder, 0, 30)
        slowest = max(slowest, time.monotonic() - start)
        time.sleep(0.01)
    stop.set()
    searching.join()
    return slowest * 1e3


def wait_for_songs(run, seconds):
    """Until they are listed; seconds since the start."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            run.named("songs")
            return time.monotonic() - run.started
        except (OSError, LookupError, ValueError, TypeError, StopIteration):
            time.sleep(0.02)
    raise SystemExit("the songs were not listed in %d s" % seconds)


def settle(run):
    """Until it has nothing to do for a second and its catalogue is on the disk."""
    before = None
    while before != (now := run.cpu()) or not os.path.exists(os.path.join(run.state, "catalogue")):
        before = now
        time.sleep(1)
