"""Rows to the values that compose reads: what was collected, and what went out before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from service.issues.compose import Candidate, Window
from service.issues.tables import Board, Take
from service.issues.week import Carried
from service.models import (
    Entry,
    Issue,
    IssueKind,
    IssueState,
    Item,
    Newsletter,
    Snapshot,
    Source,
    SourceState,
)
from service.models.document import (
    AnyEntry,
    Document,
    Headline,
    Paper,
    Post,
    SectionKind,
    SectionSpec,
)

ENTRY: TypeAdapter[AnyEntry] = TypeAdapter(AnyEntry)
MOST_CANDIDATES = 5000
REPEAT_DAYS = 30
"""How far back the pages of earlier issues are remembered by their address."""


def went_out() -> ColumnElement[bool]:
    """Issues that readers have, or will have as things stand."""
    return or_(
        Issue.state.in_(
            [IssueState.APPROVED, IssueState.SENDING, IssueState.SENT, IssueState.HELD]
        ),
        and_(Issue.state == IssueState.STOPPED, Issue.started_at.is_not(None)),
    )


def covered_until(session: Session, newsletter: Newsletter, kind: IssueKind) -> datetime | None:
    """Up to when the issues of *kind* that went out have covered; None before the first of all.

    While none went out, what the first one looked at is still to be told: where it was skipped or
    never approved, the next begins where it began.
    """
    of_kind = select(Issue).where(Issue.newsletter_id == newsletter.id, Issue.kind == kind)
    told = session.scalar(of_kind.with_only_columns(func.max(Issue.cutoff_at)).where(went_out()))
    untold = of_kind.with_only_columns(func.min(Issue.window_start))
    return told or session.scalar(untold)


@dataclass(frozen=True)
class Sent:
    """What issues of one kind have carried or dropped in the last 30 days: items and pages."""

    items: frozenset[int]
    urls: frozenset[str]

    def holds(self, item_id: int | None, canonical_url: str) -> bool:
        return item_id in self.items or canonical_url in self.urls


def sent_before(session: Session, newsletter: Newsletter, kind: IssueKind, now: datetime) -> Sent:
    """What earlier issues of *kind* carried. What an editor dropped there is dealt with as well."""
    rows = session.execute(
        select(Item.id, Item.canonical_url)
        .join(Entry, Entry.item_id == Item.id)
        .join(Issue, Issue.id == Entry.issue_id)
        .where(Issue.newsletter_id == newsletter.id, Issue.kind == kind, went_out())
        .where(Issue.cutoff_at >= now - timedelta(days=REPEAT_DAYS))
    ).all()
    return Sent(frozenset(row[0] for row in rows), frozenset(row[1] for row in rows))


def candidates(
    session: Session, newsletter: Newsletter, specs: Sequence[SectionSpec], window: Window
) -> list[Candidate]:
    """Items first seen in *window*; of too many, the newest."""
    kinds = {spec.slug: spec.kind for spec in specs}
    rows = session.execute(
        select(Item, Source)
        .join(Source, Source.id == Item.source_id)
        .where(Source.newsletter_id == newsletter.id, Source.state != SourceState.PAUSED)
        .where(Item.first_seen >= window.start, Item.first_seen < window.end)
        .order_by(Item.published_at.desc(), Item.id)
        .limit(MOST_CANDIDATES)
    ).all()
    return [
        candidate(item, source, kinds[source.section])
        for item, source in rows
        if source.section in kinds
    ]


def candidate(item: Item, source: Source, kind: SectionKind) -> Candidate:
    """One item as a section of *kind* shows it."""
    return Candidate(
        key=f"item:{item.id}",
        section=source.section,
        source=source.slug,
        canonical_url=item.canonical_url,
        first_seen=item.first_seen,
        entry=_entry(item, source, kind),
        item_id=item.id,
    )


def _entry(item: Item, source: Source, kind: SectionKind) -> Headline | Paper | Post:
    topics = tuple(item.topics)
    if kind == "papers":
        return Paper(
            title=item.title,
            url=item.url,
            category=topics[0] if topics else "",
            abstract=item.summary,
            authors=item.author,
            published_at=item.published_at,
            topics=topics,
        )
    if kind == "posts":
        return Post(
            author=item.author or source.name,
            text=item.summary or item.title,
            quoted_author=item.quoted_author,
            quoted_text=item.quoted_text,
            url=item.url,
            published_at=item.published_at,
            topics=topics,
        )
    return Headline(
        title=item.title,
        url=item.url,
        source=source.name,
        published_at=item.published_at,
        summary=item.summary,
        topics=topics,
    )


def settled(session: Session, issue: Issue) -> list[Candidate]:
    """The stories that an editor has decided about in *issue*, as candidates."""
    rows = session.execute(
        select(Entry, Item.canonical_url)
        .outerjoin(Item, Item.id == Entry.item_id)
        .where(Entry.issue_id == issue.id)
        .where(or_(Entry.touched, Entry.pinned, Entry.dropped))
        .order_by(Entry.id)
    ).all()
    found = []
    for row, canonical_url in rows:
        entry = ENTRY.validate_python(row.data)
        if isinstance(entry, Headline | Paper | Post):
            url = canonical_url or entry.url
            seen = issue.created_at
            found.append(Candidate(row.key, row.section, "", url, seen, entry, row.item_id))
    return found


def carried(session: Session, newsletter: Newsletter, window: Window) -> list[Carried] | None:
    """What the daily issues that were frozen in (start, end] carried; None when there are none.

    By when an issue was frozen, not by its date: one that an editor approved after the hour of
    this week's digest is part of the next.
    """
    issues = session.scalars(
        select(Issue)
        .where(Issue.newsletter_id == newsletter.id, Issue.kind == IssueKind.DAILY, went_out())
        .where(Issue.frozen_at > window.start, Issue.frozen_at <= window.end)
        .order_by(Issue.local_date, Issue.id)
    ).all()
    return [found for issue in issues for found in _carried(session, issue)] if issues else None


def _carried(session: Session, issue: Issue) -> list[Carried]:
    rows = session.execute(
        select(Entry, Item.canonical_url)
        .outerjoin(Item, Item.id == Entry.item_id)
        .where(Entry.issue_id == issue.id, Entry.dropped.is_(False))
        .order_by(Entry.id)
    ).all()
    known = {(row.section, ENTRY.validate_python(row.data)): (row, url) for row, url in rows}
    document = Document.model_validate(issue.document)
    return [
        _carried_entry(document, section.spec.slug, rank, entry, known)
        for section in document.sections
        for rank, entry in enumerate(section.entries)
        if isinstance(entry, Headline | Paper | Post)
    ]


def _carried_entry(
    document: Document,
    section: str,
    rank: int,
    entry: Headline | Paper | Post,
    known: Mapping[tuple[str, AnyEntry], tuple[Entry, str | None]],
) -> Carried:
    row, url = known.get((section, entry), (None, None))
    story = Candidate(
        key=row.key if row else f"link:{entry.url}"[:250],
        section=section,
        source="",
        canonical_url=url or entry.url,
        first_seen=entry.published_at,
        entry=entry,
        item_id=row.item_id if row else None,
    )
    return Carried(story, document.issue_date, rank, row is not None and row.pinned)


def boards(session: Session, newsletter: Newsletter, window: Window) -> list[Board]:
    """Every source that is a table, with its figures at both ends of *window*.

    One that has none yet is a board too: its section says that there is no data.
    """
    kinds = {spec["slug"]: spec["kind"] for spec in newsletter.sections}
    sources = session.scalars(
        select(Source)
        .where(Source.newsletter_id == newsletter.id, Source.state != SourceState.PAUSED)
        .order_by(Source.id)
    )
    return [
        Board(
            slug=source.slug,
            section=source.section,
            position=source.id,
            name=source.name,
            config=source.config,
            latest=_take(session, source, window.end),
            baseline=_take(session, source, window.start),
        )
        for source in sources
        if kinds.get(source.section) in {"tables", "repos"}
    ]


def _take(session: Session, source: Source, before: datetime) -> Take | None:
    snapshot = session.scalar(
        select(Snapshot)
        .where(Snapshot.source_id == source.id, Snapshot.taken_at < before)
        .order_by(Snapshot.taken_at.desc(), Snapshot.id.desc())
        .limit(1)
    )
    return Take(snapshot.edition, snapshot.rows) if snapshot else None
