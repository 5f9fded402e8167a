"""The clients: one connection, many connections, streams."""
import html, multiprocessing, os, re, select, socket, time

from .network import CLIENTS, SERVER

CALL = ('<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="http://schemas.xmlsoap.org/soap/'
        'encoding/"><s:Body><u:%s xmlns:u="urn:schemas-upnp-org:service:ContentDirectory:1">%s</u:%s></s:Body></s:Envelope>')
LENGTH = re.compile(rb"(?i)\r\ncontent-length:\s*(\d+)")
CLOSE = re.compile(rb"(?i)\r\nconnection:\s*close")


class Soap:
    """Actions of one server's ContentDirectory."""

    def __init__(self, port, control):
        self.port, self.control = port, control

    def request(self, action, arguments):
        body = CALL % (action, "".join("<%s>%s</%s>" % (name, html.escape(str(value)), name) for name, value in arguments), action)
        return ("POST %s HTTP/1.1\r\nHost: %s:%d\r\nContent-Type: text/xml; charset=\"utf-8\"\r\nContent-Length: %d\r\n"
                "SOAPACTION: \"urn:schemas-upnp-org:service:ContentDirectory:1#%s\"\r\n\r\n%s"
                % (self.control, SERVER, self.port, len(body), action, body)).encode()

    def browse_request(self, container, start, count, flag="BrowseDirectChildren"):
        return self.request("Browse", (("ObjectID", container), ("BrowseFlag", flag), ("Filter", "*"), ("StartingIndex", start),
                                       ("RequestedCount", count), ("SortCriteria", "")))

    def metadata_request(self, ident):
        return self.browse_request(ident, 0, 0, "BrowseMetadata")

    def search_request(self, criteria, count, order):
        return self.request("Search", (("ContainerID", "0"), ("SearchCriteria", criteria), ("Filter", "*"), ("StartingIndex", 0),
                                       ("RequestedCount", count), ("SortCriteria", order)))

    def browse(self, connection, container, start, count):
        """One Browse: (the reply, NumberReturned, TotalMatches)."""
        reply = connection.request(self.browse_request(container, start, count))
        return reply, int(re.search(rb"<NumberReturned>(\d+)<", reply)[1]), int(re.search(rb"<TotalMatches>(\d+)<", reply)[1])


class Connection:
    """HTTP/1.1, kept while the server keeps it."""

    def __init__(self, port, source=None):
        self.port, self.source, self.socket = port, source, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.socket:
            self.socket.close()
            self.socket = None

    def open(self):
        self.socket = socket.create_connection((SERVER, self.port), 30, (self.source, 0) if self.source else None)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def request(self, text):
        """The body of the reply to one request. Some servers close a kept connection without a word: then again."""
        kept = self.socket is not None
        if not kept:
            self.open()
        try:
            self.socket.sendall(text)
            return self.reply()
        except ConnectionError:
            self.close()
            if not kept:
                raise
            return self.request(text)
        except (OSError, ValueError):
            self.close()
            raise

    def reply(self):
        data = b""
        while b"\r\n\r\n" not in data:
            got = self.socket.recv(262144)
            if not got:
                raise ConnectionResetError("closed before a reply")
            data += got
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(LENGTH.search(head)[1])
        parts, have = [body], len(body)
        while have < length:
            got = self.socket.recv(1 << 20)
            if not got:
                raise OSError("cut short")
            parts.append(got)
            have += len(got)
        if CLOSE.search(head):
            self.close()
        if not re.match(rb"HTTP/1.1 20[06]", head):
            raise ValueError(head.split(b"\r\n")[0].decode())
        return b"".join(parts)


