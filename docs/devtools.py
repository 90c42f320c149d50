"""A headless Chromium, driven through its DevTools protocol with the standard library only."""

import base64
import contextlib
import json
import select
import shutil
import subprocess
import time

EXECUTABLES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
TIMEOUT = 60  # seconds for one answer


def find_chromium():
    """The path of Chromium, or None."""
    return next(filter(None, map(shutil.which, EXECUTABLES)), None)


class Browser:
    """Headless Chromium, through the two pipes of its DevTools protocol."""

    def __init__(self, executable, profile):
        command = [
            executable,
            "--headless",
            "--no-sandbox",  # required in containers; only our own pages are opened
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-extensions",
            "--hide-scrollbars",  # those of a phone take no width
            "--no-first-run",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no network
            f"--user-data-dir={profile}",
            "--remote-debugging-pipe",
            "about:blank",
        ]
        # Chromium reads from descriptor 3 and writes to descriptor 4.
        pipes = 'exec "$@" 3<&0 4>&1 0</dev/null 1>/dev/null'
        self._process = subprocess.Popen(
            ["sh", "-c", pipes, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        self._buffer = b""
        self._last = 0
        self._session = None
        self.events = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        """Call a method of the protocol and return its result."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._process.stdin.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive(method)
            if answer.get("id") == self._last:
                if "error" in answer:
                    raise RuntimeError(f"Chromium: {method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, event):
        """Wait for an event that has not been seen yet, among those since the last `take`."""
        while not any(seen.get("method") == event for seen in self.events):
            self.events.append(self._receive(event))

    def take(self):
        """Return the events since the last call, and forget them."""
        events, self.events = self.events, []
        return events

    def evaluate(self, expression):
        """The value of a JavaScript expression, awaited if it is a promise."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise RuntimeError(f"Chromium: {details.get('exception', details)}")
        return answer["result"].get("value")

    def resize(self, width):
        """Set the width of the window, in CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )

    def open(self, url):
        """Open a page and wait until it is loaded."""
        self.take()
        self.call("Page.navigate", url=url)
        self.wait("Page.loadEventFired")

    def screenshot(self):
        """PNG of the whole page."""
        answer = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(answer["data"])

    def close(self):
        """End the process."""
        with contextlib.suppress(OSError, RuntimeError):
            self._session = None
            self.call("Browser.close")
        try:
            self._process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            pipe.close()

    def _receive(self, waiting_for):
        deadline = time.monotonic() + TIMEOUT
        while b"\0" not in self._buffer:
            ready, _, _ = select.select(
                [self._process.stdout], [], [], max(0, deadline - time.monotonic())
            )
            chunk = self._process.stdout.read(1 << 16) if ready else b""
            if not chunk:
                state = "ended" if ready else f"did not answer in {TIMEOUT} s"
                raise RuntimeError(f"Chromium {state}, waiting for {waiting_for}")
            self._buffer += chunk
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)
