"""Keep events raw, before anyone is told that we have them. A repeat is dropped by its key."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, cast

from sqlalchemy import Select, Table, Text, bindparam, column, func, select, text, true
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from service.db import BigId, dialect_of, insert_into
from service.events.ses_events import SesEvent, UnreadableEvent, parse_event
from service.models import Event, EventOutcome

EVENTS = cast("Table", Event.__table__)

COLUMNS: dict[str, TypeEngine[Any]] = {
    "dedupe_key": Text(),
    "raw": Text(),
    "kind": Text(),
    "delivery_id": BigId,
    "notice_id": BigId,
    "outcome": Text(),
    "note": Text(),
}


class Waiting(NamedTuple):
    """A stored event that has not been applied."""

    id: int
    received_at: datetime
    raw: str
    event: SesEvent


def store_events(session: Session, texts: Sequence[str], now: datetime) -> list[Waiting]:
    """Store the events that are new; those of them that can be applied, in their order.

    What cannot be read is kept too, and said to be.
    """
    kept = {key: (text, event) for key, text, event in map(_read, map(_keepable, texts))}
    if not kept:
        return []
    rows = [_row(key, text, event) for key, (text, event) in kept.items()]
    stored = session.connection().execute(
        _insert(dialect_of(session)), {"given": json.dumps(rows, ensure_ascii=False), "now": now}
    )
    waiting: list[Waiting] = []
    for event_id, key in sorted(stored.all()):
        text, event = kept[key]
        if isinstance(event, SesEvent):
            waiting.append(Waiting(event_id, now, text, event))
    return waiting


def waiting_events(session: Session, limit: int = 500, after: int = 0) -> list[Waiting]:
    """Events that are stored and not yet applied, oldest first, of those with an id over *after*.

    One that cannot be read any more, since an older version of ours kept it, is left out.
    """
    while True:
        found = (
            session.connection()
            .execute(
                select(EVENTS.c.id, EVENTS.c.received_at, EVENTS.c.raw)
                .where(EVENTS.c.outcome == EventOutcome.WAITING, EVENTS.c.id > after)
                .order_by(EVENTS.c.id)
                .limit(limit)
            )
            .all()
        )
        waiting: list[Waiting] = []
        for event_id, received_at, raw in found:
            with contextlib.suppress(UnreadableEvent):
                waiting.append(Waiting(event_id, received_at, raw, parse_event(raw)))
        if waiting or not found:
            return waiting
        after = found[-1].id


@lru_cache
def _insert(dialect: str) -> Any:
    """One statement for any number of events, made once.

    Their rows go in one parameter of JSON, on PostgreSQL as well: an array of it would have each
    of its many quotes escaped twice.
    """
    now = bindparam("now", type_=EVENTS.c.received_at.type)
    if dialect == "postgresql":
        given = bindparam("given", type_=Text())
        rows = (
            func.json_to_recordset(given.op("::")(text("json")))
            .table_valued(*(column(name, kind) for name, kind in COLUMNS.items()))
            .render_derived(name="given", with_types=True)
        )
        source = select(*rows.c, now)
        return _ignoring(dialect, source)
    each = func.json_each(bindparam("given")).table_valued(column("value"), name="given")
    cells = [func.json_extract(each.c.value, f"$.{name}", type_=k) for name, k in COLUMNS.items()]
    # SQLite takes ON CONFLICT for a join's ON where no WHERE stands between.
    return _ignoring(dialect, select(*cells, now).where(true()))


def _ignoring(dialect: str, source: Select[Any]) -> Any:
    filled = insert_into(dialect, EVENTS).from_select([*COLUMNS, "received_at"], source)
    return filled.on_conflict_do_nothing().returning(EVENTS.c.id, EVENTS.c.dedupe_key)


def _read(text: str) -> tuple[str, str, SesEvent | UnreadableEvent]:
    """The key of an event, its text, and the event or why it cannot be read."""
    try:
        event = parse_event(text)
    except UnreadableEvent as error:
        return hashlib.sha256(text.encode()).hexdigest(), text, error
    return event.dedupe_key, text, event


def _row(key: str, text: str, event: SesEvent | UnreadableEvent) -> dict[str, object]:
    row: dict[str, object] = {"dedupe_key": key, "raw": text}
    if isinstance(event, UnreadableEvent):
        return row | {"kind": "", "outcome": EventOutcome.UNREADABLE.value, "note": str(event)}
    return row | {
        "kind": event.kind[:32],
        "outcome": EventOutcome.WAITING.value,
        "delivery_id": event.delivery_id,
        "notice_id": event.notice_id,
    }


def _keepable(text: str) -> str:
    """*text* without what PostgreSQL refuses, which would keep the rest of a batch out as well."""
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()