class Crowd:
    """Many connections, each with one request under way, opened again where the server closes them."""

    def __init__(self, port, count, make):
        self.port, self.make, self.made, self.done = port, make, 0, 0
        self.epoll, self.members = select.epoll(), {}
        for number in range(count):
            self.join(CLIENTS[number % len(CLIENTS)])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for member in self.members.values():
            member["socket"].close()
        self.epoll.close()

    def join(self, source):
        s = socket.create_connection((SERVER, self.port), 30, (source, 0))
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.members[s.fileno()] = {"socket": s, "source": source, "kept": False}
        self.epoll.register(s.fileno(), select.EPOLLIN)
        self.ask(self.members[s.fileno()])

    def leave(self, member):
        self.epoll.unregister(member["socket"].fileno())
        del self.members[member["socket"].fileno()]
        member["socket"].close()

    def ask(self, member):
        member["left"], member["head"] = None, b""
        member["socket"].sendall(self.make(self.made))
        self.made += 1

    def run(self, seconds):
        """Replies in this time."""
        before, end = self.done, time.monotonic() + seconds
        while time.monotonic() < end:
            for descriptor, _ in self.epoll.poll(0.1):
                self.receive(self.members[descriptor])
        return self.done - before

    def receive(self, member):
        s = member["socket"]
        if member["left"] is None:
            try:
                got = s.recv(65536)
            except ConnectionResetError:
                got = b""
            if not got:
                if not member["kept"]:
                    raise OSError("closed before a reply")
                self.leave(member)                # closed without a word: again
                return self.join(member["source"])
            member["head"] += got
            head, end, body = member["head"].partition(b"\r\n\r\n")
            if not end:
                return
            if not re.match(rb"HTTP/1.1 20[06]", head):
                raise ValueError(head.split(b"\r\n")[0].decode())
            member["left"], member["close"] = int(LENGTH.search(head)[1]) - len(body), CLOSE.search(head)
        else:
            got = s.recv(1 << 20, socket.MSG_TRUNC) if member["left"] > 1 << 20 else s.recv(min(1 << 20, member["left"]))
            if not got:
                raise OSError("cut short")
            member["left"] -= len(got)
        if member["left"] > 0:
            return
        self.done += 1
        if member["close"]:
            self.leave(member)
            self.join(member["source"])
        else:
            member["kept"] = True
            self.ask(member)


def fetch(target, limit=None):
    """Receives a body and throws it away in the kernel (MSG_TRUNC), so that the client costs next to nothing."""
    port, path = target
    s, length, have = begin(port, path, "Range: bytes=0-%d\r\n" % (limit - 1) if limit else "")
    with s:
        while have < length:
            got = trash(s, length - have)
            if not got:
                break
            have += got
    return have


def begin(port, path, fields="", source=None):
    """(socket, length of the body, bytes of it that came with the head) of a GET."""
    s = socket.create_connection((SERVER, port), 30, (source, 0) if source else None)
    s.sendall(("GET %s HTTP/1.1\r\nHost: %s:%d\r\n%sConnection: close\r\n\r\n" % (path, SERVER, port, fields)).encode())
    data = b""
    while b"\r\n\r\n" not in data:
        got = s.recv(4096)
        if not got:
            raise OSError("no reply to GET %s" % path)
        data += got
    head, _, body = data.partition(b"\r\n\r\n")
    if not re.match(rb"HTTP/1.1 20[06]", head):
        raise ValueError("GET %s: %s" % (path, head.split(b"\r\n")[0].decode()))
    return s, int(LENGTH.search(head)[1]), len(body)


SINK = bytearray(4 << 20)


def trash(s, most):
    return s.recv_into(SINK, min(len(SINK), most), socket.MSG_TRUNC)


class Streams:
    """Full-speed streams in a process of its own; :meth:`end` gives bytes per second."""

    def __init__(self, target, count):
        self.ours, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("fork").Process(target=self.drain, args=(target, count, theirs), daemon=True)
        self.process.start()
        if self.ours.recv() != "all began":
            raise OSError("streams did not begin")

    def end(self):
        self.ours.send("end")
        rate = self.ours.recv()
        self.process.join()
        return rate

    @staticmethod
    def drain(target, count, pipe):
        try:
            epoll, streams = select.epoll(), {}

            def start(source):
                s, length, have = begin(*target, source=source)
                streams[s.fileno()] = [s, length - have, source]
                epoll.register(s.fileno(), select.EPOLLIN)
            for number in range(count):
                start(CLIENTS[number % len(CLIENTS)])
            pipe.send("all began")
            began, total = time.monotonic(), 0
            while not pipe.poll():
                for descriptor, _ in epoll.poll(0.1):
                    entry = streams[descriptor]
                    got = trash(entry[0], entry[1])
                    total += got
                    entry[1] -= got
                    if not got or not entry[1]:
                        epoll.unregister(descriptor)
                        del streams[descriptor]
                        entry[0].close()
                        start(entry[2])
            pipe.send(total / (time.monotonic() - began))
        except (OSError, ValueError) as error:
            pipe.send(repr(error))
        os._exit(0)
