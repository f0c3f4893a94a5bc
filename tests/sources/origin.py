"""A web server whose answers a test sets, and which remembers what it was asked."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Request:
    path: str
    """With its query."""
    headers: Mapping[str, str]
    """Names in lower case."""


@dataclass(frozen=True)
class Answer:
    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: Iterable[bytes] | None = None
    """Instead of ``body``: sent one by one, without a length, until they end or nobody reads."""


Page = Answer | Callable[[Request], Answer]


class Origin:
    """Answers on a free port of 127.0.0.1; what is not set is a 404."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.pages: dict[str, Page] = {}
        """By path, without the query."""
        self.requests: list[Request] = []
        self.stopping = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_port

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{self._scheme}://{host}:{self.port}{path}"

    def feed(self, path: str, body: bytes, **headers: str) -> str:
        """Serve *body* at *path*; its address. Names of headers are written with '_'."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = Answer(body, headers=named)
        return self.url(path)

    def redirect(self, path: str, to: str, status: int = 302) -> str:
        self.pages[path] = Answer(status=status, headers={"Location": to})
        return self.url(path)

    def drip(self, piece: bytes, every: float) -> Iterator[bytes]:
        """*piece*, again and again, with a pause, until the test is over."""
        while not self.stopping.wait(every):
            yield piece

    def close(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        origin = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                request = Request(self.path, {k.lower(): v for k, v in self.headers.items()})
                origin.requests.append(request)
                page = origin.pages.get(self.path.partition("?")[0], Answer(status=404))
                self._send(page(request) if callable(page) else page)

            def _send(self, answer: Answer) -> None:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if answer.pieces is None:
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                try:
                    for piece in answer.pieces or (answer.body,):
                        self.wfile.write(piece)
                        self.wfile.flush()
                except OSError:
                    return  # the reader has had enough, which is what most of these tests are about

            def log_message(self, format: str, *args: object) -> None:
                return

        return Handler
