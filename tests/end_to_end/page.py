#!/usr/bin/env python3
"""The page in headless Chromium, driven over its debugging pipe; nothing but Python's own library is needed.

page.py CHECK URL [PICTURES]     prints "ok NAME" for each thing that holds; ends with 1 at the first that does not.
"""
import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time

PATIENCE = 90 * float(os.environ.get("RILL_SLOW") or (10 if os.environ.get("RILL_RUNNER") else 1))
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-default-apps", "--disable-dev-shm-usage",
         "--mute-audio", "--hide-scrollbars", "--autoplay-policy=no-user-gesture-required", "--lang=en-US", "--remote-debugging-pipe"]


class Browser:
    """One page of one browser. What it complains of is gathered in `complaints`."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="rill-chromium-")
        to_read, self.to_write = os.pipe()
        self.from_read, from_write = os.pipe()
        # Above 4, so that they are not closed while they become 3 and 4.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (to_read, from_write)]

        def become():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)
        command = ["chromium", *FLAGS, "--user-data-dir=" + self.folder, "about:blank"]
        self.process = subprocess.Popen(command, pass_fds=(3, 4), preexec_fn=become, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for end in (to_read, from_write, *ends):
            os.close(end)
        self.buffer, self.number, self.session, self.complaints, self.requests, self.open = b"", 0, None, [], [], {}
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            self.send(domain + ".enable")
        self.wide()

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def send(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_write, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + PATIENCE
        while True:
            answer = self.receive(end)
            if answer is None:
                raise Failed("the browser does not answer %s" % method)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise Failed("%s: %s" % (method, answer["error"]))
                return answer["result"]

    def receive(self, end):
        """The next message; None: not in time."""
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.from_read], [], [], max(0, end - time.monotonic()))
            if not ready:
                return None
            piece = os.read(self.from_read, 1 << 16)
            if not piece:
                raise Failed("the browser ended")
            self.buffer += piece
        text, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(text)
        self.note(message)
        return message

    def note(self, message):
        method, given = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = given["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled" and given["type"] in ("error", "warning", "assert"):
            self.complaints.append("console: %s" % [a.get("value") for a in given["args"]])
        elif method == "Log.entryAdded" and given["entry"]["level"] in ("error", "warning"):
            self.complaints.append("%s %s" % (given["entry"]["text"], given["entry"].get("url", "")))
        elif method == "Network.requestWillBeSent":
            self.requests.append(given["request"]["url"])
            self.open[given["requestId"]] = given["request"]["url"]
        elif method in ("Network.loadingFinished", "Network.loadingFailed"):
            self.open.pop(given["requestId"], None)

    def wide(self, width=1280, height=800, scale=1, mobile=False):
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=mobile)

    def prefers(self, scheme):
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def go(self, url):
        self.send("Page.navigate", url=url)

    def js(self, expression):
        """The value of an expression in the page."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True)
        if "exceptionDetails" in answer:
            raise Failed("%s: %s" % (expression, answer["exceptionDetails"]))
        return answer["result"].get("value")

    def until(self, what, expression):
        """Waits until an expression is true in the page, and gives it."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                value = self.js(expression)
            except Failed as why:
                value = None
                if "ended" in str(why):
                    raise
            if value:
                return value
            if time.monotonic() > end:
                raise Failed("not in time: %s (%s); asked for and not there: %s" % (what, expression, list(self.open.values())))
            time.sleep(0.05)

    KEYS = {"Enter": (13, "\r"), "Escape": (27, ""), "ArrowLeft": (37, ""), "ArrowUp": (38, ""), "ArrowRight": (39, ""),
            "ArrowDown": (40, ""), "Backspace": (8, ""), " ": (32, " "), "Tab": (9, "")}

    def key(self, name):
        code, text = self.KEYS[name]
        self.send("Input.dispatchKeyEvent", type="keyDown", key=name, windowsVirtualKeyCode=code, text=text)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=name, windowsVirtualKeyCode=code)

    def write(self, text):
        for character in text:
            self.send("Input.insertText", text=character)

    def click(self, selector):
        self.until(selector, "!!document.querySelector(%s)" % json.dumps(selector))
        self.js("document.querySelector(%s).click()" % json.dumps(selector))

    def speaks(self, languages):
        self.send("Emulation.setUserAgentOverride", userAgent=self.js("navigator.userAgent"), acceptLanguage=languages)

    def nameless(self):
        """What a reader of screens would have no name for, of all that can be used."""
        used = ("button", "link", "slider", "searchbox", "textbox", "progressbar", "dialog", "image", "heading")
        nodes = self.send("Accessibility.getFullAXTree")["nodes"]
        return [n["role"]["value"] for n in nodes if not n.get("ignored") and n["role"]["value"] in used and
                not n.get("name", {}).get("value")]

    def picture(self, path, form="webp", quality=82):
        shot = self.send("Page.captureScreenshot", format=form, **({"quality": quality} if form != "png" else {}))
        with open(path, "wb") as f:
            f.write(base64.b64decode(shot["data"]))


class Failed(Exception):
    pass


# ---- what must hold ------------------------------------------------------------------------------------------------------

TITLES = "[].map.call(document.querySelectorAll('#view .open .name'), function (n) { return n.textContent; })"
OPEN = "[].filter.call(document.querySelectorAll('#view .open'), function (o) { return o.querySelector('.name').textContent === %s; })[0]"


def open_item(b, title):
    which = OPEN % json.dumps(title)
    b.until(title, "!!" + which)
    b.js(which + ".click()")


def folder(b, *titles):
    b.js("location.hash = '#/'; 1")
    for title in titles:
        open_item(b, title)


def shown(b):
    """All pictures near the window have come."""
    b.until("pictures", "![].some.call(document.querySelectorAll('#view .art img'), function (i) {"
            " return i.hidden && i.getBoundingClientRect && i.parentNode.getBoundingClientRect().top < innerHeight; })")
    time.sleep(0.4)


def loads(b, url):
    b.prefers("light")
    b.go(url)
    b.until("the four views", "document.querySelectorAll('#view .grid .card').length >= 4")
    b.until("the name", "document.title === 'rill in the house'")
    assert b.js("document.documentElement.lang") == "en"
    # Headings, names and roles for who does not see.
    assert b.js("[].every.call(document.querySelectorAll('button'), function (e) { return e.offsetParent === null || e.textContent || e.getAttribute('aria-label'); })")
    b.until("shelves", "document.querySelectorAll('.shelf .card').length > 8")
    assert not b.nameless(), b.nameless()


def speaks_many_languages(b, url):
    for wanted, language, word in (("de-AT,de", "de", "Bibliothek"), ("hu", "hu", "K\u00f6nyvt\u00e1r"), ("ru-RU", "ru", "\u041c\u0435\u0434\u0438\u0430\u0442\u0435\u043a\u0430"),
                                   ("zh-CN", "zh", "\u5a92\u4f53\u5e93"), ("fr,hu", "hu", "K\u00f6nyvt\u00e1r"), ("fr", "en", "Library"), ("en", "en", "Library")):
        b.speaks(wanted)
        b.go("about:blank")
        b.go(url)
        b.until("the views in its words", "document.querySelectorAll('#view .grid .card').length >= 4 && %s.indexOf('Folders') %s 0" %
                (TITLES, ">" if language == "en" else "<"))
        b.until(wanted, "document.documentElement.lang === '%s' && document.getElementById('tab-library').textContent === %s" % (language, json.dumps(word)))


def keeps_the_place(b, url):
    """The way back leads to where one was, to the eye and to the focus."""
    b.wide(390, 420)
    folder(b, "Music", "Albums")
    b.until("albums", "document.querySelectorAll('#view .card').length === 5")
    b.js("document.querySelectorAll('#view .open')[4].focus()")
    b.until("it is scrolled", "window.pageYOffset > 40")
    top = b.js("window.pageYOffset")
    b.until("the page has seen it", "new Promise(function (done) { requestAnimationFrame(function () { requestAnimationFrame(function () { done(true); }); }); })")
    b.key("Enter")
    b.until("songs", "document.querySelectorAll('.row').length > 1 && window.pageYOffset === 0")
    b.until("the heading is said", "document.activeElement === document.getElementById('title')")
    b.key("Backspace")
    b.until("the same place", "Math.abs(window.pageYOffset - %d) < 3" % top)
    b.until("the same focus", "document.activeElement === document.querySelectorAll('#view .open')[4]")
    b.wide()


def browses(b, url):
    folder(b, "Video", "Films")
    b.until("films", "document.querySelectorAll('#view .card.video').length === 7")
    b.until("the path", "document.querySelectorAll('#path a').length === 2")
    b.until("posters", "!!document.querySelector('.grid.posters img:not([hidden])')")
    b.js("history.back(); 1")
    b.until("back", "document.querySelector('#title').textContent === 'Video'")
    folder(b, "Folders", "odd")
    name = "</script><img src=x onerror=\"document.title='owned'\">&amp;\n"
    b.until("the hostile name", "%s.some(function (t) { return t.indexOf('onerror') > 0; })" % TITLES)
    assert b.js("document.querySelectorAll('#view img[src=x]').length") == 0, name
    b.js("document.querySelector('.row .more').click()")
    b.until("details", "document.querySelector('#sheet h2').textContent.indexOf('</script>') >= 0")
    assert b.js("document.querySelector('#sheet a[download]').getAttribute('href')").startswith("/media/")
    assert b.js("document.querySelector('#sheet .address').value").startswith(url + "media/")
    for _ in range(8):
        b.key("Tab")
        assert b.js("document.activeElement === document.body || document.getElementById('sheet').contains(document.activeElement)"), "the focus is behind the sheet"
    assert not b.nameless(), b.nameless()
    b.key("Escape")
    assert b.js("document.title") != "owned" and b.js("document.getElementById('shade').hidden")


def searches(b, url):
    b.js("document.getElementById('query').focus()")
    b.write("winter viv")
    b.until("results", TITLES + ".join() === 'Winter: Largo'")
    b.js("document.getElementById('query').value = ''; 1")
    b.write("baroque")
    b.until("songs of a genre", "['Aria', 'Spring: Allegro'].every(function (t) { return %s.indexOf(t) >= 0; })" % TITLES)
    b.js("document.getElementById('query').value = ''; 1")
    b.write("\"no such) <thing> or \\")
    b.until("no results", "document.getElementById('note').textContent === 'Nothing matches.'")


def plays_music(b, url):
    folder(b, "Music", "Albums", "The Four Seasons")
    b.until("songs", "document.querySelectorAll('.row').length === 4")
    b.js("document.querySelectorAll('.row .open')[1].click()")
    b.until("it plays", "document.getElementById('media').currentTime > 0.5")
    b.until("the row is marked", "document.querySelectorAll('.row')[1].className.indexOf('playing') > 0")
    b.click("#next")
    b.until("the next one", "document.getElementById('now-title').textContent === 'Autumn: Allegro'")
    b.until("it plays", "document.getElementById('media').currentTime > 0.3")
    b.click("#queue-open")
    b.until("the queue", "document.querySelectorAll('.entry').length === 4")
    b.key("Escape")
    b.js("document.querySelector('.row .more').click()")
    b.js("[].filter.call(document.querySelectorAll('#sheet .action'), function (a) { return a.textContent === 'Add to queue'; })[0].click()")
    b.click("#queue-open")
    b.until("one more in the queue", "document.querySelectorAll('.entry').length === 5")
    b.key("Escape")
    assert not b.nameless(), b.nameless()
    b.click("#play")
    b.until("it pauses", "document.getElementById('media').paused")


def plays_films(b, url):
    folder(b, "Video", "Films", "Metropolis")
    b.until("it plays", "document.getElementById('media').currentTime > 0.3")
    b.until("the stage", "document.getElementById('player').className.indexOf('staged') > 0")
    b.click("#captions")
    cue = "(function () { var t = document.getElementById('media').textTracks[0]; return t.mode === 'showing' && t.activeCues && t.activeCues[0] && t.activeCues[0].text; }())"
    b.until("a subtitle", cue + " === 'Der Mittler zwischen Hirn und H\u00e4nden muss das Herz sein.'")
    b.until("its language", "document.querySelector('track').label === 'German'")
    b.click("#captions")
    b.until("the other subtitle", cue.replace("textTracks[0]", "textTracks[1]") + " === 'The mediator, <i>between</i> head and hands\\nmust be the heart.'")
    b.js("(function () { var p = document.getElementById('position'); p.value = 500; p.oninput(); p.onchange(); }())")
    b.until("it seeks", "document.getElementById('media').currentTime >= 120")
    b.until("it plays on", "document.getElementById('media').currentTime > 120.3")
    b.key("Escape")
    b.until("the stage closes", "document.getElementById('player').className.indexOf('staged') < 0")
    assert not b.js("document.getElementById('media').paused")
    b.click("#stop")
    b.until("the player goes", "document.getElementById('player').hidden")
    # What cannot be played can be had all the same.
    folder(b, "Folders", "odd", "old")
    b.until("why", "/cannot play/.test(document.querySelector('#sheet .why').textContent)")
    b.key("Escape")


def resumes(b, url):
    b.go(url)
    b.until("in progress", "%s.indexOf('Metropolis') >= 0 && document.querySelector('.shelf h2').textContent === 'In progress'" % TITLES)
    open_item(b, "Metropolis")
    b.until("it goes on", "document.getElementById('media').currentTime >= 120")
    assert "Resumed" in b.js("document.getElementById('toast').textContent")
    b.click("#stop")


def shows_pictures(b, url):
    folder(b, "Pictures", "All pictures")
    b.until("photos", "document.querySelectorAll('.card.image').length >= 6")
    b.js("document.querySelectorAll('.card.image .open')[1].click()")
    b.until("the picture itself", "/^\\/media\\//.test(document.getElementById('picture').getAttribute('src'))")
    before = b.js("document.getElementById('stage-title').textContent")
    b.key("ArrowRight")
    b.until("the next one", "document.getElementById('stage-title').textContent !== %s" % json.dumps(before))
    b.key("Escape")
    b.until("closed", "document.getElementById('player').hidden")
    # What no browser shows can be had all the same, and who closes it is where they were.
    folder(b, "Folders", "odd")
    b.until("it", "!!document.querySelector('#view .card.image .open')")
    b.js("document.querySelector('#view .card.image .open').focus()")
    b.key("Enter")
    b.until("why", "!document.getElementById('stage-why').hidden")
    b.click("#stage-more")
    b.until("a download", "/scan\\.tiff$/.test(document.querySelector('#sheet a[download]').getAttribute('download'))")
    b.key("Escape")
    b.key("Escape")
    b.until("closed", "document.getElementById('player').hidden")
    b.until("the focus where it was", "document.activeElement === document.querySelector('#view .card.image .open')")


def obeys_a_remote_control(b, url):
    folder(b)
    b.until("the views", "document.querySelectorAll('#view .grid .card').length >= 4")
    b.js("document.activeElement.blur()")
    b.key("ArrowDown")
    b.until("the first", "document.activeElement === document.querySelector('#view .open')")
    b.key("ArrowRight")
    b.until("the second", "document.activeElement === document.querySelectorAll('#view .open')[1]")
    b.key("ArrowUp")
    assert b.js("document.getElementById('top').contains(document.activeElement)")
    b.key("ArrowDown")
    b.until("down again", "document.getElementById('view').contains(document.activeElement)")
    b.key("Enter")
    b.until("it opens", "location.hash.indexOf('#/o/') === 0")
    b.key("Backspace")
    b.until("back", "location.hash === '#/'")


def follows(b, url):
    b.js("location.hash = '#/status'; 1")
    b.until("devices", "/Mozilla/.test(document.querySelector('.devices').textContent)")
    b.until("what a device said", "!!document.querySelector('.devices a[href^=\"exchanges/\"]')")
    b.until("skipped files", "/damaged.mp4/.test(document.querySelector('.skipped').textContent)")
    b.until("numbers", "document.querySelector('.library b').textContent === '7'")
    b.click(".scan .action")
    b.until("a new scan", "/Reading everything again/.test(document.getElementById('toast').textContent)")
    b.until("its end", "!document.querySelector('.scan .action').disabled && document.querySelector('.scan h2').textContent === 'Up to date'")
    for language, why in (("de", "leer"), ("en", "empty")):
        b.speaks(language)
        b.go("about:blank")
        b.go(url + "#/status")
        b.until("why a file is skipped, in its words", "document.querySelector('.skipped .badge').textContent === '%s'" % why)


def looks_well(b, url):
    """The pictures of README.md."""
    folder_for_pictures = sys.argv[3] if len(sys.argv) > 3 else b.folder
    b.prefers("light")
    b.wide(1280, 800)
    b.go(url + "#/status")
    b.go(url)
    b.until("shelves", "document.querySelectorAll('.shelf .card').length > 8")
    shown(b)
    b.picture(os.path.join(folder_for_pictures, "library.webp"))
    b.prefers("dark")
    b.wide(900, 760)
    b.js("location.hash = '#/status'; 1")
    b.until("skipped files", "/damaged.mp4/.test(document.querySelector('.skipped').textContent)")
    time.sleep(0.4)
    b.picture(os.path.join(folder_for_pictures, "status.webp"))
    b.wide(390, 712, 2, True)
    folder(b, "Music", "Albums", "Goldberg Variations")
    b.until("songs", "document.querySelectorAll('.row').length === 5")
    b.js("document.querySelectorAll('.row .open')[2].click()")
    b.until("it plays", "document.getElementById('media').currentTime > 1")
    assert b.js("document.documentElement.scrollWidth") <= 390, "wider than a telephone"
    shown(b)
    b.picture(os.path.join(folder_for_pictures, "phone.webp"), quality=75)
    b.click("#stop")
    b.wide()


def complains_of_nothing(b, url):
    assert not b.complaints, b.complaints
    elsewhere = [r for r in b.requests if not r.startswith(url) and not r.startswith("about:")]
    assert not elsewhere, elsewhere
    # The policy holds: what somebody could put into the page does not run.
    b.js("(function () { var s = document.createElement('script'); s.textContent = 'document.title = \"owned\"'; document.body.appendChild(s); }())")
    end = time.monotonic() + PATIENCE
    while not any("Content Security Policy" in c for c in b.complaints):
        assert b.js("document.title") != "owned" and time.monotonic() < end, b.complaints


def moves_the_bar(b, url):
    end = time.monotonic() + PATIENCE
    b.go(url + "#/status")
    # Until the server is up; a page that is being left answers nothing.
    while time.monotonic() < end:
        try:
            if b.js("location.href").startswith(url):
                break
        except Failed:
            pass
        time.sleep(0.1)
        b.go(url + "#/status")
    done = "(function () { var f = document.querySelector('.scan .bar.running span'); return f ? parseFloat(f.style.width) : 0; }())"
    first = b.until("the bar", done)
    b.until("the bar moves", "%s > %f" % (done, first))
    b.until("what is read", "/\\/many\\//.test(document.querySelector('.scan .cut').textContent)")
    b.until("the mark in the head", "!document.getElementById('busy').hidden")


def polls(b, url):
    b.go(url + "#/status")
    b.until("the first files", "document.querySelectorAll('.skipped .line').length === 100")
    b.click(".skipped .action")
    b.until("all files", "document.querySelectorAll('.skipped .line').length === 150")
    b.until("what there is", "[].map.call(document.querySelectorAll('.library b'), function (n) { return n.textContent; }).slice(0, 2).join() === '1,1'")
    print("ready", flush=True)
    b.until("what came", "document.querySelectorAll('.library b')[1].textContent === '2'")
    # That it was refused is all there is to complain of.
    assert b.complaints and all("503" in c and "/live" in c for c in b.complaints), b.complaints


ALONE = {"progress": moves_the_bar, "polls": polls}
ALL = [loads, speaks_many_languages, keeps_the_place, browses, searches, plays_music, plays_films, resumes, shows_pictures, obeys_a_remote_control, follows, looks_well,
       complains_of_nothing]


def main():
    wanted, url = sys.argv[1], sys.argv[2]
    checks = ALL if wanted == "all" else [ALONE[wanted]] if wanted in ALONE else [c for c in ALL if c.__name__ == wanted]
    b = Browser()
    try:
        if wanted == "progress":
            print("ready", flush=True)
        for check in checks:
            start = time.monotonic()
            try:
                check(b, url)
            except (Failed, AssertionError) as why:
                b.picture(os.path.join(tempfile.gettempdir(), "rill-page-failed.webp"))
                import traceback
                traceback.print_exc(file=sys.stdout)
                print("FAILED %s: %s; complaints: %s" % (check.__name__, why, b.complaints), flush=True)
                sys.exit(1)
            print("ok %s, %.1f s" % (check.__name__, time.monotonic() - start), flush=True)
    finally:
        b.close()


if __name__ == "__main__":
    main()
