"""Many connections that do little: idle ones, and streams at the pace at which they are played."""
import socket, time

from ..client import Connection, begin
from ..network import CLIENTS
from ..row import row
from ..servers import get

IDLE, PACED = 2000, 1000


@row("idlers", {"idle connections held of 2,000": ("number", "higher"), "memory of an idle connection": ("KiB", "lower")}, nginx=True, once=True)
def idlers(run, options):
    """Each has been served once, and says nothing more."""
    make = run.metadata()
    with Connection(run.server.port) as c:
        c.request(make(0))
    before, held, refused = run.own_memory(), [], 0
    try:
        for number in range(IDLE):
            c = Connection(run.server.port, CLIENTS[number % len(CLIENTS)])
            held.append(c)
            try:
                c.open()
                c.socket.settimeout(2)
                c.request(make(number))
            except (OSError, ValueError):
                refused += 1
                if refused > 50:                  # it will not take the others either
                    break
        time.sleep(0.5)
        alive = sum(is_open(c.socket) for c in held if c.socket)
        out = {"idle connections held of 2,000": alive}
        if alive > IDLE // 20:
            out["memory of an idle connection"] = (run.own_memory() - before) / 1024 / alive
        return out
    finally:
        for c in held:
            c.close()


def is_open(s):
    s.setblocking(False)
    try:
        return s.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


@row("paced", {"starved of 1,000 streams at 1 Mbit/s": ("number", "lower"), "1,000 streams at 1 Mbit/s, CPU": ("%", "lower"),
               "memory of a paced stream": ("KiB", "lower")}, nginx=True, once=True)
def paced(run, options):
    """Each begins elsewhere in the file, is played for a while as a renderer plays, and must have got what it asked for."""
    port, path = run.stream_target()
    rate, turn = 125_000, 0.1
    before, streams, refused = run.own_memory(), [], 0
    part = options.stream_bytes // PACED
    try:
        for number in range(PACED):
            try:
                fields = "Range: bytes=%d-\r\n" % (number * part // 2)
                s, _, have = begin(port, path, fields, CLIENTS[number % len(CLIENTS)])
                s.setblocking(False)
                streams.append([s, have])
            except (OSError, ValueError):
                refused += 1
                if refused > 20 and not streams:
                    raise
        start, cpu, sink, due = time.monotonic(), run.cpu(), bytearray(1 << 20), 0
        for stream in streams:
            stream[1] = 0
        seconds = 3 * options.seconds
        while (now := time.monotonic() - start) < seconds:
            due = now * rate
            for stream in streams:
                if due - stream[1] >= 1:
                    try:
                        stream[1] += stream[0].recv_into(sink, int(due - stream[1]), socket.MSG_TRUNC)
                    except BlockingIOError:
                        pass
                    except OSError:
                        stream[1] = -1e18
            time.sleep(max(0, turn - (time.monotonic() - start - now)))
        cpu = (run.cpu() - cpu) / (time.monotonic() - start)
        memory = (run.own_memory() - before) / 1024 / max(1, len(streams))
        # What is due comes in turns: two of them may be missing.
        starved = sum(got < due - 2 * turn * rate for _, got in streams)
        return {"starved of 1,000 streams at 1 Mbit/s": starved + PACED - len(streams), "1,000 streams at 1 Mbit/s, CPU": cpu * 100,
                "memory of a paced stream": memory}
    finally:
        for s, _ in streams:
            s.close()
