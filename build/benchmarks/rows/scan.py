"""Looking through a library for the first time, and starting with what was found."""
import os, socket, time

from ..client import Connection
from ..network import CLIENT, SERVER
from ..row import row


@row("scan", {"first scan": ("s", "lower"), "first scan, CPU per file": ("µs", "lower"), "first scan, read per file": ("KiB", "lower"),
              "first scan, peak memory": ("MiB", "lower")}, when="scan")
def scan(run, options):
    files = run.corpus.total()
    return {"first scan": time.monotonic() - run.started, "first scan, CPU per file": run.cpu() * 1e6 / files,
            "first scan, read per file": run.bytes_read() / 1024 / files, "first scan, peak memory": run.peak()}


def bare(corpus):
    """What merely opening each file and reading its first 64 KiB takes."""
    start, before, count, size = time.monotonic(), os.times(), 0, 0
    for folder, _, names in os.walk(corpus.root):
        for name in names:
            descriptor = os.open(os.path.join(folder, name), os.O_RDONLY)
            size += len(os.read(descriptor, 64 << 10))
            os.close(descriptor)
            count += 1
    after = os.times()
    cpu = after.user + after.system - before.user - before.system
    return {"first scan": time.monotonic() - start, "first scan, CPU per file": cpu * 1e6 / count,
            "first scan, read per file": size / 1024 / count}


@row("memory", {"idle, private memory": ("MiB", "lower"), "idle, anonymous memory": ("MiB", "lower")}, when="scan")
def memory(run, options):
    time.sleep(3)
    private, anonymous = run.memory()
    return {"idle, private memory": private, "idle, anonymous memory": anonymous}


@row("start", {"start to first M-SEARCH answer": ("ms", "lower"), "start to first Browse": ("ms", "lower")}, when="start")
def start(begin, options):
    with begin() as run:
        answered = first_answer(run)
    with begin() as run:
        return {"start to first M-SEARCH answer": answered, "start to first Browse": first_browse(run)}


def first_answer(run):
    """Milliseconds from start to the first answer to a search. Two forms are sent: by unicast without MX, which is
    to be answered at once (UDA 1.1), and by multicast with MX 1, the only one that minidlna hears (it does not
    spread its answers)."""
    text = "M-SEARCH * HTTP/1.1\r\nHOST: %s:1900\r\nMAN: \"ssdp:discover\"\r\n%sST: upnp:rootdevice\r\n\r\n"
    group = "239.255.255.250"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(CLIENT))
        s.bind((CLIENT, 0))
        s.settimeout(0.004)
        while time.monotonic() - run.started < 30:
            for to, mx in ((SERVER, ""), (group, "MX: 1\r\n")):
                try:
                    s.sendto((text % (to, mx)).encode(), (to, 1900))
                except ConnectionRefusedError:    # the port was still closed for the datagram before this one
                    pass
            try:
                s.recv(2048)
                return (time.monotonic() - run.started) * 1e3
            except OSError:
                pass
    raise OSError("%s answered no search in 30 s" % run.server.name)


def first_browse(run):
    """Milliseconds from start to the first listing which is not empty."""
    while time.monotonic() - run.started < 30:
        try:
            with Connection(run.server.port) as c:
                if run.soap.browse(c, "0", 0, 10)[1] > 0:
                    return (time.monotonic() - run.started) * 1e3
        except (OSError, TypeError, ValueError):
            time.sleep(0.002)
    raise OSError("%s answered no Browse in 30 s" % run.server.name)
