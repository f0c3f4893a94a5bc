"""Doorway to the imports: check a file, bring its readers in, or take them out again."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import structlog

from service.audience.imports.run import work
from service.doorbell import Bell, publish
from workers.app import app

log = structlog.get_logger(__name__)

READING_TIME = timedelta(seconds=30)
"""A task begins no chunk after this and rings for the rest, so that a stop is never far."""


@app.task(name=Bell.IMPORT.value)
def run_import(import_id: int) -> None:
    """Take one import further, if no other worker is at it."""
    until = time.monotonic() + READING_TIME.total_seconds()
    done = work(import_id, lambda: datetime.now(UTC), lambda: time.monotonic() >= until)
    log.info("import.worked", id=import_id, done=done)
    if not done:
        publish(Bell.IMPORT, import_id)
