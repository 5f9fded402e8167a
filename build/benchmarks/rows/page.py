"""The page: what those cost who follow how things are."""
import select, socket, statistics, threading, time

from ..network import SERVER
from ..row import row
from ..say import say
from .browse import crowded
from .stream import stream

PAGES_OPEN, TURNS = 20, 5
IDLE, CPU, RATE, STREAM, CPU_SHARE, RATE_SHARE, STREAM_SHARE = ("20 pages follow: " + what for what in (
    "CPU of a second", "Browse page of 30 of all, 1 connection, CPU", "Browse page of 30 of all, 1 connection", "stream",
    "CPU of Browse, of that without", "pages of Browse, of those without", "stream, of that without"))


@row("followed", {IDLE: ("ms", "lower"), CPU: ("µs", "lower"), RATE: ("pages/s", "higher"), STREAM: ("GiB/s", "higher"),
                  CPU_SHARE: ("%", "lower"), RATE_SHARE: ("%", "higher"), STREAM_SHARE: ("%", "higher")})
def followed(run, options):
    """Browse and a stream while so many pages follow how things are, and without them in turn; what they cost while
    nothing else is asked."""
    if run.server.name != "rill":
        return {}
    idle, alone, beside = [], [], []
    for _ in range(TURNS):
        # Both rest as long before: a busy system gives more to who has slept.
        time.sleep(4)
        alone.append(asked(run, options))
        with Followers(run.server.port) as followers:
            time.sleep(1)
            before, start = run.cpu(), time.monotonic()
            time.sleep(3)
            idle.append((run.cpu() - before) / (time.monotonic() - start))
            beside.append(asked(run, options))
        say("%d events were received" % followers.events)
    rate, cpu, sent = (statistics.median(figures) for figures in zip(*beside))
    # Of each turn by itself: what else the machine does changes from one to the next.
    shares = zip(*([100 * with_pages / without for with_pages, without in zip(*turn)] for turn in zip(beside, alone)))
    rate_share, cpu_share, sent_share = (statistics.median(share) for share in shares)
    return {IDLE: statistics.median(idle) * 1e3, CPU: cpu, RATE: rate, STREAM: sent, CPU_SHARE: cpu_share,
            RATE_SHARE: rate_share, STREAM_SHARE: sent_share}


def asked(run, options):
    """Pages per second, µs of CPU for each, GiB/s of a stream."""
    return (*crowded(run, options, 1, run.pages("songs")), stream(run, options)["stream"])


class Followers:
    """Pages that are open, and read what they are told."""

    def __init__(self, port):
        self.port, self.sockets, self.events, self.done = port, [], 0, threading.Event()
        self.thread = threading.Thread(target=self.listen)

    def __enter__(self):
        for _ in range(PAGES_OPEN):
            c = socket.create_connection((SERVER, self.port), 5)
            c.sendall(("GET /live HTTP/1.1\r\nHost: %s:%d\r\n\r\n" % (SERVER, self.port)).encode())
            self.sockets.append(c)
        self.thread.start()
        return self

    def listen(self):
        while not self.done.is_set():
            for c in select.select(self.sockets, [], [], 0.2)[0]:
                self.events += c.recv(1 << 16).count(b"data: {")

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
        for c in self.sockets:
            c.close()
