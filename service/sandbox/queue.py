"""A queue with delays and visibility: at least once, mostly in order."""

from __future__ import annotations

import heapq
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from .clock import Clock

_RECHECK = 0.05  # Seconds between looks at a clock that may not be the wall's.


class QueueError(Exception):
    """A refusal, named as SQS names it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True, eq=False)
class QueuedMessage:
    """A message on a queue. The body is made when it is read: a million waiting stay cheap."""

    number: int
    body: Callable[[], str]
    sent: float
    receives: int = 0
    receipt: str = ""


class Queue:
    """A standard queue: at least once, mostly in order."""

    def __init__(self, name: str, clock: Clock, visibility: float = 30) -> None:
        self.name = name
        self.visibility = visibility
        self.attributes: dict[str, str] = {}
        """What SQS calls so and a queue of ours keeps as it was given: its policy and so on."""
        self.dead_letters: tuple[Queue, int] | None = None
        """Where a message goes that was received so many times and not deleted."""
        self._clock = clock
        self._secret = uuid.uuid4().int >> 64
        self._changed = threading.Condition()
        self._count = 0
        self._ready: deque[QueuedMessage] = deque()
        # (when it may be seen, tie-breaker, message, the receipt under which it was hidden)
        self._later: list[tuple[float, int, QueuedMessage, str]] = []
        self._hidden: dict[str, QueuedMessage] = {}

    def put(self, body: Callable[[], str], delay: float = 0) -> QueuedMessage:
        """Add a message, to be seen after *delay* seconds."""
        with self._changed:
            now = self._clock()
            self._count += 1
            message = QueuedMessage(self._count, body, now)
            if delay > 0:
                heapq.heappush(self._later, (now + delay, self._count, message, ""))
            else:
                self._ready.append(message)
                self._changed.notify()
        return message

    def id_of(self, message: QueuedMessage) -> str:
        return str(uuid.UUID(int=self._secret << 64 | message.number))

    def receive(self, most: int, wait: float, visibility: float | None) -> list[QueuedMessage]:
        """Up to *most* messages, waiting at most *wait* seconds for the first."""
        deadline = time.monotonic() + wait
        with self._changed:
            self._surface()
            while not self._ready:
                left = deadline - time.monotonic()
                if left <= 0:
                    return []
                self._changed.wait(min(left, _RECHECK))
                self._surface()
            taken = [self._ready.popleft() for _ in range(min(most, len(self._ready)))]
            for message in taken:
                self._hide(message, self.visibility if visibility is None else visibility)
        return taken

    def _hide(self, message: QueuedMessage, seconds: float) -> None:
        message.receives += 1
        message.receipt = f"{self.id_of(message)}.{message.receives}"
        self._hidden[message.receipt] = message
        due = self._clock() + seconds
        heapq.heappush(self._later, (due, self._fresh(), message, message.receipt))

    def _fresh(self) -> int:
        self._count += 1
        return self._count

    def _surface(self) -> None:
        now = self._clock()
        while self._later and self._later[0][0] <= now:
            _, _, message, receipt = heapq.heappop(self._later)
            if not receipt:
                self._ready.append(message)
            elif self._hidden.get(receipt) is message:
                del self._hidden[receipt]
                self._bring_back(message)

    def _bring_back(self, message: QueuedMessage) -> None:
        if self.dead_letters and message.receives >= self.dead_letters[1]:
            self.dead_letters[0].put(message.body)
        else:
            self._ready.append(message)

    def delete(self, receipt: str) -> None:
        """Forget a received message. A stale receipt deletes nothing, as in a standard queue."""
        with self._changed:
            self._hidden.pop(receipt, None)

    def change_visibility(self, receipt: str, seconds: float) -> None:
        with self._changed:
            message = self._hidden.pop(receipt, None)
            if message is None:
                raise QueueError("ReceiptHandleIsInvalid", "The receipt handle has expired.")
            if seconds <= 0:
                self._bring_back(message)
                self._changed.notify()
                return
            self._hidden[receipt] = message
            # The heap's older row must not bring it back early.
            self._later = [row for row in self._later if row[3] != receipt]
            heapq.heapify(self._later)
            due = self._clock() + seconds
            heapq.heappush(self._later, (due, self._fresh(), message, receipt))

    def purge(self) -> None:
        with self._changed:
            self._ready.clear()
            self._later.clear()
            self._hidden.clear()

    def counts(self) -> tuple[int, int, int]:
        """Visible, in flight, delayed."""
        with self._changed:
            self._surface()
            delayed = sum(1 for row in self._later if not row[3])
            return len(self._ready), len(self._hidden), delayed
