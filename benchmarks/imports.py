"""A file of readers brought in, beside PostgreSQL's own COPY of the same rows.

The yardstick writes rows that are made beforehand into the same three tables with the same indexes
and keys, and does nothing else: no address is looked at, nobody looked up, no proof hashed. ROWS
sets the size; the second line is a file of which half is known already.
"""

from __future__ import annotations

import gc
import hashlib
import os
import resource
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select, text

from benchmarks.stage import add_newsletter
from benchmarks.table import Row, show
from service import migrations
from service.audience.choices import Wanted, row_for
from service.audience.consent import FIRST
from service.audience.imports import jobs
from service.audience.imports.run import work
from service.config import apply_environment
from service.db import close_engine, engine, session_scope
from service.models import Import, Newsletter
from tests.servers.postgres import Postgres

ROWS = int(os.environ.get("ROWS", "1000000"))
FLAT = 48
"""MB more for twice the rows: a file in memory would take ten times that."""

CHUNK = 5000
NOW = "2026-11-20 07:00:00+00"
DETAIL = (
    '{"file": "members.csv", "statement": "They signed up at our old site, by mail.", "by": "x"}'
)
TABLES = (
    "subscriber (id, email, email_key, email_hash, domain, name, created_at)",
    "subscription (id, subscriber_id, newsletter_id, state, choice_id, cadence, created_at,"
    " confirmed_at, import_id)",
    "consent_event (newsletter_id, email_hash, sequence, kind, at, detail, previous_hash, hash)",
)


def run() -> None:
    postgres = Postgres(shared_buffers="1GB", max_wal_size="4GB")
    try:
        with TemporaryDirectory() as folder:
            apply_environment(
                BROADSHEET_DATA_DIR=folder,
                BROADSHEET_DATABASE_URL=postgres.create(),
                BROADSHEET_REDIS_URL="redis://127.0.0.1:1/0",
            )
            migrations.upgrade(engine())
            newsletter = add_newsletter()
            gc.collect()
            gc.freeze()  # as a worker does once it has started: see workers.app
            bare = _bare_copy(newsletter)
            _empty()
            half = _import(newsletter, Path(folder), 0, ROWS // 2)
            before = _peak()
            whole = _import(newsletter, Path(folder), 0, ROWS)
            grown = _peak() - before
            _empty()
            fresh = _import(newsletter, Path(folder), 0, ROWS)
            close_engine()
    finally:
        postgres.close()
    show(
        f"Import of {ROWS:,} readers (PostgreSQL), microseconds a row",
        [
            Row("checked: every row read, nothing written", fresh[0], bare, "bare COPY"),
            Row("brought in, all new", fresh[1], bare, "bare COPY"),
            Row("brought in, half of them known", whole[1], bare, "bare COPY"),
        ],
    )
    print(f"  {1e6 / fresh[1]:,.0f} rows a second came in, {1e6 / half[1]:,.0f} of half the file")
    print(f"  memory grew by {grown:.0f} MB from {ROWS // 2:,} rows to {ROWS:,}")
    if grown > FLAT:
        raise RuntimeError(f"memory is not flat: {grown:.0f} MB more for twice the rows")


def _import(newsletter_id: int, folder: Path, first: int, last: int) -> tuple[float, float]:
    """Microseconds a row to check readers *first* to *last*, and to bring them in."""
    path = folder / "members.csv"
    with path.open("w") as file:
        file.write("email,name\n")
        file.writelines(f"{_address(number)},Ada Reader\n" for number in range(first, last))
    with path.open("rb") as source:
        brought = jobs.bring(source, path.name)
    with session_scope() as session:
        owner = session.get_one(Newsletter, newsletter_id)
        job = jobs.add_import(session, owner, brought, datetime.now(UTC))
        plan = jobs.plan_of(job).model_copy(update={"statement": "They signed up, by mail."})
        jobs.check(session, job, plan, ring_for=False)
    checked = _timed(job.id)
    with session_scope() as session:
        jobs.start(session, session.get_one(Import, job.id), datetime.now(UTC), ring_for=False)
    took = _timed(job.id)
    with session_scope() as session:
        counts = session.scalars(select(Import.counts).where(Import.id == job.id)).one()["run"]
    if sum(counts.values()) != last - first or set(counts) - {"added", "present"}:
        raise RuntimeError(f"not everybody came in: {counts}")
    return checked / (last - first) * 1e6, took / (last - first) * 1e6


def _timed(import_id: int) -> float:
    start = time.perf_counter()
    if not work(import_id, lambda: datetime.now(UTC)):
        raise RuntimeError("it did not come to its end")
    return time.perf_counter() - start


def _bare_copy(newsletter_id: int) -> float:
    """Microseconds a row for the rows of one reader in each of the three tables."""
    with session_scope() as session:
        owner = session.get_one(Newsletter, newsletter_id)
        choice = row_for(session, owner.id, Wanted()).id
    took = 0.0
    connection = engine().raw_connection()
    server = connection.driver_connection
    assert server is not None
    with server.cursor() as cursor:
        for begin in range(0, ROWS, CHUNK):
            rows = [_rows(number, newsletter_id, choice) for number in range(begin, begin + CHUNK)]
            blocks = ["".join(lines) for lines in zip(*rows, strict=True)]
            start = time.perf_counter()
            for table, block in zip(TABLES, blocks, strict=True):
                with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                    copy.write(block)
            server.commit()
            took += time.perf_counter() - start
    connection.close()
    return took / ROWS * 1e6


def _rows(number: int, newsletter: int, choice: int) -> tuple[str, str, str]:
    """The lines of one reader in COPY's own form."""
    email, identity = _address(number), number + 1
    digest = hashlib.sha256(email.encode()).hexdigest()
    domain = email.partition("@")[2]
    return (
        f"{identity}\t{email}\t{email}\t{digest}\t{domain}\tAda Reader\t{NOW}\n",
        f"{identity}\t{identity}\t{newsletter}\tactive\t{choice}\tdaily\t{NOW}\t{NOW}\t1\n",
        f"{newsletter}\t{digest}\t1\timported\t{NOW}\t{DETAIL}\t{FIRST}\t{digest}\n",
    )


def _address(number: int) -> str:
    """In no order: a list of readers is not sorted by anything."""
    return f"{hashlib.md5(str(number).encode()).hexdigest()[:14]}@example{number % 500}.org"  # noqa: S324 (scatters)


def _empty() -> None:
    with session_scope() as session:
        session.execute(text("TRUNCATE subscriber, subscription, consent_event CASCADE"))


def _peak() -> float:
    """MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
