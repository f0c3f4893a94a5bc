"""The doctor asked for on the web: what was asked, and what was found so far."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from service.db import session_scope
from service.models import Examination

KEPT = 10
LONGEST = timedelta(minutes=3)
"""One that has not come to an end by then is taken for lost, and may be asked for again."""


def latest(session: Session) -> list[Examination]:
    """The last one, and before it the last that came to an end, when those are not the same."""
    newest = session.scalar(select(Examination).order_by(Examination.id.desc()).limit(1))
    if newest is None:
        return []
    if newest.finished_at is not None:
        return [newest]
    ended = session.scalar(
        select(Examination)
        .where(Examination.finished_at.is_not(None))
        .order_by(Examination.id.desc())
        .limit(1)
    )
    return [newest] if ended is None else [newest, ended]


def under_way(found: Examination, now: datetime) -> bool:
    """Whether its end is still awaited."""
    return found.finished_at is None and now - found.asked_at < LONGEST


def ask(session: Session, now: datetime) -> Examination:
    """The one that is under way, else a new one: ring for it."""
    for found in latest(session)[:1]:
        if under_way(found, now):
            return found
    row = Examination(asked_at=now, findings=[])
    session.add(row)
    session.flush()
    session.execute(delete(Examination).where(Examination.id <= row.id - KEPT))
    return row


def due_examinations(session: Session, now: datetime) -> list[int]:
    """Those that were asked for and that nobody has taken up, while they are still awaited."""
    asked = select(Examination.id).where(
        Examination.begun_at.is_(None),
        Examination.asked_at <= now,
        Examination.asked_at > now - LONGEST,
    )
    return list(session.scalars(asked.order_by(Examination.id)))


def give_up(examination_id: int, why: str, now: datetime) -> None:
    """It ends without its last lines; *why* is shown with those that there are."""
    keep(examination_id, finished_at=now, problem=why)


def keep(examination_id: int, **values: object) -> None:
    """Set columns of its row, at once."""
    with session_scope() as session:
        session.execute(
            update(Examination).where(Examination.id == examination_id).values(**values)
        )
