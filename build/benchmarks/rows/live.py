"""Live changes: how long until a new file is listed, and told of."""
import os, re, socket, statistics, time

from ..client import Connection
from ..corpus import song
from ..network import CLIENT, SERVER
from ..row import row

NEW_FILES = 7


@row("live", {"new file closed to listed": ("ms", "lower"), "new file closed to event": ("ms", "lower")})
def live(run, options):
    """How long after it is closed a new file is listed, and told of by an event; medians of a few, one at a time."""
    ident, total = run.find("songs")
    listed, told = [], []
    with Listener(run) as listener, Connection(run.server.port) as c:
        for number in range(NEW_FILES):
            path = os.path.join(run.corpus.root, "songs", "zz new %s %d.mp3" % (run.server.name, number))
            song(path, "New song %d" % number, "Nobody", "Nothing")
            run.corpus.made.append(path)
            closed = time.monotonic()
            while run.soap.browse(c, ident, 0, 1)[2] < total + number + 1:
                if time.monotonic() - closed > 30:
                    raise OSError("%s did not list a new file in 30 s" % run.server.name)
                time.sleep(0.001)
            listed.append((time.monotonic() - closed) * 1e3)
            event = listener.event(closed + 2)
            if event:
                told.append((event - closed) * 1e3)
            time.sleep(1.2)                       # events are moderated: the next one shall not wait for this
    out = {"new file closed to listed": statistics.median(listed)}
    if len(told) == len(listed):
        out["new file closed to event"] = statistics.median(told)
    return out


class Listener:
    """A subscriber to the ContentDirectory's events."""

    def __init__(self, run):
        self.run = run

    def __enter__(self):
        self.socket = socket.create_server((CLIENT, 0))
        self.subscribed = False
        if self.run.server.event:
            with socket.create_connection((SERVER, self.run.server.port), 5) as c:
                c.sendall(("SUBSCRIBE %s HTTP/1.1\r\nHost: %s:%d\r\nCALLBACK: <http://%s:%d/>\r\nNT: upnp:event\r\nTIMEOUT: Second-300\r\n\r\n"
                           % (self.run.server.event, SERVER, self.run.server.port, CLIENT, self.socket.getsockname()[1])).encode())
                self.subscribed = b" 200 " in c.recv(4096).split(b"\r\n")[0]
            self.event(time.monotonic() + 2)      # the first one tells of the state there is
        return self

    def __exit__(self, *_):
        self.socket.close()

    def event(self, until):
        """When the next event came; None: not until then."""
        left = until - time.monotonic()
        if not self.subscribed or left <= 0:
            return None
        self.socket.settimeout(left)
        try:
            peer, _ = self.socket.accept()
        except OSError:
            return None
        came = time.monotonic()
        with peer:
            peer.settimeout(0.3)
            data = b""
            while True:
                head, end, body = data.partition(b"\r\n\r\n")
                length = re.search(rb"(?i)\r\ncontent-length:\s*(\d+)", head + b"\r\n")
                if end and length and len(body) >= int(length[1]):
                    break
                try:
                    got = peer.recv(65536)
                except OSError:                   # no length was stated
                    break
                if not got:
                    break
                data += got
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        return came
