"""What took long to find is shown again for a while, so that looking never becomes a load."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import TypeVar, cast

from flask import current_app

KEPT_FOR = 20.0
"""Times what finding it took."""

WORTH_KEEPING = 0.05
"""Seconds: what is found faster is found anew each time."""

MOST = 500

T = TypeVar("T")


class Kept:
    """Findings by key. Shared by the threads of a process; two that look at once are harmless."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._known: OrderedDict[Hashable, tuple[float, object]] = OrderedDict()

    def of(self, key: Hashable, find: Callable[[], T]) -> T:
        """What *find* gives, or gave not long ago; *key* names it."""
        began = self._clock()
        with self._lock:
            until, found = self._known.get(key, (0.0, None))
            if began < until:
                return cast("T", found)
        fresh = find()
        ended = self._clock()
        took = ended - began
        if took >= WORTH_KEEPING:
            with self._lock:
                self._known[key] = (ended + KEPT_FOR * took, fresh)
                self._known.move_to_end(key)
                while len(self._known) > MOST:
                    self._known.popitem(last=False)
        return fresh


def kept() -> Kept:
    """What this application keeps."""
    found = current_app.extensions.setdefault("kept", Kept())
    assert isinstance(found, Kept)
    return found
