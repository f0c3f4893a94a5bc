"""A proxy that speaks TLS, in front of a server that does not: what stands before ``web``."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading


class TlsProxy:
    """Carries bytes both ways; *behind* is ``127.0.0.1:8000``."""

    def __init__(self, tls: ssl.SSLContext, behind: str) -> None:
        host, _, port = behind.rpartition(":")
        self._behind = (host, int(port))
        self._listener = tls.wrap_socket(
            socket.create_server(("127.0.0.1", 0)), server_side=True, do_handshake_on_connect=False
        )
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"https://localhost:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                front, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(front,), daemon=True).start()

    def _carry(self, front: ssl.SSLSocket) -> None:
        """One request and its answer; who asks closes."""
        with front, contextlib.suppress(OSError):
            front.do_handshake()
            with socket.create_connection(self._behind, timeout=10) as back:
                request = b""
                while b"\r\n\r\n" not in request:
                    request += front.recv(65_536)
                head, _, rest = request.partition(b"\r\n\r\n")
                back.sendall(head + b"\r\nConnection: close\r\n\r\n" + rest)
                while piece := back.recv(65_536):
                    front.sendall(piece)
