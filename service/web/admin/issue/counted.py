"""Counts of deliveries for pages that ask every two seconds, also at a million of them.

To count a million rows takes a good part of a second. What took long is shown again for ten times
as long, so that counting never takes more than a tenth of the database's time. The rate is that
between the counts of the last minute.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock

from flask import current_app
from sqlalchemy.orm import Session

from service.delivery.finish import counts
from service.models import DeliveryState

KEPT_FOR = 10.0
"""Times what the count took."""

WORTH_KEEPING = 0.05
"""Seconds: what is counted faster is counted anew each time."""

WINDOW = 60.0
SHORTEST = 1.0
"""Seconds between two counts from which a rate says something."""

MOST_ISSUES = 200

Counts = Mapping[DeliveryState, int]


@dataclass
class Known:
    """What is known of one issue's deliveries."""

    counts: Counts = field(default_factory=dict)
    good_until: float = 0.0
    handed: deque[tuple[float, int]] = field(default_factory=deque)
    """When, and how many messages had been handed to SES by then."""


class Counted:
    """Counts by issue. Shared by the threads of a process; two that count at once are harmless."""

    def __init__(
        self,
        count: Callable[[Session, int], Counts] = counts,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._count = count
        self._clock = clock
        self._lock = Lock()
        self._known: OrderedDict[int, Known] = OrderedDict()

    def of(self, session: Session, issue_id: int) -> Counts:
        """Deliveries of the issue by state, every state named."""
        began = self._clock()
        with self._lock:
            known = self._known.get(issue_id)
            if known is not None and began < known.good_until:
                return known.counts
        found = self._count(session, issue_id)
        ended = self._clock()
        with self._lock:
            self._keep(issue_id, found, ended, ended - began)
        return found

    def rate(self, issue_id: int) -> float | None:
        """Messages a second over the last minute; None while nothing can be said about it."""
        with self._lock:
            known = self._known.get(issue_id)
            handed = list(known.handed) if known else []
        return rate_of(handed, self._clock())

    def forget(self, issue_id: int) -> None:
        """Something was done about the issue: its next count is a fresh one."""
        with self._lock:
            self._known.pop(issue_id, None)

    def _keep(self, issue_id: int, found: Counts, now: float, took: float) -> None:
        known = self._known.setdefault(issue_id, Known())
        self._known.move_to_end(issue_id)
        known.counts = found
        known.good_until = now + KEPT_FOR * took if took >= WORTH_KEEPING else 0.0
        known.handed.append((now, handed(found)))
        while known.handed[0][0] < now - WINDOW:
            known.handed.popleft()
        while len(self._known) > MOST_ISSUES:
            self._known.popitem(last=False)


def handed(found: Counts) -> int:
    """How many messages SES was asked to send and has answered for, or will."""
    not_yet = (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.SKIPPED)
    return sum(number for state, number in found.items() if state not in not_yet)


def rate_of(handed: list[tuple[float, int]], now: float) -> float | None:
    """Messages a second between the first and the last of *handed* within the last minute."""
    recent = [point for point in handed if point[0] >= now - WINDOW]
    if len(recent) < 2:
        return None
    (first, before), (last, after) = recent[0], recent[-1]
    if last - first < SHORTEST:
        return None
    return max(0, after - before) / (last - first)


def counted() -> Counted:
    """The counts that this application keeps."""
    kept = current_app.extensions.setdefault("counted", Counted())
    assert isinstance(kept, Counted)
    return kept
