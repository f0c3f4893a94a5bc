"""The beat table: one tick. Beat knows no due dates, so running twice or missing some is harmless.

What is due is asked of the database at each tick (celery#2856, #7002, #8008 are about beats that
keep such knowledge themselves).
"""

from __future__ import annotations

from typing import Any

from service.doorbell import QUEUES, Bell


def beat_schedule(tick_seconds: float) -> dict[str, dict[str, Any]]:
    """Celery's ``beat_schedule``. A tick that waits longer than two ticks is worth nothing."""
    return {
        "tick": {
            "task": Bell.TICK.value,
            "schedule": tick_seconds,
            "options": {"queue": QUEUES[Bell.TICK], "expires": tick_seconds * 2},
        }
    }
