"""rill and its peers, and what can be asked of a server that runs."""
import html, os, re, shutil, signal, socket, subprocess, time, uuid

from .client import Connection, Soap
from .network import SERVER
from .report import HERE
from .say import read, say

TICK = os.sysconf("SC_CLK_TCK")


class Rill:
    name, port, control, event, settle = "rill", 8200, "/control/ContentDirectory", "/event/ContentDirectory", 3.0

    def there(self):
        self.binary = os.environ.get("RILL_BIN") or os.path.join(HERE, "target", "release", "rill")
        return os.access(self.binary, os.X_OK) or say("rill is left out: %s is not there" % self.binary)

    def command(self, corpus, state):
        return [os.path.abspath(self.binary)], {"RILL_MEDIA": corpus.root, "RILL_STATE_DIR": state, "RILL_LOG": "warn",
                                                "RILL_PORT": str(self.port), "RILL_NAME": "bench"}


class Minidlna:
    name, port, control, event, settle = "minidlna", 8201, "/ctl/ContentDir", "/evt/ContentDir", 1.0

    def there(self):
        self.binary = find("minidlnad")
        return bool(self.binary) or say("minidlna is left out: minidlnad is not installed")

    def command(self, corpus, state):
        lines = {"port": self.port, "media_dir": corpus.root, "db_dir": state, "log_dir": state, "friendly_name": "bench",
                 "network_interface": "lan1", "root_container": "B", "inotify": "yes", "log_level": "error", "max_connections": 4096}
        path = os.path.join(state, "bench.conf")
        with open(path, "w") as f:
            f.writelines("%s=%s\n" % line for line in lines.items())
        return [self.binary, "-S", "-f", path, "-P", os.path.join(state, "pid")], {}


class Gerbera:
    name, port, control, event, settle = "gerbera", 49200, "/upnp/control/cds", "/upnp/event/cds", 3.0

    def there(self):
        self.binary = find("gerbera")
        return bool(self.binary) or say("gerbera is left out: it is not installed")

    def command(self, corpus, state):
        """Its own configuration with another storage, other folders and neither scripts nor playlists."""
        share = "/usr/share/gerbera"
        usual = read("/etc/gerbera/config.xml")
        mappings = re.search(r"<mappings>.*</mappings>", usual, re.S)[0]
        path = os.path.join(state, "config.xml")
        with open(path, "w") as f:
            f.write("""<?xml version="1.0" encoding="UTF-8"?>
<config version="2" xmlns="http://mediatomb.cc/config/2"><server><ui enabled="no"/><name>bench</name><udn>uuid:{udn}</udn><home>{s}</home>
<webroot>{share}/web</webroot><storage><sqlite3 enabled="yes"><database-file>gerbera.db</database-file>
<init-sql-file>{share}/sqlite3.sql</init-sql-file></sqlite3></storage><alive>1800</alive></server>
<import hidden-files="no"><autoscan use-inotify="yes"><directory location="{root}" mode="inotify" recursive="yes" hidden-files="no"/></autoscan>
<scripting script-charset="UTF-8"><virtual-layout type="disabled"/></scripting>{mappings}</import></config>
""".format(udn=uuid.uuid4(), s=state, share=share, root=corpus.root, mappings=mappings))
        return [self.binary, "-c", path, "-p", str(self.port), "-e", "lan1"], {"HOME": state}


class Nginx:
    name, port, control, event, settle = "nginx", 8202, None, None, 0.0

    def there(self):
        self.binary = find("nginx")
        return bool(self.binary) or say("nginx is left out: it is not installed")

    def command(self, corpus, state):
        path = os.path.join(state, "nginx.conf")
        with open(path, "w") as f:
            f.write("""user root; worker_processes 1; daemon off; pid {s}/pid; error_log {s}/error.log;
events {{ worker_connections 8192; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_timeout 60; keepalive_requests 1000000; default_type application/octet-stream;
  client_body_temp_path {s}/b; proxy_temp_path {s}/p; fastcgi_temp_path {s}/f; uwsgi_temp_path {s}/u; scgi_temp_path {s}/g;
  server {{ listen {port} backlog=4096; root {root}; location /fixed/ {{ alias {fixed}/; }} }} }}
""".format(s=state, port=self.port, root=corpus.root, fixed=corpus.fixed))
        return [self.binary, "-p", state, "-c", path], {}


class Bare:
    """The least that a scan could be; see rows/scan.py."""
    name = "bare"

    def there(self):
        return True


def find(program):
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin:/sbin")


