"""A real HTTP server on the loopback, which can misbehave as servers on the network do."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from xbench.data.download.transmission import RemoteFile


@dataclass
class Behaviour:
    """What the server does; tests change it between requests."""

    content: bytes
    # Whether it answers a Range with the rest, and what it calls that rest.
    ranges: bool = True
    content_range: str | None = None
    range_status: int = 206
    # Bytes of the body sent before the connection is cut, by request; whole where used up.
    cuts: list[int] = field(default_factory=list)
    status: int = 200
    # Without a length a client cannot tell the end from a cut.
    says_length: bool = True
    # Set when the first bytes are out, and waited for before the rest goes out.
    half_sent: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event | None = None
    # Every request's Range header, None where it had none.
    asked: list[str | None] = field(default_factory=list)
    sent: int = 0


class FileServer:
    """Serves one file's content at every path."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(behaviour))
        self._http.daemon_threads = True
        self.address = f"127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@contextmanager
def serving(content: bytes) -> Iterator[FileServer]:
    server = FileServer(Behaviour(content))
    server.start()
    try:
        yield server
    finally:
        if server.behaviour.go_on is not None:
            server.behaviour.go_on.set()
        server.stop()


def registered(server: FileServer, content: bytes, name: str = "matrix.h5") -> RemoteFile:
    """The file as it would be registered: `content` is what it should hold."""
    digest = hashlib.sha256(content).hexdigest()
    return RemoteFile(name, f"http://{server.address}/{name}", len(content), f"sha256:{digest}")


def _handler(behaviour: Behaviour) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            behaviour.asked.append(asked)
            assert self.headers.get("Accept-Encoding") == "identity"
            if behaviour.status != 200:
                self.send_error(behaviour.status)
                return
            start, status = 0, 200
            if asked is not None and behaviour.ranges:
                start, status = int(asked.removeprefix("bytes=").removesuffix("-")), 206
            if status == 206 and behaviour.range_status != 206:
                self.send_error(behaviour.range_status)
                return
            body = behaviour.content[start:]
            self.send_response(status)
            if status == 206:
                size = len(behaviour.content)
                self.send_header(
                    "Content-Range",
                    behaviour.content_range or f"bytes {start}-{size - 1}/{size}",
                )
            if behaviour.says_length:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self._send(body[: behaviour.cuts.pop(0)] if behaviour.cuts else body)

        def _send(self, body: bytes) -> None:
            if behaviour.go_on is None:
                self.wfile.write(body)
                behaviour.sent += len(body)
                return
            half = len(body) // 2
            self.wfile.write(body[:half])
            self.wfile.flush()
            behaviour.half_sent.set()
            behaviour.go_on.wait(20)
            try:
                self.wfile.write(body[half:])
            except OSError:
                # The client was killed meanwhile, on purpose.
                return
            behaviour.sent += len(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    return Handler
