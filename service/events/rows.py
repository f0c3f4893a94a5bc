"""The deliveries and notices that events speak of: found, locked and written, many at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Select, Table, Text, Update, bindparam, null, select, update
from sqlalchemy.orm import Session

from service.db import BigId, GivenRows, dialect_of
from service.delivery.states import Evidence, after
from service.events.ses_events import SesEvent
from service.models import Delivery, DeliveryState, Notice

DELIVERIES = cast("Table", Delivery.__table__)
NOTICES = cast("Table", Notice.__table__)


@dataclass(frozen=True)
class Row:
    """A delivery or a notice as it stands."""

    id: int
    state: DeliveryState
    attempt: int
    message_id: str | None
    reason: str | None
    subscription_id: int | None
    subscriber_id: int | None
    """None for a notice."""
    issue_id: int | None


def moved(row: Row, event: SesEvent) -> Row:
    """*row* once *event* is known; the same object when that changes nothing. Pure."""
    message_id = row.message_id or event.message_id or None
    state, reason = row.state, row.reason
    if event.evidence is not None and not _was_tried_again(row, event):
        state = after(row.state, event.evidence)
    if state is not row.state:
        told = event.evidence not in {Evidence.ACCEPTED, Evidence.DELIVERED}
        reason = event.reason[:1000] if told else None
    if state is row.state and message_id == row.message_id:
        return row
    return replace(row, state=state, reason=reason, message_id=message_id)


def _was_tried_again(row: Row, event: SesEvent) -> bool:
    """Whether *event* refuses a try that another has followed: that one has an answer of its own.

    What proves that a message went out holds for the row, whichever try it was.
    """
    earlier = event.attempt is not None and event.attempt < row.attempt
    return earlier and event.evidence is Evidence.REJECTED


def by_message(session: Session, table: Table, message_ids: Collection[str]) -> dict[str, int]:
    """Ids of rows by SES's message id: all there is in the older notifications, without tags."""
    if not message_ids:
        return {}
    found = session.connection().execute(
        select(table.c.message_id, table.c.id).where(table.c.message_id.in_(message_ids))
    )
    return dict(found.all())


def lock(
    session: Session, table: Table, ids: Iterable[int], *, wait: bool
) -> tuple[dict[int, Row], set[int]]:
    """Those of *ids* that exist, locked; and those that somebody else holds just now.

    With *wait* nobody is passed over. Whoever locks many at a time must not wait for one while
    holding others: a sender that records a chunk holds many too, in an order of its own.
    """
    wanted = sorted(set(ids))
    if not wanted:
        return {}, set()
    statement, given = _locking(dialect_of(session), table, wait)
    connection = session.connection()
    values = given.values([(one,) for one in wanted])
    rows = {row.id: Row(*row) for row in connection.execute(statement, values)}
    missing = [one for one in wanted if one not in rows]
    if wait or not missing:
        return rows, set()
    there = connection.execute(select(table.c.id).where(table.c.id.in_(missing)))
    return rows, set(there.scalars())


def write(session: Session, table: Table, rows: Collection[tuple[Row, Row]], now: datetime) -> None:
    """Write down what *rows*, which are locked, were and what they are now."""
    moved_on = [row for was, row in rows if row.state is not was.state]
    only_named = [row for was, row in rows if row.state is was.state]
    if moved_on:
        statement, given = _moving(dialect_of(session), table)
        told = [(row.id, row.message_id, row.state.value, row.reason) for row in moved_on]
        session.connection().execute(statement, {**given.values(told), "now": now})
    if only_named:
        naming, given = _naming(dialect_of(session), table)
        named = [(row.id, row.message_id) for row in only_named]
        session.connection().execute(naming, given.values(named))


@lru_cache
def _locking(dialect: str, table: Table, wait: bool) -> tuple[Select[Any], GivenRows]:
    given = GivenRows(dialect, {"id": BigId})
    statement = (
        select(
            table.c.id,
            table.c.state,
            table.c.attempt,
            table.c.message_id,
            table.c.reason,
            table.c.subscription_id,
            table.c.get("subscriber_id", null()),
            table.c.issue_id,
        )
        .where(table.c.id == given.c["id"])
        .order_by(table.c.id)
        .with_for_update(of=table, skip_locked=not wait)
    )
    return statement, given


@lru_cache
def _moving(dialect: str, table: Table) -> tuple[Update, GivenRows]:
    given = GivenRows(
        dialect, {"id": BigId, "message_id": Text(), "state": Text(), "reason": Text()}
    )
    values: dict[str, Any] = {
        "message_id": given.c["message_id"],
        "state": given.c["state"],
        "reason": given.c["reason"],
        "changed_at": bindparam("now", type_=table.c.changed_at.type),
    }
    if table is NOTICES:
        values["lease_until"] = null()  # nobody is sending what SES has spoken of
    return update(table).where(table.c.id == given.c["id"]).values(values), given


@lru_cache
def _naming(dialect: str, table: Table) -> tuple[Update, GivenRows]:
    given = GivenRows(dialect, {"id": BigId, "message_id": Text()})
    statement = update(table).where(table.c.id == given.c["id"])
    return statement.values(message_id=given.c["message_id"]), given
