"""What an issue was built without: the sources that were not good since the issue before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.models import Issue, Source, SourceState


@dataclass(frozen=True)
class Missing:
    """A source of which an issue may lack the news."""

    slug: str
    name: str
    section: str
    good_at: datetime | None
    """When it last gave a good answer; None means never."""
    problem: str
    """Why, in plain words; '' when it was not asked, or has not answered yet."""


def missing_sources(session: Session, issue: Issue) -> list[Missing]:
    """Sources without a good answer within the window of *issue*, in the file's order.

    One that is asked less often than issues come is not missing while it is not due. [] for an
    issue without a window: one by hand.
    """
    start, cutoff = issue.window_start, issue.cutoff_at
    if start is None or cutoff is None:
        return []
    return missing_between(session, issue.newsletter_id, start, cutoff)


def missing_between(
    session: Session, newsletter_id: int, start: datetime, cutoff: datetime
) -> list[Missing]:
    """Sources of a newsletter without a good answer since *start*, as known at *cutoff*."""
    sources = session.scalars(
        select(Source)
        .where(Source.newsletter_id == newsletter_id, Source.state != SourceState.PAUSED)
        .order_by(Source.id)
    )
    return [
        Missing(source.slug, source.name, source.section, source.good_at, source.problem or "")
        for source in sources
        if _was_bad_since(source, start) and not _rests(source, cutoff)
    ]


def _was_bad_since(source: Source, start: datetime) -> bool:
    return source.good_at is None or source.good_at < start


def _rests(source: Source, cutoff: datetime) -> bool:
    """Whether all was well and it was simply not time to ask again."""
    return (
        source.state is SourceState.ACTIVE
        and source.good_at is not None
        and source.failures == 0
        and source.next_check_at is not None
        and source.next_check_at > cutoff
    )
