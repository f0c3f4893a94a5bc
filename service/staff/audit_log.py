"""Reading the audit log: who did what, when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.models import Audit, User

NEAR = 1000
"""Notes among whose numbers the highest before a moment is looked for."""


@dataclass(frozen=True)
class Asked:
    """Which notes are asked for; the default is all."""

    user_id: int | None = None
    by_nobody: bool = False
    """The shell's and the service's own."""
    action: str = ""
    until: datetime | None = None
    """Only what was noted before then."""


def page(
    session: Session, asked: Asked, most: int, before: int | None = None
) -> list[tuple[Audit, str | None]]:
    """At most *most* notes and the address of who did it, newest first, older than note *before*.

    Each filter has an index that ends in the note's number, so that no page is ever slow.
    """
    query = (
        select(Audit, User.email)
        .outerjoin(User, User.id == Audit.user_id)
        .order_by(Audit.id.desc())
        .limit(most)
    )
    if asked.user_id is not None:
        query = query.where(Audit.user_id == asked.user_id)
    if asked.by_nobody:
        query = query.where(Audit.user_id.is_(None))
    if asked.action:
        query = query.where(Audit.action == asked.action)
    if asked.until is not None:
        # Numbers come about in the order of time: a few steps of the index of time say where to
        # begin, so that not all that came since is looked through. Of notes of one moment, and of
        # two machines whose clocks differ, the earlier may have the higher number.
        near = select(Audit.id).where(Audit.at < asked.until)
        near = near.order_by(Audit.at.desc(), Audit.id.desc()).limit(NEAR)
        last = select(func.max(near.subquery().c.id)).scalar_subquery()
        query = query.where(Audit.id <= last, Audit.at < asked.until)
    if before is not None:
        query = query.where(Audit.id < before)
    return [(note, email) for note, email in session.execute(query)]


def actions(session: Session) -> list[str]:
    """Every action that was noted. A step of the index each: of a million notes few are read."""
    found: list[str] = []
    while True:
        query = select(func.min(Audit.action))
        after = session.execute(query.where(Audit.action > found[-1]) if found else query)
        action: str | None = after.scalar_one()
        if action is None:
            return found
        found.append(action)


def doers(session: Session) -> list[tuple[int, str]]:
    """Everybody who may have done something, also those who were removed."""
    rows = session.execute(select(User.id, User.email).order_by(User.email))
    return [(user_id, email) for user_id, email in rows]
