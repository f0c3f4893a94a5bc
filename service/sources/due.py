"""Which sources are to be checked."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from service.models import Newsletter, Source, SourceState


def due_sources(session: Session, now: datetime) -> list[int]:
    """Ids of the sources to be checked, the longest overdue first."""
    return list(
        session.scalars(
            select(Source.id)
            .join(Newsletter)
            .where(Source.state == SourceState.ACTIVE, due(now), Newsletter.archived_at.is_(None))
            .order_by(Source.next_check_at.asc().nulls_first(), Source.id)
        )
    )


def due(now: datetime) -> ColumnElement[bool]:
    return or_(Source.next_check_at.is_(None), Source.next_check_at <= now)
