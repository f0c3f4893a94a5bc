"""Doorway to the sources."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog

from service.doorbell import Bell
from workers.app import app

log = structlog.get_logger(__name__)


@app.task(name=Bell.COLLECT.value)
def collect_source(source_id: int) -> None:
    """Check one source, if it is due and no other worker is at it."""
    # Only here: what feeds are read with would be 8 MB more of each process that sends.
    from service.sources.collect import collect_source as collect_one

    report = collect_one(source_id, datetime.now(UTC))
    if report.outcome != "not due":
        log.info("source.checked", report=str(report))
