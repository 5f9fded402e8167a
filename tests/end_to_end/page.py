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

PATIENCE = 30 * float(os.environ.get("RILL_SLOW") or (10 if os.environ.get("RILL_RUNNER") else 1))
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
        self.buffer, self.number, self.session, self.complaints, self.requests = b"", 0, None, [], []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
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
                raise Failed("not in time: %s (%s); complaints: %s" % (what, expression, self.complaints))
            time.sleep(0.05)

    KEYS = {"Enter": (13, "\r"), "Escape": (27, ""), "ArrowLeft": (37, ""), "ArrowUp": (38, ""), "ArrowRight": (39, ""),
            "ArrowDown": (40, ""), "Backspace": (8, ""), " ": (32, " ")}

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

    def picture(self, path, form="webp", quality=82):
        shot = self.send("Page.captureScreenshot", format=form, **({"quality": quality} if form != "png" else {}))
        with open(path, "wb") as f:
            f.write(base64.b64decode(shot["data"]))


class Failed(Exception):
    pass
