"""A newsletter that comes to its end: archived, never deleted, and taken up again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.models import Issue, IssueState, Newsletter
from service.newsletters.rows import reschedule

ON_ITS_WAY = (IssueState.APPROVED, IssueState.SENDING)


class NotYet(ValueError):
    """Something of it is still on its way; the text says what."""


def archive(session: Session, newsletter: Newsletter, now: datetime) -> None:
    """Nothing is made, read or offered for it any more. Raises :class:`NotYet`."""
    going = session.scalar(
        select(Issue.number)
        .where(Issue.newsletter_id == newsletter.id, Issue.state.in_(ON_ITS_WAY))
        .limit(1)
    )
    if going is not None:
        raise NotYet(f"No. {going} is on its way: let it end, or stop it first.")
    newsletter.archived_at = now
    reschedule(newsletter, now)


def restore(newsletter: Newsletter, now: datetime) -> None:
    """It goes on by its schedule, from the next run that is yet to come."""
    newsletter.archived_at = None
    reschedule(newsletter, now)
