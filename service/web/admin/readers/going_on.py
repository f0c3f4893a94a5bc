"""The newsletters that readers can be brought into: those that have not ended."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.models import Newsletter

ENDED = (
    "{name} is archived: nothing is sent to its readers. Take it up again in its settings first."
)


def going_on(session: Session) -> Sequence[Newsletter]:
    """By their names."""
    return session.scalars(
        select(Newsletter).where(Newsletter.archived_at.is_(None)).order_by(Newsletter.name)
    ).all()
