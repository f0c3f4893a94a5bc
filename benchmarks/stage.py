"""What the larger measurements stand on: PostgreSQL, Redis, the sink, a million readers."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import text
from sqlalchemy.orm import Session

from service import migrations
from service.audience.choices import Wanted, row_for
from service.config import apply_environment
from service.db import close_engine, engine, session_scope
from service.issues.approve import approve, compose_manual
from service.models import Issue, Newsletter, Timing, Variant
from service.rendering.variants import render_missing_variants
from tests.servers.postgres import Postgres
from tests.servers.redis import RedisServer

BODY = "A line of about eighty characters that stands for what an editor would have written.\n\n"
LINES = 300
"""Of the body: about 40 KB of HTML, a full issue."""

SUBSCRIBERS = """
INSERT INTO subscriber (email, email_key, email_hash, domain, created_at)
SELECT 'reader' || n || '@example.org', 'reader' || n || '@example.org',
       md5(n::text) || md5(n::text),
       'example.org', now()
FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n
"""
SUBSCRIPTIONS = """
INSERT INTO subscription
    (subscriber_id, newsletter_id, state, choice_id, cadence, created_at, confirmed_at)
SELECT id, :newsletter, 'active', :choice, 'daily', now(), now() FROM subscriber
WHERE NOT EXISTS (SELECT 1 FROM subscription WHERE subscriber_id = subscriber.id)
"""


@contextmanager
def stage() -> Iterator[str]:
    """Servers of our own, empty tables, and the environment that points at them; the sink's URL."""
    # Its own defaults are for the smallest machine; these are a small production server's.
    postgres = Postgres(shared_buffers="1GB", max_wal_size="4GB")
    redis = RedisServer()
    try:
        with TemporaryDirectory() as folder, sink(Path(folder)) as url:
            apply_environment(
                BROADSHEET_DATA_DIR=folder,
                BROADSHEET_DATABASE_URL=postgres.create(),
                BROADSHEET_REDIS_URL=redis.url,
                BROADSHEET_RATE_SHARE="1",
                BROADSHEET_WORKER_PROCESSES="2",
                AWS_ENDPOINT_URL_SESV2=url,
                AWS_ACCESS_KEY_ID="sandbox",
                AWS_SECRET_ACCESS_KEY="sandbox",  # noqa: S106 (the sink takes any)
                AWS_REGION="us-east-1",
            )
            migrations.upgrade(engine())
            yield url
            close_engine()
    finally:
        redis.close()
        postgres.close()


@contextmanager
def sink(folder: Path) -> Iterator[str]:
    ready = folder / "sink.url"
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.sink", str(ready)])
    try:
        while not (ready.exists() and ready.read_text()):
            if process.poll() is not None:
                raise RuntimeError("the sink did not start")
            time.sleep(0.02)
        yield ready.read_text()
    finally:
        process.terminate()
        process.wait()


def add_newsletter() -> int:
    with session_scope() as session:
        newsletter = a_newsletter()
        session.add(newsletter)
        session.flush()
        return newsletter.id


def a_newsletter() -> Newsletter:
    return Newsletter(
        slug="report",
        name="The Report",
        from_name="The Report",
        from_address="report@news.example.org",
        postal_address="1 Example Street",
        sections=[],
        created_at=datetime.now(UTC),
    )


def add_readers(newsletter_id: int, first: int, last: int) -> None:
    """Readers *first* to *last*, written by the database itself."""
    with session_scope() as session:
        choice = row_for(session, newsletter_id, Wanted())
        session.execute(text(SUBSCRIBERS), {"first": first, "last": last})
        session.execute(text(SUBSCRIPTIONS), {"newsletter": newsletter_id, "choice": choice.id})
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def approved_issue(newsletter_id: int) -> tuple[int, Variant]:
    """A manual issue of about 40 KB, approved and rendered; what is left is to plan and send it."""
    now = datetime.now(UTC)
    with session_scope() as session:
        newsletter = session.get_one(Newsletter, newsletter_id)
        issue = compose_manual(session, newsletter, "A note", BODY * LINES, now)
        approve(session, issue, now, scheduled_at=now, timing=Timing.NOW)
        render_missing_variants(session, issue, now)
        return issue.id, _variant(session, issue)


def _variant(session: Session, issue: Issue) -> Variant:
    return session.query(Variant).filter(Variant.issue_id == issue.id).one()
