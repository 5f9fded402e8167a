"""The page: what those cost who follow how things are."""
import select, socket, threading, time

from ..network import SERVER
from ..row import row
from ..say import say
from .browse import crowded
from .stream import stream

PAGES_OPEN = 20
IDLE, BROWSE, STREAM = ("20 pages follow: " + what for what in ("CPU of a second", "Browse page of 30 of all, 1 connection, CPU", "stream"))


@row("followed", {IDLE: ("ms", "lower"), BROWSE: ("µs", "lower"), STREAM: ("GiB/s", "higher")})
def followed(run, options):
    """Browse and a stream while so many pages follow how things are; what they cost while nothing else is asked."""
    if run.server.name != "rill":
        return {}
    port, followers, events = run.server.port, [], [0]
    for _ in range(PAGES_OPEN):
        c = socket.create_connection((SERVER, port), 5)
        c.sendall(("GET /live HTTP/1.1\r\nHost: %s:%d\r\n\r\n" % (SERVER, port)).encode())
        followers.append(c)
    done = threading.Event()

    def listen():
        while not done.is_set():
            for c in select.select(followers, [], [], 0.2)[0]:
                events[0] += c.recv(1 << 16).count(b"\ndata: ")
    listening = threading.Thread(target=listen)
    listening.start()
    try:
        time.sleep(2)
        before, start = run.cpu(), time.monotonic()
        time.sleep(5)
        idle = (run.cpu() - before) / (time.monotonic() - start)
        _, cpu = crowded(run, options, 1, run.pages("songs"))
        rate = stream(run, options)["stream"]
    finally:
        done.set()
        listening.join()
        for c in followers:
            c.close()
    say("%d events were received" % events[0])
    return {IDLE: idle * 1e3, BROWSE: cpu, STREAM: rate}
