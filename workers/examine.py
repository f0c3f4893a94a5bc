"""Doorway to the doctor, asked for on the web."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from celery.exceptions import SoftTimeLimitExceeded

from service.config import settings
from service.doorbell import Bell
from service.provisioning.doctor.kept import LONGEST, give_up
from workers.app import app

log = structlog.get_logger(__name__)

LIMIT = int(LONGEST.total_seconds()) - 30


@app.task(name=Bell.EXAMINE.value, soft_time_limit=LIMIT, time_limit=LIMIT + 20)
def examine_installation(examination_id: int) -> None:
    """Look at all that sending depends on; its lines are kept as they come."""
    # Only here: what the doctor looks with would be 12 MB more of each process that sends.
    from service.provisioning.doctor.run import run

    try:
        lines = run(examination_id, settings(), datetime.now(UTC))
    except SoftTimeLimitExceeded:
        why = f"It did not come to an end in {LIMIT} s: something that it asked did not answer."
        give_up(examination_id, why, datetime.now(UTC))
        log.warning("doctor.slow", examination=examination_id)
        return
    if lines:
        log.info("doctor.done", lines=lines)
