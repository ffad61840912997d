"""A page in a real headless Chromium, driven over the pipe of its DevTools protocol."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe")
KEYS = {"Tab": 9, "Enter": 13}
COMPLAINTS = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")


@dataclass
class Browser:
    """One tab: what it is told to do, what it asked the network for, and what its console says."""

    write: IO[bytes]
    read: IO[bytes]
    session: str | None = None
    sent: int = 0
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def call(self, method: str, **parameters: object) -> dict[str, object]:
        """The answer to a command of the protocol; events that come before it are kept."""
        self.sent += 1
        message = {"id": self.sent, "method": method, "params": parameters}
        if self.session is not None:
            message["sessionId"] = self.session
        self.write.write(json.dumps(message).encode() + b"\0")
        self.write.flush()
        while (got := self._next()).get("id") != self.sent:
            pass
        assert "error" not in got, got
        return got["result"]

    def open(self, path: Path, width: int = 1100, *, dark: bool = False) -> None:
        """Loads the page at ``path`` as a screen of that width shows it."""
        self.seen.clear()
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.call("Page.navigate", url=path.as_uri())
        while "Page.loadEventFired" not in self.seen:
            self._next()

    def value(self, expression: str) -> object:
        """What a JavaScript ``expression`` is on the page."""
        got = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in got, got
        return got["result"].get("value")  # type: ignore[attr-defined]

    def press(self, key: str) -> None:
        """Presses and releases ``key`` as a person at the keyboard does."""
        pressed = {"key": key, "code": key, "windowsVirtualKeyCode": KEYS[key]}
        text = {"text": "\r"} if key == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", **pressed, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **pressed)

    def screenshot(self) -> bytes:
        """What is seen of the page, as PNG."""
        return base64.b64decode(str(self.call("Page.captureScreenshot", format="png")["data"]))

    def _next(self) -> dict[str, object]:
        parts = bytearray()
        while (byte := self.read.read(1)) != b"\0":
            assert byte, "the browser has ended"
            parts += byte
        message: dict[str, object] = json.loads(parts)
        self._note(message)
        return message

    def _note(self, message: dict[str, object]) -> None:
        method = str(message.get("method", ""))
        assert method != "Page.javascriptDialogOpening", "a script of a label has run"
        self.seen.append(method)
        parameters = json.dumps(message.get("params"))
        if method == "Network.requestWillBeSent":
            self.requests.append(json.loads(parameters)["request"]["url"])
        if method in COMPLAINTS:
            self.complaints.append(parameters)


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A fresh Chromium with its files in ``folder``, ended afterwards."""
    assert CHROMIUM is not None
    (to_read, to_write), (from_read, from_write) = os.pipe(), os.pipe()
    command = [CHROMIUM, *OPTIONS, f"--user-data-dir={folder}"]
    ours, theirs = (to_write, from_read), (_high(to_read), _high(from_write))
    silent = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    given = [(os.POSIX_SPAWN_DUP2, number, place) for place, number in enumerate(theirs, 3)]
    process = os.posix_spawn(CHROMIUM, command, os.environ, file_actions=[*silent, *given])
    for number in theirs:
        os.close(number)
    try:
        with os.fdopen(ours[0], "wb") as write, os.fdopen(ours[1], "rb") as read:
            tab = Browser(write, read)
            target = tab.call("Target.createTarget", url="about:blank")["targetId"]
            tab.session = str(tab.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
            for domain in ("Page", "Network", "Runtime", "Log"):
                tab.call(f"{domain}.enable")
            yield tab
            tab.session = None
            tab.call("Browser.close")
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def _high(number: int) -> int:
    """The same file under a number that does not stand in the way of 3 and 4, which the protocol asks for."""
    copy = fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(number)
    return copy
