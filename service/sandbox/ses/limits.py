"""The account's pace and its rolling day. Both count recipients, not calls.

https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas.html
"""

from __future__ import annotations

import threading
from collections import deque

from ..clock import Clock
from .errors import SesError

TOO_FAST = "Maximum sending rate exceeded."
TOO_MANY = "Daily message quota exceeded."
_DAY = 86_400.0
_SLICES = 1440


class Limits:
    """A token bucket that holds one second's worth, and the recipients of the last 24 hours.

    *max_24h* of -1 is no limit, as SES says it. *sent_before* is counted on top of what was sent.
    *kept_rate* is the rate that is kept to where it is not the one that is told; *day* is how many
    seconds the rolling day lasts.
    """

    def __init__(self, clock: Clock, max_send_rate: float = 500, max_24h: float = 50_000) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._slices: deque[tuple[float, int]] = deque()
        self._sent = 0
        self.configure(max_send_rate, max_24h, 0)

    def configure(
        self,
        max_send_rate: float,
        max_24h: float,
        sent_before: int,
        *,
        kept_rate: float | None = None,
        day: float = _DAY,
    ) -> None:
        with self._lock:
            self.max_send_rate = max_send_rate
            self.max_24h = max_24h
            self._rate = max_send_rate if kept_rate is None else kept_rate
            self._day = day
            self._sent_before = sent_before
            self._tokens = max(1.0, self._rate)
            self._filled = self._clock()

    def reset(self) -> None:
        """Forget what was sent."""
        with self._lock:
            self._slices.clear()
            self._sent = 0
            self._tokens = max(1.0, self._rate)

    def sent_last_24h(self) -> int:
        with self._lock:
            self._forget(self._clock())
            return self._sent + self._sent_before

    def take(self, recipients: int) -> str | None:
        """Count a message in; ``None``, or the sentence with which SES turns it away."""
        with self._lock:
            now = self._clock()
            self._forget(now)
            if 0 <= self.max_24h < self._sent + self._sent_before + recipients:
                return TOO_MANY
            capacity = max(1.0, self._rate)
            self._tokens = min(capacity, self._tokens + (now - self._filled) * self._rate)
            self._filled = now
            if self._tokens < min(recipients, capacity):
                return TOO_FAST
            self._tokens -= recipients
            self._count(now, recipients)
        return None

    def _count(self, now: float, recipients: int) -> None:
        self._sent += recipients
        if self._slices and now - self._slices[-1][0] < self._day / _SLICES:
            at, count = self._slices[-1]
            self._slices[-1] = at, count + recipients
        else:
            self._slices.append((now, recipients))

    def _forget(self, now: float) -> None:
        while self._slices and self._slices[0][0] <= now - self._day:
            self._sent -= self._slices.popleft()[1]


def refusal(sentence: str) -> SesError:
    """The exception for both: the code is the same, only the message tells them apart."""
    return SesError("TooManyRequestsException", sentence)


def entry_status(sentence: str) -> str:
    return "ACCOUNT_THROTTLED" if sentence == TOO_FAST else "ACCOUNT_DAILY_QUOTA_EXCEEDED"
