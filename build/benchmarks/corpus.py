"""The libraries that are served, made on the spot."""
import os, struct

from .say import say

FRAMES = (b"\xff\xfb\x90\x64" + bytes(413)) * 24
SMALL = 300                                       # files of the small folder


class Corpus:
    """A folder of tiny MP3s, each with its own title, a smaller one, and one large WAV beside them."""

    def __init__(self, folder, options):
        self.folder, self.made = folder, []
        self.root, self.fixed = os.path.join(folder, "media"), os.path.join(folder, "fixed")
        self.files = {"songs": options.files, "few": min(SMALL, options.files)}
        os.makedirs(self.root)
        os.makedirs(self.fixed)
        os.chmod(folder, 0o755)
        for name, count in self.files.items():
            songs(os.path.join(self.root, name), count)
        self.stream = os.path.join(self.root, "stream.wav")
        wav(self.stream, options.stream_bytes)
        # What nginx serves in place of a page of 30 and of one object.
        for name, size in (("page", 20_000), ("two", 2)):
            with open(os.path.join(self.fixed, name), "wb") as f:
                f.write(b"x" * size)
        say("corpus: %d MP3s, one WAV of %d MiB" % (self.total() - 1, options.stream_bytes >> 20))

    def total(self):
        """Files in all."""
        return sum(self.files.values()) + 1

    def clean(self):
        """Takes away what measuring one server added."""
        while self.made:
            os.unlink(self.made.pop())


class Linked:
    """Folders of 1,000 files each: hard links to 1,000 MP3s, twelve of each album."""

    def __init__(self, folder, size):
        self.folder, self.files = folder, {}
        self.root = os.path.join(folder, "media")
        originals = os.path.join(folder, "originals")
        names = songs(originals, 1000)
        os.chmod(folder, 0o755)
        for number in range(size):
            inside = os.path.join(self.root, "songs", "%04d" % (number // 1000))
            if number % 1000 == 0:
                os.makedirs(inside)
            os.link(names[number % 1000], os.path.join(inside, "track %07d.mp3" % number))


def songs(folder, count):
    os.makedirs(folder)
    names = [os.path.join(folder, "track %05d.mp3" % number) for number in range(count)]
    for number, name in enumerate(names):
        song(name, "Song number %d" % number, "Artist %d" % (number // 100), "Album %d" % (number // 12))
    return names


def song(path, title, artist, album):
    body = b""
    for name, text in ((b"TIT2", title), (b"TPE1", artist), (b"TALB", album)):
        data = b"\0" + text.encode("latin-1")
        body += name + struct.pack(">IH", len(data), 0) + data
    with open(path, "wb") as f:
        f.write(b"ID3\x03\0\0" + bytes([len(body) >> s & 0x7F for s in (21, 14, 7, 0)]) + body + FRAMES)


def wav(path, size):
    with open(path, "wb") as f:
        f.write(struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", size - 8, b"WAVE", b"fmt ", 16, 1, 2, 44100, 176400, 4, 16, b"data", size - 44))
        block = os.urandom(1 << 20)               # no holes: pages as any file has them
        left = size - 44
        while left:
            left -= f.write(block[:min(left, len(block))])
