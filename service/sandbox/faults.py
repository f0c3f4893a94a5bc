"""What goes wrong, on purpose: one JSON document, seeded, shown and changed at ``/control/faults``.

``fail_next`` is a list that send calls eat from the front, one item a call::

    {"kind": "throttle"}                              refused with TooManyRequestsException
    {"kind": "error500"}                              500, nothing accepted
    {"kind": "drop"}                                  the socket closes unanswered, nothing accepted
    {"kind": "accept_then_500"}                       accepted, then 500
    {"kind": "accept_then_drop"}                      accepted, then the socket closes unanswered
    {"kind": "hang", "seconds": 30, "accept": false}  no answer for so long, then the socket closes
    {"kind": "slow", "seconds": 2}                    answered as always, so much later
    {"kind": "refuse", "error": "MessageRejected", "message": "…"}
    {"kind": "entry_status", "status": "FAILED", "first": 3}        bulk only; or
    {"kind": "entry_status", "status": "FAILED", "recipients": ["ada@example.org"]}

``"times": n`` makes an item count for n calls.

``chance`` is a list of the same items, each with a ``probability`` of being met by a call; for
``entry_status`` by an entry, with any of its ``statuses``. All of them are drawn for each call:
one may be slow, lose two entries and be dropped at the end. The n-th call after a seed always meets
the same.

``max_send_rate`` and ``max_24h`` are what GetAccount says and SES keeps to. ``throttle_above`` is a
rate that it keeps to in silence; ``day_seconds`` is how long its rolling day lasts.

``events``: ``delay_ms`` later, and up to ``jitter_ms`` more, each event by itself, so that they
overtake one another; ``double`` (true, or how many of them) come twice; ``shuffle`` mixes those of
one call; ``drop_rate`` of them never come, and of ``mute_rate`` of the messages none does. With
``hold`` they are kept back until it is false again, and are late by as much from then on.
"""

from __future__ import annotations

import copy
import hashlib
import threading
from collections.abc import Mapping
from typing import Any

from .ses.outcomes import OUTCOMES
from .web import BadDocument

KINDS = (
    "throttle",
    "error500",
    "drop",
    "accept_then_500",
    "accept_then_drop",
    "hang",
    "slow",
    "refuse",
    "entry_status",
)

LIMITS = frozenset({"max_send_rate", "max_24h", "sent_last_24h", "throttle_above", "day_seconds"})
"""Keys that the account's limits are made of."""

_DAY = 86_400

_NONE: dict[str, Any] = {
    "seed": 1,
    "fail_next": [],
    "chance": [],
    "send_delay_ms": 0,
    "events": {
        "enabled": True,
        "delay_ms": 0,
        "jitter_ms": 0,
        "double": False,
        "shuffle": False,
        "hold": False,
        "drop_rate": 0.0,
        "mute_rate": 0.0,
    },
    "max_send_rate": 500,
    "throttle_above": None,
    "max_24h": 50_000,
    "sent_last_24h": 0,
    "day_seconds": _DAY,
    "account": {
        "production_access": True,
        "sending_enabled": True,
        "enforcement_status": "HEALTHY",
    },
    "outcomes": {},
}


class Faults:
    """The document in force. Keys that a change does not name stay as they are."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls = 0
        self._now = copy.deepcopy(_NONE)

    def shown(self) -> dict[str, Any]:
        """A copy of the document, with what is left of ``fail_next``."""
        with self._lock:
            return copy.deepcopy(self._now)

    def clear(self) -> None:
        """Back to a service without faults."""
        with self._lock:
            self._now = copy.deepcopy(_NONE)
            self._calls = 0

    def change(self, wanted: Mapping[str, Any]) -> None:
        """Put these keys in force; a BadDocument changes nothing and says what is wrong."""
        with self._lock:
            merged = _merged(self._now, wanted)
            _check(merged)
            self._now = merged
            if "seed" in wanted:
                self._calls = 0

    def __getitem__(self, key: str) -> Any:
        return self._now[key]

    def next_call(self) -> int:
        """The number of this send call since the seed was set, from 1."""
        with self._lock:
            self._calls += 1
            return self._calls

    def next_send(self) -> dict[str, Any] | None:
        """The fault for this send call, taken off the list."""
        if not self._now["fail_next"]:
            return None
        with self._lock:
            waiting = self._now["fail_next"]
            if not waiting:
                return None
            fault: dict[str, Any] = waiting[0]
            left = fault.get("times", 1) - 1
            waiting[:1] = [{**fault, "times": left}] if left > 0 else []
            return fault

    def draw(self, *what: object) -> float:
        """A number from 0 up to 1 that depends on the seed and on *what* it is drawn for."""
        key = "\0".join(map(str, (self._now["seed"], *what)))
        return int.from_bytes(hashlib.sha256(key.encode()).digest()[:6]) / (1 << 48)


def _merged(now: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    unknown = wanted.keys() - now.keys()
    if unknown:
        raise BadDocument(
            f"No such fault: {', '.join(sorted(unknown))}. There are: {', '.join(now)}"
        )
    merged = copy.deepcopy(dict(now))
    for key, value in wanted.items():
        if key in {"events", "account"}:
            if not isinstance(value, dict):
                raise BadDocument(f"{key} must be an object.")
            merged[key] = _merged(now[key], value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def _check(document: Mapping[str, Any]) -> None:
    for name in ("fail_next", "chance"):
        if not isinstance(document[name], list):
            raise BadDocument(f"{name} must be a list.")
        for fault in document[name]:
            if not isinstance(fault, dict) or fault.get("kind") not in KINDS:
                raise BadDocument(f"Each item of {name} needs a kind, one of: {', '.join(KINDS)}")
    for fault in document["chance"]:
        if not _is_share(fault.get("probability")):
            raise BadDocument("Each item of chance needs a probability from 0 to 1.")
    for name in ("send_delay_ms", "max_send_rate", "max_24h", "sent_last_24h", "day_seconds"):
        if not isinstance(document[name], int | float):
            raise BadDocument(f"{name} must be a number.")
    if not isinstance(document["throttle_above"], int | float | None):
        raise BadDocument("throttle_above must be a number, or null.")
    for name in ("double", "drop_rate", "mute_rate"):
        if not _is_share(document["events"][name]):
            raise BadDocument(f"{name} of the events must be a number from 0 to 1.")
    wrong = set(document["outcomes"].values()) - set(OUTCOMES)
    if wrong:
        raise BadDocument(f"No such outcome: {', '.join(wrong)}. There are: {', '.join(OUTCOMES)}")


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value <= 1
