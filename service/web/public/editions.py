"""Issues that went out, as the public pages read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Text, and_, bindparam, cast, func, or_, select
from sqlalchemy.orm import Session

from service.localtime import zone
from service.models import Issue, IssueKind, IssueState, Newsletter
from service.models.document import Document

# Once the first mail may have left, its links must lead somewhere, whatever became of it.
_BEGUN = and_(Issue.started_at.is_not(None), Issue.document.is_not(None))
_NEWEST = (Issue.started_at.desc(), Issue.id.desc())


@dataclass(frozen=True)
class Listing:
    """An issue in a list: what it is called, not what it says."""

    id: int
    number: int
    subject: str
    preheader: str
    issue_date: date
    began_at: datetime

    @property
    def stamp(self) -> tuple[int, datetime]:
        """What ``service.web.fresh`` knows it by."""
        return self.id, self.began_at


def listed(session: Session, newsletter: Newsletter, most: int, offset: int = 0) -> list[Listing]:
    """Newest first. The documents, which are large, are left where they are.

    What went to a segment alone is not for everybody to find: who got it has the link.
    """
    query = select(
        Issue.id,
        Issue.number,
        Issue.subject,
        Issue.preheader,
        Issue.local_date,
        Issue.started_at,
        Issue.scheduled_at,
    )
    query = query.where(_gone(newsletter), _for_all())
    query = query.order_by(*_NEWEST).limit(most).offset(offset)
    clock = zone(newsletter.timezone)
    return [
        Listing(
            id=row.id,
            number=row.number,
            subject=row.subject,
            preheader=row.preheader,
            issue_date=row.local_date
            or (row.scheduled_at or row.started_at).astimezone(clock).date(),
            began_at=row.started_at,
        )
        for row in session.execute(query)
    ]


def stamps(
    session: Session, newsletter: Newsletter, most: int, offset: int = 0
) -> list[tuple[int, datetime]]:
    """Those that have sections, newest first, as ``service.web.fresh`` knows them."""
    query = select(Issue.id, Issue.started_at).where(Issue.kind != IssueKind.MANUAL)
    query = query.where(_gone(newsletter)).order_by(*_NEWEST).limit(most).offset(offset)
    return [(row.id, row.started_at) for row in session.execute(query)]


class Edition(NamedTuple):
    """An issue by its number."""

    stamp: tuple[int, datetime]
    listed: bool


def one(session: Session, newsletter: Newsletter, number: int) -> Edition | None:
    """Issue *number*; None when it has not begun to go."""
    query = select(Issue.id, Issue.started_at, _for_all()).where(Issue.number == number)
    row = session.execute(query.where(_gone(newsletter))).one_or_none()
    return None if row is None else Edition((row.id, row.started_at), listed=row[2])


def is_to_come(session: Session, newsletter: Newsletter, number: int) -> bool:
    """Whether there is an issue *number* that may yet go."""
    query = select(Issue.id).where(
        Issue.newsletter_id == newsletter.id,
        Issue.number == number,
        Issue.started_at.is_(None),
        Issue.state.in_([IssueState.DRAFT, IssueState.APPROVED, IssueState.HELD]),
    )
    return session.scalar(query) is not None


def documents(session: Session, ids: list[int]) -> dict[int, Document]:
    """What these issues say."""
    query = select(Issue.id, Issue.document).where(Issue.id.in_(ids))
    return {row.id: Document.model_validate(row.document) for row in session.execute(query)}


def _gone(newsletter: Newsletter) -> ColumnElement[bool]:
    return and_(Issue.newsletter_id == newsletter.id, _BEGUN)


def _for_all() -> ColumnElement[bool]:
    """It went to everyone, or corrects what everyone may look up."""
    # No segment is NULL or JSON's null, as it was left out or set to None.
    whole = func.coalesce(cast(Issue.segment, Text), "null") == "null"
    return or_(whole, Issue.segment["held", "issue"].as_integer().is_not(None))


@dataclass(frozen=True)
class Counts:
    """How much was in the last issue: by section, and by section and topic."""

    sections: dict[str, int]
    topics: dict[tuple[str, str], int]


_LAST = (
    select(Issue.document)
    .where(Issue.newsletter_id == bindparam("newsletter"), _BEGUN, Issue.kind != IssueKind.MANUAL)
    .order_by(*_NEWEST)
    .limit(1)
)


def last_counts(session: Session, newsletter: Newsletter) -> Counts | None:
    """Of the latest issue that has sections; None before the first."""
    document = session.scalar(_LAST, {"newsletter": newsletter.id})
    return None if document is None else count_entries(document)


def count_entries(document: dict[str, Any]) -> Counts:
    """Count a stored document's entries as it stands: to read it in full takes ten times as long.

    A section counts what its mail shows, a topic all that there was of it. Pure.
    """
    counts = Counts({}, {})
    for section in document["sections"]:
        spec, entries = section["spec"], section["entries"]
        shown = len(entries) if spec["kind"] == "tables" else min(len(entries), spec["limit"])
        counts.sections[spec["slug"]] = shown
        for topic in spec["topics"]:
            of_it = sum(topic in entry["topics"] for entry in entries)
            counts.topics[spec["slug"], topic] = of_it
    return counts
