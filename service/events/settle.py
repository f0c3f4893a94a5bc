"""Write down all that a batch of events comes to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, Text, Update, bindparam, select, update
from sqlalchemy.orm import Session

from service.db import BigId, GivenRows, dialect_of
from service.events import leave_alone, rows, soft_bounces, touches
from service.events.batch import Batch
from service.events.forgetting import forget_the_gone
from service.events.rows import DELIVERIES, NOTICES
from service.events.ses_events import without_traces
from service.events.store import EVENTS, Waiting
from service.models import EventOutcome


def still_waiting(session: Session, events: Sequence[Waiting], *, wait: bool) -> list[Waiting]:
    """Those of *events* that nobody has applied, locked.

    What others hold is left to them unless *wait*.
    """
    statement, given = _holding(dialect_of(session), wait)
    values = given.values([(one.id,) for one in events])
    held = set(session.connection().execute(statement, values).scalars())
    return [one for one in events if one.id in held]


def settle(session: Session, batch: Batch, now: datetime) -> None:
    """Write down the rows, what follows of them for the readers, and what became of each event."""
    for table in (DELIVERIES, NOTICES):
        rows.write(session, table, batch.changed(table), now)
    leave_alone.leave_alone(session, [one for one in batch.told if one.event.suppress], now)
    soft_bounces.give_up_dead(session, batch.changed(DELIVERIES), now)
    touches.keep(session, batch.kept_touches(), now)
    _write_outcomes(session, batch, now)
    forget_the_gone(session, batch)


def _write_outcomes(session: Session, batch: Batch, now: datetime) -> None:
    if batch.outcomes:
        statement, given = _settling(dialect_of(session))
        told = [
            (event_id, outcome.value, note)
            for event_id, (outcome, note) in sorted(batch.outcomes.items())
        ]
        session.connection().execute(statement, {**given.values(told), "now": now})
    touched = [one for one in batch.events if one.event.touch and one.id in batch.outcomes]
    if touched:
        given = GivenRows(dialect_of(session), {"id": BigId, "raw": Text()})
        session.connection().execute(
            update(EVENTS).where(EVENTS.c.id == given.c["id"]).values(raw=given.c["raw"]),
            given.values([(one.id, without_traces(one.raw)) for one in touched]),
        )


@lru_cache
def _holding(dialect: str, wait: bool) -> tuple[Select[Any], GivenRows]:
    given = GivenRows(dialect, {"id": BigId})
    statement = (
        select(EVENTS.c.id)
        .where(EVENTS.c.id == given.c["id"], EVENTS.c.outcome == EventOutcome.WAITING)
        .order_by(EVENTS.c.id)
        .with_for_update(of=EVENTS, skip_locked=not wait)
    )
    return statement, given


@lru_cache
def _settling(dialect: str) -> tuple[Update, GivenRows]:
    given = GivenRows(dialect, {"id": BigId, "outcome": Text(), "note": Text()})
    statement = (
        update(EVENTS)
        .where(EVENTS.c.id == given.c["id"])
        .values(
            outcome=given.c["outcome"],
            note=given.c["note"],
            settled_at=bindparam("now", type_=EVENTS.c.settled_at.type),
        )
    )
    return statement, given
