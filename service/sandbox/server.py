"""HTTP/1.1 over the standard library's threading server, with the few things it lacks."""

from __future__ import annotations

import socket
import sys
import threading
import time
import traceback
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from .web import Answer, BadDocument, Request, Response, Router, Wire, as_json

_LARGEST_BODY = 64 * 1024 * 1024
_REASON = {status.value: status.phrase for status in HTTPStatus}
_ABANDONED = (BrokenPipeError, ConnectionResetError, ConnectionAbortedError, TimeoutError)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.opened(self.connection)

    def finish(self) -> None:
        try:
            super().finish()
        except _ABANDONED:
            pass
        finally:
            self.server.closed(self.connection)

    def handle(self) -> None:
        try:
            super().handle()
        except _ABANDONED:
            self.close_connection = True

    def _serve(self) -> None:
        given = self.headers.get("Content-Length") or "0"
        if not given.isdecimal() or int(given) > _LARGEST_BODY:
            self.close_connection = True
            self._write(as_json({"message": "Give a Content-Length of at most 64 MiB."}, 413))
            return
        length = int(given)
        path, _, query = self.path.partition("?")
        body = self.rfile.read(length) if length else b""
        self._write(self._answer(Request(self.command, path, query, self.headers, body)))

    # The base class calls these by name.
    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

    def _answer(self, request: Request) -> Answer:
        try:
            return self.server.router.answer(request)
        except BadDocument as error:
            return as_json({"message": str(error)}, 400)
        except (
            Exception
        ):  # A fault of the sandbox must be seen, and must not look like a lost answer.
            trace = traceback.format_exc()
            sys.stderr.write(trace)
            return as_json({"message": "The sandbox failed.", "trace": trace}, 500)

    def _write(self, answer: Answer) -> None:
        if isinstance(answer, Wire):
            self.close_connection = True
            for chunk in answer.chunks:
                self.wfile.write(chunk)
            return
        self.wfile.write(self._head(answer) + (b"" if self.command == "HEAD" else answer.body))

    def _head(self, answer: Response) -> bytes:
        reason = _REASON.get(answer.status, "")
        lines = [
            f"HTTP/1.1 {answer.status} {reason}",
            f"Content-Type: {answer.content_type}",
            f"Content-Length: {len(answer.body)}",
            *(f"{name}: {value}" for name, value in answer.headers.items()),
        ]
        if answer.status == HTTPStatus.NOT_MODIFIED:
            del lines[1:3]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: who wants to know asks ``/control``."""


class Server(ThreadingHTTPServer):
    """Serves a router until it is stopped, then lets go of every connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self, host: str, port: int, router: Router) -> None:
        self.router = router
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((host, port), _Connection)

    def server_bind(self) -> None:
        # HTTPServer's own asks the resolver for this machine's full name, which can take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def opened(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)

    def connections(self) -> list[socket.socket]:
        """Those that are open now."""
        with self._lock:
            return list(self._open)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        """Stop listening, hang up on everyone, and wait a moment for their threads."""
        self.shutdown()
        self.server_close()
        for connection in self.connections():
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # It hung up first.
        deadline = time.monotonic() + 2
        while self._open and time.monotonic() < deadline:
            time.sleep(0.005)
