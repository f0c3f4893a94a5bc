"""Keep events raw, before anyone is told that we have them. A repeat is dropped by its key."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from service.db import insert_ignoring
from service.events.ses_events import UnreadableEvent, parse_event
from service.models import Event, EventOutcome


def store_events(session: Session, texts: Sequence[str], now: datetime) -> int:
    """Store the events that are new; how many. What cannot be read is kept too, and said to be."""
    rows: dict[str, dict[str, object]] = {}
    for text in map(_keepable, texts):
        row: dict[str, object] = {"received_at": now, "raw": text, "delivery_id": None,
                                  "notice_id": None, "note": None}  # fmt: skip
        try:
            event = parse_event(text)
        except UnreadableEvent as error:
            key = hashlib.sha256(text.encode()).hexdigest()
            row |= {"kind": "", "outcome": EventOutcome.UNREADABLE, "note": str(error)}
        else:
            key = event.dedupe_key
            row |= {
                "kind": event.kind[:32],
                "outcome": EventOutcome.WAITING,
                "delivery_id": event.delivery_id,
                "notice_id": event.notice_id,
            }
        rows[key] = {**row, "dedupe_key": key}
    return insert_ignoring(session, cast("Table", Event.__table__), list(rows.values()))


def _keepable(text: str) -> str:
    """*text* without what PostgreSQL refuses, which would keep the rest of a batch out as well."""
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def waiting_events(session: Session, limit: int = 500) -> list[int]:
    """Ids of events that are stored and not yet applied, oldest first."""
    return list(
        session.execute(
            select(Event.id)
            .where(Event.outcome == EventOutcome.WAITING)
            .order_by(Event.id)
            .limit(limit)
        ).scalars()
    )
