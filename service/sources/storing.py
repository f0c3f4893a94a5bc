"""What was read, into its rows: items are added and corrected, snapshots are taken."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from service.db import insert_ignoring
from service.models import Item, Snapshot
from service.sources.identity import canonical_url, digest, moments
from service.sources.kinds import ParsedItem, ParsedSnapshot


class Counts(NamedTuple):
    new: int = 0
    updated: int = 0


def store_items(
    session: Session,
    source_id: int,
    items: Iterable[ParsedItem],
    now: datetime,
    *,
    old: datetime | None,
) -> Counts:
    """Insert items that are new and correct those that changed; ``first_seen`` never moves.

    What was published before *old* is no news; see :func:`~service.sources.identity.moments`.

    Safe beside another worker that stores the same: the unique key decides whose row it is, and
    both write in the order of identities, so that neither waits for the other in a circle.
    """
    latest = {item.identity: item for item in items}
    parsed = [latest[identity] for identity in sorted(latest)]
    known = {
        row.identity: row
        for row in session.scalars(
            select(Item).where(Item.source_id == source_id, Item.identity.in_(latest))
        )
    }
    updated = sum(
        _correct(known[item.identity], item, now) for item in parsed if item.identity in known
    )
    fresh = [_row(source_id, item, now, old) for item in parsed if item.identity not in known]
    return Counts(insert_ignoring(session, cast("Table", Item.__table__), fresh), updated)


def _content(item: ParsedItem) -> dict[str, Any]:
    """The columns that an update may change."""
    quoted = (item.quoted_author, item.quoted_text)
    said = (item.url, item.title, item.summary, item.author, *quoted)
    return {
        "url": item.url,
        "canonical_url": canonical_url(item.url),
        "title": item.title,
        "summary": item.summary,
        "author": item.author,
        "topics": list(item.topics),
        "quoted_author": item.quoted_author,
        "quoted_text": item.quoted_text,
        "content_hash": digest(*said, *item.topics),
    }


def _row(source_id: int, item: ParsedItem, now: datetime, old: datetime | None) -> dict[str, Any]:
    when = moments(item.published_at, now, old)
    return {
        "source_id": source_id,
        "identity": item.identity,
        "published_at": when.published_at,
        "first_seen": when.first_seen,
        **_content(item),
    }


def _correct(row: Item, item: ParsedItem, now: datetime) -> bool:
    content = _content(item)
    if content["content_hash"] == row.content_hash:
        return False
    for name, value in content.items():
        setattr(row, name, value)
    row.updated_at = now
    return True


def store_snapshot(
    session: Session, source_id: int, snapshot: ParsedSnapshot, now: datetime
) -> bool:
    """Take *snapshot* unless the day's last one says the same; whether it says something new."""
    content_hash = digest(
        snapshot.edition, json.dumps(snapshot.rows, sort_keys=True, ensure_ascii=False)
    )
    last = _latest(session, source_id)
    changed = last is None or last.content_hash != content_hash
    if changed or not _of_day(last, now):
        session.add(
            Snapshot(
                source_id=source_id,
                taken_at=now,
                edition=snapshot.edition,
                rows=list(snapshot.rows),
                content_hash=content_hash,
            )
        )
    return changed


def keep_snapshot_of_day(session: Session, source_id: int, now: datetime) -> None:
    """For a table that did not change: say on a new day that it still stands as it stood."""
    last = _latest(session, source_id)
    if last is not None and not _of_day(last, now):
        store_snapshot(session, source_id, ParsedSnapshot(tuple(last.rows), last.edition), now)


def _of_day(snapshot: Snapshot | None, now: datetime) -> bool:
    return snapshot is not None and snapshot.taken_at.date() == now.date()


def _latest(session: Session, source_id: int) -> Snapshot | None:
    return session.scalars(
        select(Snapshot)
        .where(Snapshot.source_id == source_id)
        .order_by(Snapshot.taken_at.desc(), Snapshot.id.desc())
        .limit(1)
    ).first()
