"""The network between the service and SES: a TCP relay that can be cut in several ways."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from enum import StrEnum

LINGER_NONE = struct.pack("ii", 1, 0)  # close() then sends RST instead of FIN
PATIENCE = 0.1


class Cut(StrEnum):
    """How the network fails."""

    REFUSED = "refused"
    """Nobody listens, and what was open is reset."""
    STALLED = "stalled"
    """Connections come about and carry nothing, either way."""
    DEAF = "deaf"
    """What we say arrives; no answer comes back. The worst of them: SES has the messages."""
    RESET = "reset"
    """All open connections are reset at this moment; new ones are fine."""


class Cable:
    """Relays every connection to *port* of this machine; ``url`` is where it listens."""

    def __init__(self, port: int) -> None:
        self._to = ("127.0.0.1", port)
        self._lock = threading.Lock()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._cut: Cut | None = None
        self._closed = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._at: tuple[str, int] = self._listener.getsockname()
        self.url = f"http://127.0.0.1:{self._at[1]}"
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self, how: Cut) -> None:
        """Fail in this way until :meth:`heal`."""
        self._cut = how
        if how is Cut.REFUSED:
            _close(self._listener)
        if how in {Cut.REFUSED, Cut.RESET}:
            self._reset_all()

    def heal(self) -> None:
        """Carry everything again. What was said while nothing was carried is lost with its line."""
        how, self._cut = self._cut, None
        if how in {Cut.STALLED, Cut.DEAF}:
            self._reset_all()
        if how is Cut.REFUSED:
            self._listener = socket.create_server(self._at)
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self) -> None:
        self._closed = True
        _close(self._listener)
        self._reset_all()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self._to)
            except OSError:
                near.close()
                continue
            with self._lock:
                self._pairs.add((near, far))
            for source, target, answers in ((near, far, False), (far, near, True)):
                threading.Thread(
                    target=self._carry, args=(source, target, answers, (near, far)), daemon=True
                ).start()

    def _carry(
        self,
        source: socket.socket,
        target: socket.socket,
        answers: bool,
        pair: tuple[socket.socket, socket.socket],
    ) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if self._cut is Cut.STALLED or (self._cut is Cut.DEAF and answers):
                    continue  # the line is reset when the network is back
                target.sendall(data)
        self._hang_up(pair)

    def _reset_all(self) -> None:
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
            self._hang_up(pair)

    def _hang_up(self, pair: tuple[socket.socket, socket.socket]) -> None:
        with self._lock:
            self._pairs.discard(pair)
        for end in pair:
            _close(end)


def _close(end: socket.socket) -> None:
    """Close it, and wake whoever waits in it."""
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
