"""How often a call is tried again, and when an endpoint is given up. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=20),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
)
"""After each failed try; together 22 hours and a half, so that a night's outage loses nothing."""

MOST_TRIES = len(WAITS) + 1
LONGEST_ASKED = timedelta(hours=12)
"""However long a Retry-After asks for."""

OFF_AFTER = timedelta(days=3)
"""An endpoint that took nothing for so long is switched off."""

GONE = 410
"""The receiver says that it wants no more."""


def wait_after(tries: int, chance: float, asked: timedelta | None = None) -> timedelta | None:
    """How long to wait after *tries* failed tries; None when that was the last one.

    Up to a tenth longer by *chance* (0 to 1), so that what failed together does not come back
    together. *asked* is the receiver's own Retry-After.
    """
    if tries >= MOST_TRIES:
        return None
    wait = WAITS[tries - 1] * (1 + chance / 10)
    return max(wait, min(asked, LONGEST_ASKED)) if asked else wait


def why_off(status: int | None, failing_since: datetime, now: datetime) -> str | None:
    """Why an endpoint is switched off after one more failure; None while it is not."""
    if status == GONE:
        return "It answered 410 Gone: it wants no more calls."
    if now - failing_since >= OFF_AFTER:
        days = (now - failing_since).days
        return f"It has taken no call for {days} days."
    return None
