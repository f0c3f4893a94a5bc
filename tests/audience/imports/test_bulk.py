"""Many rows at once: what another transaction does meanwhile is said, and can be tried again."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import Engine, text

from service import config, db
from service.audience.imports.bulk import Collision, write_rows
from service.db import session_scope
from service.models import Subscriber

SOON = 20
"""Seconds until a wait for another transaction must be seen."""


def write(names: Iterable[str], now: datetime) -> None:
    columns = ("email", "email_key", "email_hash", "created_at")
    with session_scope() as session:
        session.execute(text("SET LOCAL deadlock_timeout = '300ms'"))
        write_rows(session, Subscriber, columns, [(name, name, name, now) for name in names])


def wait_for_waiting(engine: Engine) -> None:
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    until = time.monotonic() + SOON
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while time.monotonic() < until:
            if connection.scalar(waiting):
                return
            time.sleep(0.01)
    raise AssertionError("nobody waits for the other transaction")


def test_it_takes_two_that_wait_for_each_other_for_a_collision(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    """As two imports do that hold the same readers in another order."""
    monkeypatch.setenv("BROADSHEET_DATABASE_URL", postgres_url)
    config.settings.cache_clear()
    engine = db.engine()
    insert = text(
        "INSERT INTO subscriber (email, email_key, email_hash, created_at)"
        " VALUES (:name, :name, :name, :now)"
    )
    with engine.connect() as other, ThreadPoolExecutor(1) as importing:
        other.execute(insert, {"name": "bo@example.org", "now": now})
        ours = importing.submit(write, ["ann@example.org", "bo@example.org"], now)
        wait_for_waiting(engine)
        other.execute(insert, {"name": "ann@example.org", "now": now})
        with pytest.raises(Collision):
            ours.result()
        other.rollback()
