"""A real browser without a network, driven over a pair of pipes: Chromium's own protocol, no driver to install.

tests/conftest.py makes it known to every test.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE_SECONDS = 60
# a telephone and a desk, as width and height
PHONE, DESK = (390, 844), (1280, 900)


@dataclass
class Seen:
    """What a browser made of a page."""

    url: str
    asked: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class Browser:
    """One tab of a browser that resolves no name: whatever leaves the machine is a failed request."""

    def __init__(self, profile: Path, *, reaches: str = "") -> None:
        """Start it.

        Args:
            profile: An empty folder.
            reaches: The one host that it may reach, say 127.0.0.1; none when empty.
        """
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        # away from 3 and 4, so that moving the one does not overwrite the other
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (to_browser, from_browser)]
        os.close(to_browser)
        os.close(from_browser)
        rules = "MAP * ~NOTFOUND" + (f", EXCLUDE {reaches}" if reaches else "")
        # the protocol is spoken over descriptors 3 and 4: a shell moves them there, whatever their numbers are
        command = [
            "bash", "-c", f'exec "$0" "$@" 3<&{ends[0]} 4>&{ends[1]}', str(BROWSER),
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage",
            "--no-first-run", "--hide-scrollbars", f"--host-resolver-rules={rules}", f"--user-data-dir={profile}",
            "--remote-debugging-pipe", "about:blank",
        ]  # fmt: skip
        self._process = subprocess.Popen(command, pass_fds=ends, stderr=subprocess.DEVNULL, start_new_session=True)
        for end in ends:
            os.close(end)
        self._buffer, self._number, self._session = b"", 0, ""
        self._seen = Seen("about:blank")
        self._loaded = False
        targets = self.do("Target.getTargets")["targetInfos"]
        target = next(one["targetId"] for one in targets if one["type"] == "page")
        self._session = self.do("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.do(f"{domain}.enable")

    def close(self) -> None:
        """End it, with all its processes."""
        for end in (self._write, self._read):
            os.close(end)
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def do(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and wait for its answer; what happens meanwhile is noted."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        left = json.dumps(message).encode() + b"\0"
        while left:
            left = left[os.write(self._write, left) :]
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self._next(until)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def _next(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                raise TimeoutError(f"{self._seen.url}: the browser did not answer in {PATIENCE_SECONDS} s")
            more = os.read(self._read, 1 << 20)
            if not more:
                raise EOFError("the browser ended")
            self._buffer += more
        one, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(one)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, method: str, given: dict[str, Any]) -> None:
        seen = self._seen
        if method == "Network.requestWillBeSent":
            seen.asked.append(given["request"]["url"])
        elif method == "Network.loadingFailed" and not given.get("canceled"):
            seen.failed.append(f"{given['errorText']} ({given['type']})")
        elif method == "Network.responseReceived" and given["response"]["status"] >= 400:
            seen.failed.append(f"{given['response']['status']} {given['response']['url']}")
        elif method == "Runtime.exceptionThrown":
            details = given["exceptionDetails"]
            seen.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and given["type"] in ("error", "warning", "assert"):
            seen.errors.append(" ".join(str(one.get("value", one.get("description"))) for one in given["args"]))
        elif method == "Log.entryAdded" and given["entry"]["level"] in ("error", "warning"):
            seen.errors.append(given["entry"]["text"])
        elif method == "Page.loadEventFired":
            self._loaded = True

    def resize(self, size: tuple[int, int]) -> None:
        """The size of the window; a telephone's is one that is touched."""
        width, height = size
        self.do(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip

    def open(self, url: str) -> Seen:
        """Open a page and wait until it is loaded and has been drawn."""
        self._seen, self._loaded = Seen(url), False
        self.do("Page.navigate", url=url)
        until = time.monotonic() + PATIENCE_SECONDS
        while not self._loaded:
            self._next(until)
        # two frames after the load: what scripts draw on promises is there
        self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")
        return self._seen

    def evaluate(self, script: str) -> Any:
        """The value of an expression in the page."""
        got = self.do("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in got:
            raise AssertionError(got["exceptionDetails"])
        return got["result"].get("value")

    def wait_for(self, script: str, seconds: float = PATIENCE_SECONDS) -> Any:
        """Ask again until an expression is true."""
        until = time.monotonic() + seconds
        while not (value := self.evaluate(script)):
            if time.monotonic() > until:
                raise TimeoutError(f"{self._seen.url}: never true: {script}")
            time.sleep(0.1)
        return value

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """A picture of the page, down to its end or of the window alone."""
        taken = self.do("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(taken["data"]))


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if BROWSER is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    opened = Browser(tmp_path_factory.mktemp("browser"))
    yield opened
    opened.close()
