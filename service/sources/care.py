"""What an editor does with a source that is there: look how it fares, hurry it, take it away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from service.models import Entry, Item, Snapshot, Source, SourceState

Word = Literal["paused", "gone", "failing", "damaged", "new", "well"]


def standing_of(source: Source) -> Word:
    """How it fares, in a word. Pure."""
    if source.state is SourceState.PAUSED:
        return "paused"
    if source.state is SourceState.MUTED:
        return "gone"
    if source.failures:
        return "failing"
    if source.good_at is None:
        return "new"
    return "damaged" if source.problem else "well"


def items_since(session: Session, newsletter_id: int, since: datetime) -> dict[int, int]:
    """By the ids of the newsletter's sources: how many items came, of those with any."""
    # Source by source, each found by the index of its window.
    query = (
        select(Item.source_id, func.count())
        .join(Source, Source.id == Item.source_id)
        .where(Source.newsletter_id == newsletter_id, Item.first_seen >= since)
        .group_by(Item.source_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def hurry(source: Source) -> None:
    """It is due at once. Ring for it; without a ring the next tick finds it."""
    source.next_check_at = None


@dataclass(frozen=True)
class Holdings:
    """What goes with a source."""

    items: int
    tables: int
    in_issues: int
    """Items that stand, or stood, in an issue."""


def holdings(session: Session, source: Source) -> Holdings:
    of_it = select(Item.id).where(Item.source_id == source.id)
    return Holdings(
        items=session.scalar(select(func.count()).select_from(of_it.subquery())) or 0,
        tables=session.scalar(
            select(func.count()).select_from(Snapshot).where(Snapshot.source_id == source.id)
        )
        or 0,
        in_issues=session.scalar(
            select(func.count()).select_from(Entry).where(Entry.item_id.in_(of_it))
        )
        or 0,
    )


def remove(session: Session, source: Source) -> Holdings:
    """Delete it with its items and tables. Issues keep the lines that were made of them."""
    gone = holdings(session, source)
    of_it = select(Item.id).where(Item.source_id == source.id)
    session.execute(update(Entry).where(Entry.item_id.in_(of_it)).values(item_id=None))
    session.execute(delete(Source).where(Source.id == source.id))
    session.expire_all()
    return gone
