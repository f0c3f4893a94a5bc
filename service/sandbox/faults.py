"""What goes wrong, on purpose: one JSON document, seeded, shown and changed at ``/control/faults``.

``fail_next`` is a list that send calls eat from the front, one item a call::

    {"kind": "throttle"}                              refused with TooManyRequestsException
    {"kind": "error500"}                              500, nothing accepted
    {"kind": "accept_then_500"}                       accepted, then 500
    {"kind": "accept_then_drop"}                      accepted, then the socket closes unanswered
    {"kind": "hang", "seconds": 30, "accept": false}  no answer for so long, then the socket closes
    {"kind": "refuse", "error": "MessageRejected", "message": "…"}
    {"kind": "entry_status", "status": "FAILED", "first": 3}        bulk only; or
    {"kind": "entry_status", "status": "FAILED", "recipients": ["ada@example.org"]}

``"times": n`` makes an item count for n calls. A new kind is a new name in ``KINDS`` and a branch
where sends are answered.
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
    "accept_then_500",
    "accept_then_drop",
    "hang",
    "refuse",
    "entry_status",
)

_NONE: dict[str, Any] = {
    "seed": 1,
    "fail_next": [],
    "send_delay_ms": 0,
    "events": {
        "enabled": True,
        "delay_ms": 0,
        "double": False,
        "shuffle": False,
        "drop_rate": 0.0,
    },
    "max_send_rate": 500,
    "max_24h": 50_000,
    "sent_last_24h": 0,
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
        self._drawn = 0
        self._now = copy.deepcopy(_NONE)

    def shown(self) -> dict[str, Any]:
        """A copy of the document, with what is left of ``fail_next``."""
        with self._lock:
            return copy.deepcopy(self._now)

    def clear(self) -> None:
        """Back to a service without faults."""
        with self._lock:
            self._now = copy.deepcopy(_NONE)
            self._drawn = 0

    def change(self, wanted: Mapping[str, Any]) -> None:
        """Put these keys in force; a BadDocument changes nothing and says what is wrong."""
        with self._lock:
            merged = _merged(self._now, wanted)
            _check(merged)
            self._now = merged
            if "seed" in wanted:
                self._drawn = 0

    def __getitem__(self, key: str) -> Any:
        return self._now[key]

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

    def draw(self) -> float:
        """A number from 0 up to 1: the next of a row that depends on the seed alone."""
        with self._lock:
            self._drawn += 1
            digest = hashlib.sha256(f"{self._now['seed']}:{self._drawn}".encode()).digest()
        return int.from_bytes(digest[:6]) / (1 << 48)


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
    if not isinstance(document["fail_next"], list):
        raise BadDocument("fail_next must be a list.")
    for fault in document["fail_next"]:
        if not isinstance(fault, dict) or fault.get("kind") not in KINDS:
            raise BadDocument(f"Each item of fail_next needs a kind, one of: {', '.join(KINDS)}")
    for name in ("send_delay_ms", "max_send_rate", "max_24h", "sent_last_24h"):
        if not isinstance(document[name], int | float):
            raise BadDocument(f"{name} must be a number.")
    wrong = set(document["outcomes"].values()) - set(OUTCOMES)
    if wrong:
        raise BadDocument(f"No such outcome: {', '.join(wrong)}. There are: {', '.join(OUTCOMES)}")
