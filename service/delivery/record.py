"""Write down what a chunk became. Each row is changed only from a state that allows it.

SES's events may have overtaken us: a row that they moved on already keeps its place and is only
given its message id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Integer, Table, Text, Update, bindparam, update
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from service.db import BigId, GivenRows, dialect_of
from service.delivery.transports import Outcome, Verdict
from service.models import Delivery, DeliveryState

ROWS = cast("Table", Delivery.__table__)
"""The table itself: the ORM takes longer over a statement than PostgreSQL does."""

MAX_ATTEMPTS = 10
"""Of a message that fails for its own sake. It has as many again when an editor asks for that, and
as a rule some after a long trouble of the far side's, which counts tries as well."""

LONGEST_REASON, LONGEST_ID = 1000, 200

STATE = {
    Verdict.ACCEPTED: DeliveryState.ACCEPTED,
    Verdict.RETRY: DeliveryState.QUEUED,
    Verdict.LATER: DeliveryState.QUEUED,
    Verdict.PARK: DeliveryState.QUEUED,
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
    pairs = list(zip(chunk, outcomes, strict=True))
    taken = [pair for pair in pairs if pair[1].verdict is Verdict.ACCEPTED]
    others = [pair for pair in pairs if pair[1].verdict is not Verdict.ACCEPTED]
    if _move(session, taken, BEFORE_ACCEPTED, now) < len(taken):
        _add_message_ids(session, taken)
    _move(session, others, BEFORE_ANYTHING_ELSE, now)


def _move(
    session: Session,
    pairs: Sequence[tuple[Sent, Outcome]],
    before: Sequence[DeliveryState],
    now: datetime,
) -> int:
    """Move those rows that are in one of the states *before*; how many."""
    if not pairs:
        return 0
    statement, given = _move_statement(dialect_of(session), tuple(before))
    rows = [(sent.delivery_id, sent.attempt, *_becomes(sent, outcome)) for sent, outcome in pairs]
    return session.connection().execute(statement, {**given.values(rows), "now": now}).rowcount


@lru_cache
def _move_statement(dialect: str, before: tuple[DeliveryState, ...]) -> tuple[Update, GivenRows]:
    """Made once: to make it takes longer than to have it answered."""
    types: dict[str, TypeEngine[Any]] = {
        "id": BigId, "attempt": Integer(), "state": Text(), "message_id": Text(), "reason": Text(),
    }  # fmt: skip
    given = GivenRows(dialect, types)
    statement = (
        update(ROWS)
        .where(
            ROWS.c.id == given.c["id"],
            ROWS.c.attempt == given.c["attempt"],
            ROWS.c.state.in_(before),
        )
        .values(
            state=given.c["state"],
            message_id=given.c["message_id"],
            reason=given.c["reason"],
            changed_at=bindparam("now", type_=ROWS.c.changed_at.type),
        )
    )
    return statement, given


def _add_message_ids(session: Session, pairs: Sequence[tuple[Sent, Outcome]]) -> None:
    """For rows that an event moved on before SES's answer was here."""
    given = GivenRows(dialect_of(session), {"id": BigId, "message_id": Text()})
    rows = [(sent.delivery_id, outcome.message_id) for sent, outcome in pairs]
    session.connection().execute(
        update(ROWS)
        .where(ROWS.c.id == given.c["id"], ROWS.c.message_id.is_(None))
        .values(message_id=given.c["message_id"]),
        given.values(rows),
    )


def _becomes(sent: Sent, outcome: Outcome) -> tuple[str, str | None, str | None]:
    """The state, the message id and the reason of a row whose call had *outcome*."""
    message_id, reason = said(outcome)
    if outcome.verdict is Verdict.RETRY and out_of_tries(sent.attempt):
        given_up = f"Given up after {sent.attempt} tries. {reason}"
        return DeliveryState.REJECTED.value, None, given_up
    return STATE[outcome.verdict].value, message_id, reason


def out_of_tries(attempt: int) -> bool:
    return attempt % MAX_ATTEMPTS == 0


def said(outcome: Outcome) -> tuple[str | None, str | None]:
    """The message id and the reason, as the database takes them.

    The far side may say anything, and what PostgreSQL refuses for one row is lost for its chunk.
    """
    message_id = outcome.message_id and _keepable(outcome.message_id)[:LONGEST_ID]
    return message_id, outcome.reason and _keepable(outcome.reason)[:LONGEST_REASON]


def _keepable(text: str) -> str:
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()
