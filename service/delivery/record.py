"""Write down what a chunk became. Each row is changed only from a state that allows it.

SES's events may have overtaken us: a row that they moved on already keeps its place and is only
given its message id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, or_, update
from sqlalchemy.orm import Session

from service.delivery.transports import Outcome, Verdict
from service.models import Delivery, DeliveryState

TABLE = cast("Table", Delivery.__table__)
MAX_ATTEMPTS = 10

STATE = {
    Verdict.ACCEPTED: DeliveryState.ACCEPTED,
    Verdict.RETRY: DeliveryState.QUEUED,
    Verdict.LATER: DeliveryState.QUEUED,
    Verdict.HALT: DeliveryState.QUEUED,
    Verdict.REJECTED: DeliveryState.REJECTED,
    Verdict.UNKNOWN: DeliveryState.UNKNOWN,
}

BEFORE_ANYTHING_ELSE = (DeliveryState.SENDING, DeliveryState.UNKNOWN)
BEFORE_ACCEPTED = (
    *BEFORE_ANYTHING_ELSE,
    DeliveryState.QUEUED,
    DeliveryState.SKIPPED,
    DeliveryState.GIVEN_UP,
)
"""An answer that comes after our lease ran out is still the truth: the row is not sent again."""


@dataclass(frozen=True)
class Sent:
    """A delivery as it was marked ``sending``."""

    delivery_id: int
    attempt: int


def settle(
    session: Session, chunk: Sequence[Sent], outcomes: Sequence[Outcome], now: datetime
) -> None:
    """Record *outcomes*, one for each of *chunk*, in their order."""
    rows = [_values(sent, outcome, now) for sent, outcome in zip(chunk, outcomes, strict=True)]
    taken = [row for row in rows if row["to_state"] is DeliveryState.ACCEPTED]
    _move(session, taken, BEFORE_ACCEPTED)
    _move(session, [row for row in rows if row not in taken], BEFORE_ANYTHING_ELSE)
    _add_message_ids(session, taken)


def _move(session: Session, rows: list[dict[str, Any]], before: Sequence[DeliveryState]) -> None:
    if not rows:
        return
    # On the connection: the ORM reads an UPDATE with many parameters as one by primary key.
    session.connection().execute(
        update(TABLE)
        .where(
            TABLE.c.id == bindparam("row_id"),
            TABLE.c.attempt == bindparam("row_attempt"),
            or_(*(TABLE.c.state == state for state in before)),  # executemany takes no IN
        )
        .values(
            state=bindparam("to_state"),
            message_id=bindparam("to_message_id"),
            reason=bindparam("to_reason"),
            changed_at=bindparam("to_changed_at"),
        ),
        rows,
    )


def _add_message_ids(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    known = [
        {"row_id": row["row_id"], "row_message_id": row["to_message_id"]}
        for row in rows
        if row["to_message_id"]
    ]
    if known:
        session.connection().execute(
            update(TABLE)
            .where(TABLE.c.id == bindparam("row_id"), TABLE.c.message_id.is_(None))
            .values(message_id=bindparam("row_message_id")),
            known,
        )


def _values(sent: Sent, outcome: Outcome, now: datetime) -> dict[str, Any]:
    state, reason = STATE[outcome.verdict], outcome.reason
    if outcome.verdict is Verdict.RETRY and sent.attempt >= MAX_ATTEMPTS:
        state, reason = DeliveryState.REJECTED, f"Given up after {sent.attempt} tries. {reason}"
    return {
        "row_id": sent.delivery_id,
        "row_attempt": sent.attempt,
        "to_state": state,
        "to_message_id": outcome.message_id,
        "to_reason": reason,
        "to_changed_at": now,
    }
