"""How an import stands, as its page and the list of all say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from service.audience.imports.jobs import UNDER_WAY, file_of, plan_of
from service.audience.imports.standing import Outcome
from service.audience.imports.told import UNDONE, told
from service.models import Import, ImportState, Newsletter, User
from service.web.asking import now


@dataclass(frozen=True)
class Shown:
    """Everything that the page of one import says."""

    job: Import
    who: str
    counts: list[tuple[int, str]]
    """Rows by what came or would come of them."""
    undone: list[tuple[int, str]]
    done: int
    total: int | None
    """Of what ``done`` counts; None while it cannot be known."""
    zone: str
    asked_until: datetime | None
    """When the last of those who are to confirm is asked; None where nobody is."""
    waits: bool
    """No worker is at it."""

    @property
    def live(self) -> bool:
        return self.job.state in UNDER_WAY


def shown_of(session: Session, job: Import) -> Shown:
    user = session.get(User, job.user_id) if job.user_id else None
    at = now()
    run = job.counts.get("run")
    counts = job.counts.get("checked", {}) if run is None else run
    done, total = job.position, job.total
    if job.state is ImportState.CHECKING:
        done, total = job.byte, _size(job)
    elif job.state is ImportState.UNDOING:
        done, total = sum(job.counts.get("undone", {}).values()), None
    return Shown(
        job=job,
        who=user.email if user else "the command line",
        counts=told(counts, done=run is not None),
        undone=[
            (number, UNDONE[name])
            for name, number in job.counts.get("undone", {}).items()
            if number
        ],
        done=done,
        total=total,
        zone=session.get_one(Newsletter, job.newsletter_id).timezone,
        asked_until=_asked_until(job, counts, at),
        waits=job.state in UNDER_WAY and (job.lease_until is None or job.lease_until < at),
    )


def _asked_until(job: Import, counts: Mapping[str, int], at: datetime) -> datetime | None:
    asked = counts.get(Outcome.ASKED.value, 0)
    if not asked:
        return None
    return (job.started_at or at) + timedelta(hours=(asked - 1) / plan_of(job).an_hour)


def _size(job: Import) -> int | None:
    try:
        return file_of(job).stat().st_size
    except FileNotFoundError:
        return None
