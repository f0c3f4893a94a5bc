"""What the next issue of a newsletter has so far, and what it lacks; before it is built."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.issues.build import FIRST_WINDOW
from service.issues.gather import covered_until
from service.issues.missing import Missing, missing_between
from service.models import IssueKind, Item, Newsletter, Source
from service.models.document import SectionSpec


@dataclass(frozen=True)
class Filled:
    """A section and how many items came in for it."""

    heading: str
    new: int


@dataclass(frozen=True)
class NextUp:
    """The issue that is built at the newsletter's next hour, as it stands now."""

    at: datetime | None
    """When; None when no issue is scheduled."""
    since: datetime
    """From when on what comes in belongs to it."""
    filled: tuple[Filled, ...]
    """Sections that live of what comes in, in order; tables are taken as they stand."""
    missing: tuple[Missing, ...]
    """Sources that have given nothing good since."""
    lacking: int
    """How many items more it needs, or it is skipped; 0 when it has enough."""

    @property
    def new(self) -> int:
        return sum(one.new for one in self.filled)

    @property
    def empty(self) -> list[str]:
        """Headings of sections for which nothing has come in."""
        return [one.heading for one in self.filled if not one.new]


def next_up(session: Session, newsletter: Newsletter, now: datetime) -> NextUp:
    before = now - FIRST_WINDOW[IssueKind.DAILY]
    since = covered_until(session, newsletter, IssueKind.DAILY) or before
    new: dict[str, int] = dict(
        session.execute(
            select(Source.section, func.count(Item.id))
            .join(Item, Item.source_id == Source.id)
            .where(Source.newsletter_id == newsletter.id, Item.first_seen >= since)
            .group_by(Source.section)
        ).all()
    )
    specs = [SectionSpec.model_validate(spec) for spec in newsletter.sections]
    filled = tuple(
        Filled(spec.heading, new.get(spec.slug, 0))
        for spec in specs
        if spec.kind not in ("tables", "repos")
    )
    there = sum(one.new for one in filled)
    return NextUp(
        at=newsletter.next_run,
        since=since,
        filled=filled,
        missing=tuple(missing_between(session, newsletter.id, since, now)),
        lacking=max(0, newsletter.min_items - there),
    )
