"""Where downloads come from in tests: a web server on loopback, and a Maven that fails."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from kafkalab.releases import CURRENT, Release

PATH = f"/{CURRENT.version}/{CURRENT.tarball}"


class Server:
    """A web server on loopback that serves files, half files, and silence."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.cut: dict[str, int] = {}
        self.hang: set[str] = set()
        self.release_all = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                data = outer.files.get(self.path)
                if data is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(data[: outer.cut.get(self.path, len(data))])
                    self.wfile.flush()
                if self.path in outer.hang:
                    outer.release_all.wait(60)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: the test's output is not for it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def serve(self, archive: bytes) -> Release:
        """A release whose tarball is here, at the second of two mirrors."""
        mirrors = (self.url("/gone"), self.url(""))
        digest = hashlib.sha512(archive).hexdigest()
        self.files[PATH] = archive
        return replace(CURRENT, mirrors=mirrors, sha512=digest)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def close(self) -> None:
        self.release_all.set()
        self._server.shutdown()
        self._server.server_close()


def fake_mvn(folder: Path, script: str) -> str:
    command = folder / "mvn"
    command.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    command.chmod(0o755)
    return str(command)
