"""A web server on this machine, with or without ranges, that counts what it sends."""
from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CHUNK = 1 << 20


class Server(ThreadingHTTPServer):
    """Serves the files of ``folder``; ``sent`` are bytes of bodies, ``requests`` how many were answered."""

    daemon_threads = True

    def __init__(self, folder: Path, has_ranges: bool) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.has_ranges = folder, has_ranges
        self.sent = self.requests = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, body: bool) -> None:
        path = self.server.folder / self.path.lstrip("/")
        if not path.is_file():
            self.send_error(404)
            return
        size, wanted = path.stat().st_size, self.headers.get("Range")
        start, end = 0, size
        if wanted and self.server.has_ranges:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start, end = int(first), min(int(last or size) + 1, size)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        else:
            self.send_response(200)
        if self.server.has_ranges:
            self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(end - start))
        self.send_header("ETag", f'"{size}"')
        self.end_headers()
        self.server.requests += 1
        if body:
            self.send(path, start, end)

    def send(self, path: Path, start: int, end: int) -> None:
        with open(path, "rb") as file:
            file.seek(start)
            while start < end:
                piece = file.read(min(CHUNK, end - start))
                try:
                    self.wfile.write(piece)
                except OSError:
                    return
                self.server.sent += len(piece)
                start += len(piece)

    def log_message(self, *_: object) -> None:
        """Nothing on standard error."""


@contextmanager
def serving(folder: Path, has_ranges: bool = True) -> Iterator[Server]:
    """The server, as long as it is needed."""
    with Server(folder, has_ranges) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
