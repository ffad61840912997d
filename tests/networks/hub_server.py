"""A file server on the loopback that answers as the hub does, as far as a download asks."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "c0ffee" + "0" * 34


@dataclass
class Hub:
    """Repositories below ``folder`` (``folder/owner/name/file``), and the requests so far as ``METHOD path``.

    ``fails`` holds paths (``owner/name/file``) whose content cannot be had; ``gated`` holds repositories whose terms
    nobody has agreed to.
    """

    folder: Path
    url: str = ""
    requests: list[str] = field(default_factory=list)
    fails: set[str] = field(default_factory=set)
    gated: set[str] = field(default_factory=set)


@contextmanager
def serving(folder: Path) -> Iterator[Hub]:
    """A hub at ``Hub.url`` while the block runs."""
    hub = Hub(folder)

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def _answer(self, with_body: bool) -> None:
            hub.requests.append(f"{self.command} {self.path}")
            repository, _, asked = self.path[1:].partition("/resolve/")
            revision, _, name = asked.partition("/")
            path = hub.folder / repository / name
            if repository in hub.gated:
                self._say(403, b"", {"X-Error-Code": "GatedRepo"})
            elif not path.parent.is_dir():
                self._say(404, b"", {"X-Error-Code": "RepoNotFound"})
            elif not path.is_file() or revision not in ("main", COMMIT):
                self._say(404, b"", {"X-Error-Code": "EntryNotFound"})
            elif with_body and f"{repository}/{name}" in hub.fails:
                self._say(500, b"", {})
            else:
                body = path.read_bytes()
                self._say(200, body, {"ETag": f'"{hashlib.sha256(body).hexdigest()}"'})

        def _say(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"X-Repo-Commit": COMMIT, "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Nothing: the requests are in ``Hub.requests``."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
