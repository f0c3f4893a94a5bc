"""Carries SNS posts to their endpoints in a thread of its own, and tries again a few times."""

from __future__ import annotations

import heapq
import http.client
import threading
import time
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

ATTEMPTS = 4
_FIRST_RETRY = 0.2  # Seconds, doubled each time; the real one takes 20 s and up.
_TIMEOUT = 5.0


class Parcel(NamedTuple):
    """A post to be made: where to, what it says of itself, and its body, made when it leaves."""

    endpoint: str
    kind: str
    message_id: str
    topic: str
    subscription: str
    body: Callable[[], str]


class Courier:
    """Parcels in the order in which they are due. The thread starts with the first one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, int, Parcel]] = []
        self._count = 0
        self._thread: threading.Thread | None = None
        self._stopped = False
        self.log: list[dict[str, object]] = []

    def take(self, parcel: Parcel, delay: float, attempt: int = 1) -> None:
        """Deliver after *delay* seconds."""
        with self._changed:
            if self._stopped:
                return
            self._count += 1
            row = (time.monotonic() + delay, self._count, attempt, parcel)
            heapq.heappush(self._waiting, row)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="sns-courier", daemon=True)
                self._thread.start()
            self._changed.notify()

    def stop(self) -> None:
        """Drop what is waiting and end the thread."""
        with self._changed:
            self._stopped = True
            self._waiting.clear()
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(_TIMEOUT)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._stopped and not self._due():
                    self._changed.wait(self._pause())
                if self._stopped:
                    return
                _, _, attempt, parcel = heapq.heappop(self._waiting)
            said = _post(parcel)
            self.log.append({"endpoint": parcel.endpoint, "type": parcel.kind, "answer": said})
            del self.log[:-200]
            if not said.startswith("2") and attempt < ATTEMPTS:
                self.take(parcel, _FIRST_RETRY * 2 ** (attempt - 1), attempt + 1)

    def _due(self) -> bool:
        return bool(self._waiting) and self._waiting[0][0] <= time.monotonic()

    def _pause(self) -> float | None:
        return max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else None


def _post(parcel: Parcel) -> str:
    """Make the post; the status that came back, or why none did."""
    target = urlsplit(parcel.endpoint)
    kind = http.client.HTTPSConnection if target.scheme == "https" else http.client.HTTPConnection
    connection = kind(target.hostname or "", target.port, timeout=_TIMEOUT)
    headers = {
        "Content-Type": "text/plain; charset=UTF-8",
        "User-Agent": "Amazon Simple Notification Service Agent",
        "x-amz-sns-message-type": parcel.kind,
        "x-amz-sns-message-id": parcel.message_id,
        "x-amz-sns-topic-arn": parcel.topic,
        "x-amz-sns-subscription-arn": parcel.subscription,
    }
    path = (target.path or "/") + (f"?{target.query}" if target.query else "")
    try:
        connection.request("POST", path, parcel.body().encode(), headers)
        return str(connection.getresponse().status)
    except (OSError, http.client.HTTPException) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        connection.close()
