"""The beat table: one tick. Beat knows no due dates, so running twice or missing some is harmless.

What is due is asked of the database at each tick (celery#2856, #7002, #8008 are about beats that
keep such knowledge themselves).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from celery.schedules import schedstate, schedule

from service.doorbell import QUEUES, Bell

KEPT = 600.0
"""Seconds that a tick waits for a worker. Reckoned from beat's clock by the worker's: shorter, two
clocks that differ would throw every tick away (AWS refuses our calls from five minutes on)."""


class Every(schedule):
    """Every so many seconds, also after the clock was put back.

    Celery's own waits until the time has come round again at which it ran last: an hour without a
    tick, where a clock that was an hour ahead was set right.
    """

    def is_due(self, last_run_at: datetime) -> schedstate:
        found = super().is_due(last_run_at)
        return schedstate(True, self.seconds) if found.next > self.seconds else found


def beat_schedule(tick_seconds: float) -> dict[str, dict[str, Any]]:
    """Celery's ``beat_schedule``."""
    return {
        "tick": {
            "task": Bell.TICK.value,
            "schedule": Every(tick_seconds),
            "options": {"queue": QUEUES[Bell.TICK], "expires": max(KEPT, tick_seconds * 2)},
        }
    }
