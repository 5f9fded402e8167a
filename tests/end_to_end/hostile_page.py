#!/usr/bin/env python3
"""The page under attack, in headless Chromium: names that are markup, and a page from elsewhere.

hostile_page.py names|elsewhere URL      prints "ok NAME"; ends with 1 if it does not hold.
"""
import http.server
import json
import sys
import threading
import time

import page

MARK = "</script><img src=x onerror=\"document.title='owned'\">&amp;"
# Nothing of it has become part of the page.
CLEAN = ("document.title.indexOf('owned') !== 0 && !document.querySelector('img[src=\"x\"], script:not([src]), iframe, object, embed, base, [onerror], [onload], [onclick]')"
         " && ![].some.call(document.querySelectorAll('[href], [src], [action]'), function (e) {"
         " return [e.href, e.src, e.action].some(function (u) { return /^(javascript|data|vbscript):/i.test(u || ''); }); })")


# As a name of a file, which cannot have a slash.
FILE = MARK.replace("/", "\u2215")


def text(b, selector, begin, mark=MARK):
    """Waits until an element shows the whole mark behind `begin`, letter by letter."""
    b.until(begin, "[].some.call(document.querySelectorAll(%s), function (e) { return e.textContent.indexOf(%s) >= 0; })"
            % (json.dumps(selector), json.dumps(begin + mark)))
    assert b.js(CLEAN), begin


def names(b, url):
    """Each name of a stranger is shown as it is written, wherever it is shown."""
    b.go(url)
    text(b, "#name", "server")
    page.folder(b, "Folders")
    page.open_item(b, "folder" + FILE)
    text(b, "#view .name", "title")
    b.js("document.querySelector('.row .more, .card .more').click()")
    text(b, "#sheet h2", "title")
    for begin in ("artist", "album", "genre"):
        text(b, "#sheet *", begin)
    assert b.js("document.querySelector('#sheet .address').value").startswith(url + "media/")
    b.key("Escape")
    b.js("document.querySelector('#view .row .open, #view .card.audio .open').click()")
    text(b, "#now-title", "title")
    b.click("#queue-open")
    text(b, ".entry", "title")
    b.key("Escape")
    b.click("#stop")
    for begin, views in (("album", ("Music", "Albums")), ("artist", ("Music", "Artists"))):
        page.folder(b, *views)
        text(b, "#view .name", begin)
    page.folder(b, "Folders", "radio")
    text(b, "#view .name", "station")
    b.js("document.getElementById('query').focus()")
    b.write("title" + MARK)
    b.until("it is found", page.TITLES + ".indexOf(%s) >= 0" % json.dumps("title" + MARK))
    assert b.js(CLEAN)
    b.js("location.hash = '#/status'; 1")
    text(b, ".devices .name", "agent")
    text(b, ".devices .below", "title")
    text(b, ".skipped .name", "skipped", FILE)
    text(b, ".roots .name", "root", FILE)
    assert not b.complaints, b.complaints
    # What a device said is text, whatever it said.
    b.go(b.js("document.querySelector('.devices a').href"))
    b.until("as text", "document.contentType === 'text/plain' && document.body.textContent.indexOf('onerror') > 0")
    assert b.js(CLEAN)


ATTACK = """<!doctype html><meta charset=utf-8><body><script>
'use strict';
var rill = %s, found = {}, frames = 0;
function tell(name) { return function (e) { found[name] = String(e && e.type || e); }; }
function ask(name, method, path, type, body) {
    var xhr = new XMLHttpRequest();
    xhr.open(method, rill + path);
    if (type) { xhr.setRequestHeader('Content-Type', type); }
    xhr.onload = function () { found[name] = 'read ' + xhr.status; };
    xhr.onerror = tell(name);
    xhr.send(body);
}
ask('status', 'GET', 'status.json');
ask('metrics', 'GET', 'metrics');
ask('page', 'GET', 'page/page.js');
ask('rescan', 'POST', 'rescan', 'text/plain', '');
ask('soap', 'POST', 'control/ContentDirectory', 'text/xml', '<x/>');
// Sent, though nobody may read what comes.
fetch(rill + 'rescan', { method: 'POST', mode: 'no-cors', body: 'x' }).then(tell('blind'), tell('blind'));
var live = new EventSource(rill + 'live');
live.onmessage = tell('live');
live.onopen = tell('live');
live.onerror = function (e) { live.close(); tell('live')(e); };
['status.json', 'metrics', 'description.xml'].forEach(function (path) {
    var script = document.createElement('script');
    script.src = rill + path;
    script.onload = script.onerror = tell('script ' + path);
    document.body.appendChild(script);
});
// A form needs no script at all; its answer goes into a frame.
var frame = document.createElement('iframe'), form = document.createElement('form');
frame.name = 'answer';
form.method = 'post'; form.action = rill + 'rescan'; form.target = 'answer';
document.body.appendChild(frame); document.body.appendChild(form);
frame.onload = function () { found.form = 'sent'; };
form.submit();
var shown = document.createElement('iframe');
shown.onload = function () { found.frame = 'loaded'; };
shown.src = rill;
document.body.appendChild(shown);
</script>"""

REFUSED = {name: "error" for name in ("status", "metrics", "page", "rescan", "soap", "live", "script status.json", "script metrics", "script description.xml")}


class Elsewhere(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = (ATTACK % json.dumps(sys.argv[2])).encode() if self.path == "/" else b""
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def elsewhere(b, url):
    """A page of somebody else reads nothing, changes nothing, and shows nothing in a frame of its own."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    b.go("http://evil.example:%d/" % server.server_port)
    b.until("all was tried", "Object.keys(found).length >= %d" % (len(REFUSED) + 3))
    found = b.js("found")
    assert {name: found[name] for name in REFUSED} == REFUSED, found
    end = time.monotonic() + page.PATIENCE
    while not any("frame-ancestors" in c for c in b.complaints):
        assert time.monotonic() < end, b.complaints
        b.js("1")
        time.sleep(0.05)
    server.shutdown()
    # The same name led to this server now (DNS rebinding): one origin with rill, if rill took the name for its own.
    b.go("http://rebound.example:8200/")
    b.until("the refusal", "document.readyState === 'complete' && location.host === 'rebound.example:8200' && document.contentType === 'text/plain'")
    for path in ("/", "/status.json", "/live", "/metrics", "/page/page.js", "/description.xml"):
        status = b.js("fetch(%s).then(function (r) { return r.status; })" % json.dumps(path))
        assert status == 403, (path, status)
    for path in ("/rescan", "/control/ContentDirectory"):
        status = b.js("fetch(%s, { method: 'POST', body: 'x' }).then(function (r) { return r.status; })" % json.dumps(path))
        assert status == 403, (path, status)


def main():
    address = sys.argv[2].split("/")[2].split(":")[0]
    page.FLAGS.append("--host-resolver-rules=MAP evil.example 127.0.0.1, MAP rebound.example " + address)
    b = page.Browser()
    try:
        check = {"names": names, "elsewhere": elsewhere}[sys.argv[1]]
        try:
            check(b, sys.argv[2])
        except (page.Failed, AssertionError) as why:
            print("FAILED %s: %s; complaints: %s; seen: %s" % (check.__name__, why, b.complaints, b.js("document.body && document.body.innerText")), flush=True)
            raise
        print("ok %s" % check.__name__, flush=True)
    finally:
        b.close()


if __name__ == "__main__":
    main()
