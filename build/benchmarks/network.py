"""The server's namespace and the client's."""
import ctypes, os, subprocess

SERVER, CLIENT = "10.92.1.1", "10.92.1.2"
# Servers bound the connections of one address: many connections come from many.
CLIENTS = ["10.92.1.%d" % (number + 10) for number in range(16)]


class Network:
    """Two namespaces and a cable between them; this process enters the client's."""

    def __init__(self):
        self.server, self.client = ("rill-bench-%d-%s" % (os.getpid(), end) for end in "sc")
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)

    def up(self):
        for name in (self.server, self.client):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("link", "add", "lan1", "netns", self.server, "type", "veth", "peer", "name", "lan0", "netns", self.client)
        for name, link, address in ((self.server, "lan1", SERVER), (self.client, "lan0", CLIENT)):
            ip("-n", name, "addr", "add", address + "/24", "brd", "+", "dev", link)
            ip("-n", name, "link", "set", link, "up")
        for address in CLIENTS:
            ip("-n", self.client, "addr", "add", address + "/24", "dev", "lan0")
        ip("-n", self.server, "route", "add", "default", "via", CLIENT)
        with open("/run/netns/" + self.client) as f:
            self.enter(f.fileno())

    def down(self):
        self.enter(self.home)
        for name in (self.server, self.client):
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL)

    @staticmethod
    def enter(descriptor):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(descriptor, 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), "setns")


def ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit("ip %s: %s" % (" ".join(words), done.stderr.strip()))
