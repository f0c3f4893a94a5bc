"""A file brought in, as the shell does it."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from service.audience.imports import jobs
from service.audience.imports.run import work
from service.db import read_scope, session_scope
from service.models import Import, Newsletter

Bring = Callable[..., Import]

STATEMENT = "They signed up at our old site."


@pytest.fixture
def bring(session: Session, newsletter: Newsletter, now: datetime) -> Bring:
    """Check a file, and unless it is only to be checked, bring it in; the import afterwards."""
    newsletter_id = newsletter.id
    session.commit()

    def bring(
        content: bytes | str, name: str = "members.csv", *, only_check: bool = False, **said: Any
    ) -> Import:
        session.commit()  # on SQLite a look of the test's own keeps all others out
        raw = content.encode() if isinstance(content, str) else content
        brought = jobs.bring(io.BytesIO(raw), name)
        with session_scope() as own:
            found = own.get_one(Newsletter, newsletter_id)
            job = jobs.add_import(own, found, brought, now)
            plan = jobs.plan_of(job).model_copy(
                update={"statement": STATEMENT, "by": "ann@news.example.org", **said}
            )
            jobs.check(own, job, plan, ring_for=False)
        assert work(job.id, lambda: now)
        if not only_check:
            start(job.id, now)
            assert work(job.id, lambda: now)
        return again(job.id)

    return bring


def start(import_id: int, now: datetime) -> None:
    with session_scope() as session:
        jobs.start(session, session.get_one(Import, import_id), now, ring_for=False)


def again(import_id: int) -> Import:
    """The import as it is now."""
    with read_scope() as session:
        return session.get_one(Import, import_id)


def came(job: Import) -> Mapping[str, int]:
    """Rows by what came of them, without what did not happen."""
    counts = job.counts.get("run", job.counts.get("checked", {}))
    return {name: number for name, number in counts.items() if number}
