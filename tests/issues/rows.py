"""A newsletter with its sources and what they published, as rows and as values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from service.issues.compose import Candidate
from service.models import Approval, Item, Newsletter, Snapshot, Source
from service.models.document import Headline, Paper, SectionSpec

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

SECTIONS: list[dict[str, Any]] = [
    {"slug": "labs", "kind": "headlines", "heading": "AI Labs", "empty": "No lab headlines."},
    {"slug": "wire", "kind": "headlines", "heading": "From the Wire", "limit": 3},
    {"slug": "papers", "kind": "papers", "heading": "Research Papers", "limit": 6},
    {
        "slug": "benchmarks",
        "kind": "tables",
        "heading": "Benchmarks",
        "limit": 2,
        "empty": "No benchmark data.",
    },
    {"slug": "trending", "kind": "repos", "heading": "Trending", "limit": 3},
]
SPECS = tuple(SectionSpec.model_validate(section) for section in SECTIONS)
SCORE = [{"key": "score", "label": "Score", "format": "percent", "path": "score"}]


def newsletter(session: Session, **changes: Any) -> Newsletter:
    values: dict[str, Any] = {
        "slug": "report",
        "name": "The Report",
        "from_name": "The Report",
        "from_address": "report@example.org",
        "postal_address": "1 Main Street",
        "byline": "Ada Writer",
        "sections": SECTIONS,
        "approval": Approval.AUTO,
        "next_run": NOW,
        "created_at": NOW - 30 * DAY,
    }
    row = Newsletter(**{**values, **changes})
    session.add(row)
    session.flush()
    return row


def source(session: Session, owner: Newsletter, slug: str, section: str, **more: Any) -> Source:
    values: dict[str, Any] = {
        "kind": "feed",
        "name": slug.title(),
        "url": f"https://{slug}.example.org/feed",
    }
    row = Source(newsletter_id=owner.id, slug=slug, section=section, **{**values, **more})
    session.add(row)
    session.flush()
    return row


def item(session: Session, owner: Source, title: str, **more: Any) -> Item:
    path = title.lower().replace(" ", "-")
    url = f"https://{owner.slug}.example.org/{path}"
    seen = more.get("first_seen", NOW - HOUR)
    values: dict[str, Any] = {
        "identity": path,
        "url": url,
        "canonical_url": url,
        "title": title,
        "published_at": seen,
        "first_seen": seen,
        "content_hash": "0" * 64,
    }
    row = Item(source_id=owner.id, **{**values, **more})
    session.add(row)
    session.flush()
    return row


def scores(session: Session, owner: Source, at: datetime, edition: str, **by_name: Any) -> Snapshot:
    rows = [
        {"key": name, "name": name, "values": {"score": figure}} for name, figure in by_name.items()
    ]
    return snapshot(session, owner, at, edition, rows)


def stars(session: Session, owner: Source, at: datetime, **by_name: int) -> Snapshot:
    rows = [
        {"key": name, "name": name, "url": f"https://github.com/{name}", "stars": count}
        for name, count in by_name.items()
    ]
    return snapshot(session, owner, at, "", rows)


def snapshot(
    session: Session, owner: Source, at: datetime, edition: str, rows: list[dict[str, Any]]
) -> Snapshot:
    row = Snapshot(
        source_id=owner.id, taken_at=at, edition=edition, rows=rows, content_hash="0" * 64
    )
    session.add(row)
    session.flush()
    return row


def headline(title: str, **more: Any) -> Candidate:
    """A candidate of the section "wire", unless *more* says otherwise."""
    source_slug = more.pop("source", "paper")
    section = more.pop("section", "wire")
    url = more.pop("url", f"https://{source_slug}.example.org/{title.replace(' ', '-')}")
    at = more.pop("at", NOW - HOUR)
    entry = Headline(title=title, url=url, source=source_slug, published_at=at, **more)
    return Candidate(f"item:{url}", section, source_slug, url, at, entry)


def paper(title: str, category: str, at: datetime = NOW - HOUR) -> Candidate:
    url = f"https://arxiv.example.org/{title.replace(' ', '-')}"
    entry = Paper(title=title, url=url, category=category, abstract="We show it.", published_at=at)
    return Candidate(f"item:{url}", "papers", "arxiv", url, at, entry)
