"""An import's life: each step once and in its turn, its end told, and no file left behind."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audience.imports import jobs
from service.audience.imports.plan import Means
from service.audience.imports.run import work
from service.audience.imports.upload import BadFile
from service.db import session_scope
from service.models import Import, ImportState, WebhookCall
from service.webhooks.announce import Happening
from service.webhooks.endpoints import add_webhook
from tests.audience.imports.conftest import Bring, again, came, start


def test_it_begins_nothing_without_the_upload(bring: Bring, now: datetime) -> None:
    job = bring("email\nann@example.org\n", only_check=True)
    jobs.file_of(job).unlink()
    with session_scope() as session, pytest.raises(BadFile):
        jobs.start(session, session.get_one(Import, job.id), now)
    with session_scope() as session:  # nobody came in, so that it can be thrown away
        jobs.discard(session, session.get_one(Import, job.id))


def test_it_keeps_no_plan_that_nobody_checked(bring: Bring, now: datetime) -> None:
    job = bring("email,other\nann@example.org,bo@example.org\n", only_check=True)
    plan = jobs.plan_of(job).model_copy(update={"columns": {1: Means.EMAIL}})
    with session_scope() as session:
        jobs.replan(session, session.get_one(Import, job.id), plan)
    with session_scope() as session, pytest.raises(jobs.NotNow, match="checked first"):
        jobs.start(session, session.get_one(Import, job.id), now)
    job = bring("email,other\nann@example.org,bo@example.org\n", only_check=True)
    start(job.id, now)
    with session_scope() as session, pytest.raises(jobs.NotNow, match="begun to write"):
        jobs.replan(session, session.get_one(Import, job.id), plan)
    assert jobs.plan_of(again(job.id)).columns == {0: Means.EMAIL}


def test_it_starts_once_in_two_tabs(session: Session, bring: Bring, now: datetime) -> None:
    """The second looked at the row before the first had committed."""
    job = bring("email\nann@example.org\nbo@example.org\n", only_check=True)
    with session_scope() as second:
        seen = second.get_one(Import, job.id)
        if second.get_bind().dialect.name == "postgresql":  # SQLite lets nobody in meanwhile
            start(job.id, now)
            with pytest.raises(jobs.NotNow):
                jobs.start(second, seen, now)
        else:
            jobs.start(second, seen, now)
    assert work(job.id, lambda: now)
    assert came(again(job.id)) == {"added": 2}


def test_it_says_when_the_upload_is_gone(bring: Bring, now: datetime) -> None:
    job = bring("email\nann@example.org\n", only_check=True)
    start(job.id, now)
    jobs.file_of(job).unlink()
    work(job.id, lambda: now)
    job = again(job.id)
    assert job.state is ImportState.FAILED
    assert "Bring the file once more" in str(job.reason)


def test_it_tells_webhooks_how_it_ended(session: Session, bring: Bring, now: datetime) -> None:
    add_webhook(session, "https://crm.example/", [Happening.IMPORT_DONE], now)
    bring("email\nann@example.org\n")
    stopped = bring("email\nbo@example.org\n", only_check=True)
    start(stopped.id, now)
    with session_scope() as own:
        jobs.stop(own, own.get_one(Import, stopped.id), now)
    failed = bring("email\ncy@example.org\n", only_check=True)
    start(failed.id, now)
    jobs.file_of(failed).unlink()
    work(failed.id, lambda: now)
    calls = session.scalars(select(WebhookCall.payload).order_by(WebhookCall.id)).all()
    told = [(call["data"]["ended"], call["data"]["counts"]) for call in calls]
    assert told == [("done", {"added": 1}), ("stopped", {}), ("failed", {})]


def test_it_keeps_no_file_of_addresses(bring: Bring) -> None:
    job = bring("email\nann@example.org\n")
    assert list(jobs.file_of(job).parent.iterdir()) == []


def test_it_throws_away_what_nobody_went_on_with(
    session: Session, bring: Bring, now: datetime
) -> None:
    job = bring("email\nann@example.org\n", only_check=True)
    done = bring("email\nbo@example.org\n")
    with session_scope() as own:
        assert jobs.discard_forgotten(own, now + timedelta(days=13)) == 0
    with session_scope() as own:
        assert jobs.discard_forgotten(own, now + timedelta(days=15)) == 1
    assert [row.id for row in session.scalars(select(Import))] == [done.id]
    assert not jobs.file_of(job).exists()


def test_it_keeps_no_file_that_a_crash_left(bring: Bring, now: datetime) -> None:
    kept = jobs.file_of(bring("email\nann@example.org\n", only_check=True))
    names = [f"{name}.csv{end}" for name in ("old", "new") for end in ("", ".seen-wal")]
    for name in names:
        (kept.parent / name).touch()
    for path in kept.parent.iterdir():
        written = now - timedelta(hours=1 if path.name.startswith("new") else 25)
        os.utime(path, (written.timestamp(), written.timestamp()))
    with session_scope() as session:
        jobs.discard_forgotten(session, now)
    assert sorted(path.name for path in kept.parent.iterdir()) == sorted([kept.name, *names[2:]])


def test_it_finds_what_waits_for_a_worker(session: Session, bring: Bring, now: datetime) -> None:
    job = bring("email\nann@example.org\n", only_check=True)
    assert jobs.due_imports(session, now) == []
    session.commit()
    start(job.id, now)
    assert jobs.due_imports(session, now) == [job.id]
    session.commit()
    with session_scope() as own:
        assert jobs.claim(own, job.id, now)
    assert jobs.due_imports(session, now) == []
    assert jobs.due_imports(session, now + timedelta(seconds=121)) == [job.id]
