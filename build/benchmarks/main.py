"""The order of things: options, servers, runs."""
import argparse, os, resource, shutil, sys, tempfile, time

from . import growth
from .corpus import Corpus
from .network import Network
from .report import report
from .row import ROWS
from .rows import scan, browse, search, stream, crowd, disk, idle, live  # they declare the rows, in the order of the table
from .say import say
from .servers import Bare, Gerbera, Minidlna, Nginx, Rill, Running

SERVERS = [Rill, Minidlna, Gerbera, Nginx, Bare]


def main(doc):
    options = arguments(doc)
    if os.geteuid() != 0:
        sys.exit("network namespaces need root: run build/bench as root")
    # Thousands of connections, on both sides.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if options.grow:
        return growth.grow(options)
    servers = [s for s in (make() for make in SERVERS) if s.name in options.servers and s.there()]
    if not servers:
        sys.exit("nothing to measure: build with `cargo build --release`, or install minidlna")
    folder = tempfile.mkdtemp(prefix="rill-bench-")
    net, figures = Network(), {}
    try:
        net.up()
        corpus = Corpus(folder, options)
        for number in range(options.runs):
            rows = [ROWS[name] for name in options.rows if number == 0 or not ROWS[name].once]
            for server in servers:
                say("run %d of %d: %s" % (number + 1, options.runs, server.name))
                for name, value in measure(server, net, corpus, rows, options).items():
                    figures.setdefault(name, {}).setdefault(server.name, []).append(value)
                table = report(figures, [s.name for s in servers], options)
    finally:
        net.down()
        shutil.rmtree(folder, ignore_errors=True)
    print(table, end="")


def arguments(doc):
    parser = argparse.ArgumentParser(description=doc.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="500 files, 256 MiB, one run: to see that it works")
    parser.add_argument("--only", default=",".join(ROWS), help="rows, comma-separated: " + ", ".join(ROWS))
    parser.add_argument("--files", type=int, help="files in the largest folder (5,000; with --quick 500)")
    parser.add_argument("--runs", type=int, help="runs per server (5; with --quick 1)")
    parser.add_argument("--servers", default="rill,minidlna,gerbera,nginx,bare")
    parser.add_argument("--grow", metavar="N,N", help="sizes of the library, such as 1000,10000,100000")
    options = parser.parse_args()
    options.grow = [int(size) for size in options.grow.split(",")] if options.grow else []
    options.rows = [row.strip() for row in options.only.split(",")]
    options.servers = options.servers.split(",")
    unknown = set(options.rows) - set(ROWS)
    if unknown:
        parser.error("no such row: %s; there are %s" % (", ".join(unknown), ", ".join(ROWS)))
    options.runs = options.runs or (1 if options.quick else 5)
    options.files = options.files or (500 if options.quick else 5000)
    options.stream_bytes = (256 << 20) if options.quick else (2 << 30)
    options.seconds = 1.0 if options.quick else 3.0
    return options


def measure(server, net, corpus, rows, options):
    """Every wanted row of one server, once."""
    if server.name == "bare":
        return scan.bare(corpus) if any(row.name == "scan" for row in rows) else {}
    if server.name == "nginx":
        rows = [row for row in rows if row.nginx]
    of = {when: [row for row in rows if row.when == when] for when in ("scan", "start", "serving")}
    if not rows:
        return {}
    out, state = {}, tempfile.mkdtemp(prefix="state-", dir=corpus.folder)
    try:
        with Running(server, net, corpus, state) as run:
            run.wait_for_scan()
            take(of["scan"], run, options, out)
            # What it found shall be on its disk before it is started again.
            time.sleep(server.settle if of["start"] or of["serving"] else 0)
        begin = lambda library=corpus, folder=state: Running(server, net, library, folder)
        take(of["start"], begin, options, out)
        if of["serving"]:
            with Running(server, net, corpus, state) as run:
                run.wait_for_scan()
                time.sleep(1)
                take(of["serving"], run, options, out)
        return out
    finally:
        shutil.rmtree(state, ignore_errors=True)
        corpus.clean()


def take(rows, run, options, out):
    """What one server cannot do is said, and left out of the table."""
    for row in rows:
        try:
            out.update(row.measure(run, options))
        except (OSError, LookupError, ValueError) as error:
            say("%s: left out: %s: %s" % (row.name, type(error).__name__, error))
