"""A disk that does not answer for ten seconds, and everybody else meanwhile."""
import os, socket, threading, time

from ..client import Connection, begin
from ..corpus import songs, wav
from ..fuse import Stalling
from ..network import SERVER
from ..row import row
from ..servers import get

STALL, FILE = 10.0, 64 << 20


class Disks:
    """A library half of which is on such a disk."""

    def __init__(self, folder):
        self.folder, self.root, self.files = folder, os.path.join(folder, "media"), {"songs": 300}
        self.fixed = os.path.join(folder, "fixed")
        songs(os.path.join(self.root, "songs"), 300)
        wav(os.path.join(self.root, "stream.wav"), FILE)
        self.slow = os.path.join(self.root, "slow")
        os.makedirs(self.slow)
        os.makedirs(self.fixed)
        with open(os.path.join(self.fixed, "page"), "wb") as f:
            f.write(b"x" * 20_000)


@row("stalled", {"Browse p99 beside a stalled disk": ("ms", "lower"), "M-SEARCH p99 beside a stalled disk": ("ms", "lower"),
                 "a stream beside a stalled disk, longest wait": ("ms", "lower")}, when="start", nginx=True, once=True)
def stalled(begin_run, options):
    run = begin_run()
    folder = os.path.join(run.corpus.folder, "disks-" + run.server.name)
    disks, state = Disks(folder), os.path.join(folder, "state")
    os.makedirs(state)
    with Stalling(disks.slow, os.path.join(disks.root, "stream.wav"), STALL) as disk:
        with begin_run(disks, state) as run:
            run.wait_for_scan()
            port, path = slow_target(run)
            disk.stall()
            waiting = threading.Thread(target=ask_for_middle, args=(port, path), daemon=True)
            waiting.start()
            time.sleep(0.3)
            out = meanwhile(run)
            disk.go_on()
            waiting.join(15)
            return out


def slow_target(run):
    """Where the file on the slow disk is; it is listed some time after the rest."""
    if run.server.control is None:
        return run.server.port, "/slow/slow.wav"
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            rest = next(r for _, _, title, r in run.objects(run.named("slow")) if title.startswith("slow"))
            return run.server.port, "/" + rest.split("<res", 1)[1].split(">", 1)[1].split("</res>")[0].split("/", 3)[3]
        except (StopIteration, TypeError):
            time.sleep(0.1)
    raise OSError("the slow disk was not listed")


def ask_for_middle(port, path):
    try:
        s, _, _ = begin(port, path, "Range: bytes=%d-\r\n" % (FILE // 2))
        s.recv(1 << 20)
        s.close()
    except (OSError, ValueError):
        pass


def meanwhile(run):
    """Others for half of the time that the disk takes."""
    port, path = run.stream_target() if run.server.control else (run.server.port, "/stream.wav")
    make, browse, search, stream = run.pages("songs"), [], [], []
    end = time.monotonic() + STALL / 2
    text = "M-SEARCH * HTTP/1.1\r\nHOST: %s:1900\r\nMAN: \"ssdp:discover\"\r\nST: upnp:rootdevice\r\n\r\n" % SERVER
    with Connection(port) as c, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(0.5)
        s.connect((SERVER, 1900))
        while time.monotonic() < end:
            browse.append(timed(lambda: c.request(make(len(browse)))))
            stream.append(timed(lambda: c.request(get(port, path, "Range: bytes=%d-%d\r\n" % (len(stream) << 16, (len(stream) + 1 << 16) - 1)))))
            if run.server.name == "rill":
                search.append(timed(lambda: (s.send(text.encode()), s.recv(2048))))
            time.sleep(0.02)
    of = lambda values: sorted(values)[len(values) * 99 // 100]
    out = {"Browse p99 beside a stalled disk": of(browse), "a stream beside a stalled disk, longest wait": max(stream)}
    if search:
        out["M-SEARCH p99 beside a stalled disk"] = of(search)
    return out


def timed(act):
    """Milliseconds."""
    start = time.monotonic()
    act()
    return (time.monotonic() - start) * 1e3