class Running:
    """A server between start and stop."""

    def __init__(self, server, net, corpus, state):
        self.server, self.net, self.corpus, self.state = server, net, corpus, state
        self.soap = Soap(server.port, server.control) if server.control else None

    def __enter__(self):
        command, env = self.server.command(self.corpus, self.state)
        self.log = open(os.path.join(self.state, "bench.log"), "ab")
        base = {"PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin"), "LC_ALL": "C.UTF-8"}
        self.started = time.monotonic()
        self.process = subprocess.Popen(["ip", "netns", "exec", self.net.server] + command, env={**base, **env}, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, start_new_session=True)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            say("%s did not end after SIGTERM" % self.server.name)
        try:
            os.killpg(self.process.pid, signal.SIGKILL)   # its own session: it and its children only
        except ProcessLookupError:
            pass
        self.process.wait()
        self.log.close()

    # ---- what the system says of it ----

    def processes(self):
        """The server and every process below it."""
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            try:
                for task in os.listdir("/proc/%d/task" % pid):
                    todo += map(int, read("/proc/%d/task/%s/children" % (pid, task)).split())
            except OSError:
                pass
        return found

    def cpu(self):
        """Processor seconds, user and system, of the living processes and of the children they have waited for."""
        ticks = 0
        for pid in self.processes():
            try:
                ticks += sum(map(int, read("/proc/%d/stat" % pid).rsplit(")", 1)[1].split()[11:15]))
            except OSError:
                pass
        return ticks / TICK

    def quiet(self):
        """Waits until forked helpers have ended and were counted."""
        end = time.monotonic() + 2
        while len(self.processes()) > 2 and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(0.1)

    def sum_of(self, file, pattern):
        """A number of a file in /proc, of all its processes together."""
        found = (re.search(pattern, read("/proc/%d/%s" % (pid, file)), re.M) for pid in self.processes())
        return sum(int(match[1]) for match in found if match)

    def memory(self):
        """MiB of private and of anonymous memory."""
        private = sum(self.sum_of("smaps_rollup", r"^%s:\s+(\d+)" % kind) for kind in ("Private_Clean", "Private_Dirty"))
        return private / 1024, self.sum_of("smaps_rollup", r"^Anonymous:\s+(\d+)") / 1024

    def own_memory(self):
        """Bytes of memory that nobody shares: what would be free if it ended."""
        return self.memory()[0] * (1 << 20)

    def peak(self):
        """MiB: the most its processes have held at once since the start or :meth:`forget_peak`."""
        return self.sum_of("status", r"^VmHWM:\s+(\d+)") / 1024

    def forget_peak(self):
        for pid in self.processes():
            with open("/proc/%d/clear_refs" % pid, "w") as f:
                f.write("5")

    def bytes_read(self):
        """What all its processes have read by now, files and sockets alike."""
        return self.sum_of("io", r"^rchar: (\d+)")

    def wakeups(self):
        """How often its threads have been woken by now."""
        count = 0
        for pid in self.processes():
            for task in os.listdir("/proc/%d/task" % pid):
                count += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", read("/proc/%d/task/%s/status" % (pid, task)), re.M)[1])
        return count

    # ---- what it says itself ----

    def wait_for_scan(self):
        """Until every file is listed; seconds since the start."""
        end = time.monotonic() + 300
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise SystemExit("%s ended at its start: %s" % (self.server.name, read(self.log.name)[-800:]))
            try:
                if self.server.control is None:
                    socket.create_connection((SERVER, self.server.port), 1).close()
                    return time.monotonic() - self.started
                if all(self.find(name)[1] >= count for name, count in self.corpus.files.items()) and self.stream_target():
                    return time.monotonic() - self.started
            except (OSError, LookupError, ValueError, TypeError, StopIteration):
                pass
            time.sleep(0.02)
        raise SystemExit("%s did not list %s in 5 minutes" % (self.server.name, self.corpus.files))

    def objects(self, container):
        """(kind, id, title, what follows the title) of the first children."""
        with Connection(self.server.port) as c:
            reply = self.soap.browse(c, container, 0, 50)[0]
        didl = html.unescape(re.search(r"<Result[^>]*>(.*?)</Result>", reply.decode(), re.S)[1])
        found = re.findall(r'<(container|item)\s[^>]*?\bid="([^"]+)".*?<dc:title>(.*?)</dc:title>(.*?)</\1>', didl, re.S)
        return [(kind, ident, title, rest) for kind, ident, title, rest in found]

    def root_of_library(self):
        """The container that holds `songs`: the root itself, or one below it."""
        todo = ["0"]
        for _ in range(20):
            here = todo.pop(0)
            children = self.objects(here)
            if any(title == "songs" for _, _, title, _ in children):
                return here
            todo += [ident for kind, ident, _, _ in children if kind == "container"]
        raise LookupError("no songs")

    def named(self, title):
        """The id of what is called so in the library's root."""
        return next(i for _, i, t, _ in self.objects(self.root_of_library()) if t == title)

    def find(self, title):
        """(id, number of children) of a container in the library's root."""
        ident = self.named(title)
        with Connection(self.server.port) as c:
            return ident, self.soap.browse(c, ident, 0, 1)[2]

    def stream_target(self):
        """(port, path) of the large file."""
        if self.server.control is None:
            return self.server.port, "/stream.wav"
        rest = next(r for _, _, t, r in self.objects(self.root_of_library()) if t.removesuffix(".wav") == "stream")
        return self.server.port, re.search(r"<res[^>]*>http://[^/]+(/[^<]*)</res>", rest)[1]

    def pages(self, folder):
        """Makes requests for pages of 30 of a folder, one after the other; of nginx, for 20 KB."""
        if self.server.control is None:
            return lambda number: get(self.server.port, "/fixed/page")
        ident, total = self.find(folder)
        return lambda number: self.soap.browse_request(ident, number * 30 % max(1, total - 30), 30)

    def metadata(self):
        """Makes requests for one object; of nginx, for 2 bytes."""
        if self.server.control is None:
            return lambda number: get(self.server.port, "/fixed/two")
        text = self.soap.metadata_request(self.find("songs")[0])
        return lambda number: text


def get(port, path, fields=""):
    return ("GET %s HTTP/1.1\r\nHost: %s:%d\r\n%s\r\n" % (path, SERVER, port, fields)).encode()
