"""A file system of one file whose middle can be made to wait, by the kernel's own protocol (linux/fuse.h): no library."""
import ctypes, errno, multiprocessing, os, select, struct, time

LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, FLUSH, INIT = 1, 2, 3, 14, 15, 17, 18, 25, 26
OPENDIR, READDIR, RELEASEDIR, INTERRUPT, BATCH_FORGET = 27, 28, 29, 36, 42
ROOT, FILE = 1, 2
EDGE = 1 << 20                                    # bytes at both ends that always come at once


class Stalling:
    """Mounted while entered. Between :meth:`stall` and :meth:`go_on`, reads between both ends of the file wait, each
    for this many seconds."""

    def __init__(self, folder, source, seconds, name="slow.wav"):
        self.folder, self.source, self.seconds, self.name = folder, source, seconds, name.encode()
        self.stalled = multiprocessing.Event()

    def __enter__(self):
        device = os.open("/dev/fuse", os.O_RDWR)
        libc = ctypes.CDLL(None, use_errno=True)
        options = b"fd=%d,rootmode=40755,user_id=0,group_id=0,allow_other" % device
        if libc.mount(b"bench", self.folder.encode(), b"fuse", 0, options) != 0:
            raise OSError(ctypes.get_errno(), "mount of a FUSE file system")
        self.process = multiprocessing.get_context("fork").Process(target=self.serve, args=(device,), daemon=True)
        self.process.start()
        os.close(device)
        return self

    def __exit__(self, *_):
        self.go_on()
        ctypes.CDLL(None).umount2(self.folder.encode(), 2)   # lazily: a reader may still hang in it
        self.process.terminate()
        self.process.join()

    def stall(self):
        self.stalled.set()

    def go_on(self):
        self.stalled.clear()

    def serve(self, device):
        self.device, self.file = device, os.open(self.source, os.O_RDONLY)
        self.size, waiting = os.fstat(self.file).st_size, []
        while True:
            ready, _, _ = select.select([device], [], [], 0.05)
            now = time.monotonic()
            for read in [r for r in waiting if r[0] <= now or not self.stalled.is_set()]:
                waiting.remove(read)
                self.reply(read[1], os.pread(self.file, read[3], read[2]))
            if not ready:
                continue
            try:
                message = os.read(device, 1 << 20)
            except OSError as error:
                if error.errno in (errno.EINTR, errno.ENOENT):
                    continue
                os._exit(0)                       # unmounted
            self.answer(message, waiting)

    def answer(self, message, waiting):
        _, op, unique, node = struct.unpack_from("<IIQQ", message)
        body = message[40:]
        if op in (FORGET, BATCH_FORGET, INTERRUPT):
            return
        if op == INIT:
            self.reply(unique, struct.pack("<IIIIHHIIHHI28x", 7, 31, 1 << 20, 0, 8, 6, 1 << 17, 1, 0, 0, 0))
        elif op == LOOKUP and body.rstrip(b"\0") == self.name:
            self.reply(unique, struct.pack("<QQQQII", FILE, 0, 60, 60, 0, 0) + self.attributes(FILE))
        elif op == GETATTR:
            self.reply(unique, struct.pack("<QII", 60, 0, 0) + self.attributes(node))
        elif op in (OPEN, OPENDIR):
            self.reply(unique, struct.pack("<QII", 0, 0, 0))
        elif op == READDIR:
            _, offset = struct.unpack_from("<QQ", body)
            padded = self.name + bytes(-len(self.name) % 8)
            self.reply(unique, b"" if offset else struct.pack("<QQII", FILE, 1, len(self.name), 8) + padded)
        elif op == READ:
            _, offset, count = struct.unpack_from("<QQI", body)
            if self.stalled.is_set() and EDGE < offset < self.size - EDGE:
                waiting.append((time.monotonic() + self.seconds, unique, offset, count))
            else:
                self.reply(unique, os.pread(self.file, count, offset))
        elif op in (RELEASE, RELEASEDIR, FLUSH):
            self.reply(unique, b"")
        elif op == STATFS:
            self.reply(unique, struct.pack("<QQQQQIII28x", 1 << 20, 1 << 19, 1 << 19, 10, 5, 4096, 255, 4096))
        else:
            self.fail(unique, errno.ENOENT if op == LOOKUP else errno.ENOSYS)

    def attributes(self, node):
        mode, size = (0o40755, 4096) if node == ROOT else (0o100644, self.size)
        return struct.pack("<QQQQQQIIIIIIIIII", node, size, size // 512, 0, 0, 0, 0, 0, 0, mode, 2 if node == ROOT else 1, 0, 0, 0, 4096, 0)

    def reply(self, unique, data):
        self.write(struct.pack("<IiQ", 16 + len(data), 0, unique) + data)

    def fail(self, unique, error):
        self.write(struct.pack("<IiQ", 16, -error, unique))

    def write(self, message):
        try:
            os.write(self.device, message)
        except OSError:
            pass                                  # the asker has given up
