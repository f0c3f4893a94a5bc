"""Take the next few rows of a claimed batch and mark them ``sending``, in one transaction.

The mark is committed before SES is called. Whoever left or was suppressed since the plan is dropped
here, in the same breath: what is claimed for sending was wanted at that moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Executable, Update, bindparam, func, select, update
from sqlalchemy.orm import Session

from service.db import BigId, GivenRows, dialect_of
from service.delivery.claim import Claim, extend
from service.delivery.record import ROWS, Sent
from service.models import (
    Delivery,
    DeliveryBatch,
    DeliveryState,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)

QUEUED = (
    select(ROWS.c.id, ROWS.c.attempt, ROWS.c.subscription_id)
    .where(ROWS.c.batch_id == bindparam("batch"), ROWS.c.state == DeliveryState.QUEUED)
    .order_by(ROWS.c.attempt, ROWS.c.id)  # what has failed once must not head every chunk
    .limit(bindparam("size"))
    .with_for_update()  # an event may prove this moment that a row was sent after all
)
"""Made once, as all statements here: to make one takes longer than to have it answered."""


class ClaimLost(RuntimeError):
    """The batch is another worker's now, or its issue was paused or stopped."""


class Parcel(NamedTuple):
    """One reader's copy, marked ``sending``: what the call to SES needs of it."""

    delivery_id: int
    attempt: int
    subscription_id: int
    address: str


@dataclass(frozen=True)
class Marked:
    """What was marked ``sending``, and how many rows were dropped since nobody wants them."""

    parcels: list[Parcel]
    skipped: int

    @property
    def sent(self) -> list[Sent]:
        return [Sent(parcel.delivery_id, parcel.attempt) for parcel in self.parcels]


def queued_count(session: Session, batch_id: int) -> int:
    """Rows of the batch that still wait to be sent."""
    return session.execute(
        select(func.count())
        .select_from(Delivery)
        .where(Delivery.batch_id == batch_id, Delivery.state == DeliveryState.QUEUED)
    ).scalar_one()


def mark_chunk(
    session: Session, claim: Claim, size: int, now: datetime, lease_until: datetime
) -> Marked:
    """Mark up to *size* queued rows ``sending``. Raises :class:`ClaimLost`, with nothing marked."""
    if not extend(session, claim, lease_until):
        raise ClaimLost(f"batch {claim.batch_id}")
    rows = session.connection().execute(QUEUED, {"batch": claim.batch_id, "size": size}).all()
    if not rows:
        return Marked([], 0)
    addresses, unwanted = _readers(session, [row.subscription_id for row in rows], now)
    parcels = [
        Parcel(row.id, row.attempt + 1, row.subscription_id, addresses[row.subscription_id])
        for row in rows
        if row.subscription_id not in unwanted
    ]
    _mark(session, [parcel.delivery_id for parcel in parcels], now)
    for row in rows:
        if why := unwanted.get(row.subscription_id):
            _drop(session, row.id, why, now)
    return Marked(parcels, skipped=len(rows) - len(parcels))


def unmark(session: Session, claim: Claim, now: datetime) -> int:
    """Queue again what is marked of the batch, for which SES was not called; how many.

    While the batch is ours, that is our last chunk alone.
    """
    ours = select(DeliveryBatch.id).where(
        DeliveryBatch.id == claim.batch_id, DeliveryBatch.lease_token == claim.token
    )
    # Not waited for: held, the mark itself is still under way, or its connection is dead.
    if session.execute(ours.with_for_update(nowait=True)).first() is None:
        return 0  # our lease ran out: the rows are unknown by now
    queued = session.connection().execute(
        update(ROWS)
        .where(ROWS.c.batch_id == claim.batch_id, ROWS.c.state == DeliveryState.SENDING)
        .values(state=DeliveryState.QUEUED, changed_at=now)
    )
    return queued.rowcount


def _mark(session: Session, ids: list[int], now: datetime) -> None:
    if ids:
        statement, given = _mark_statement(dialect_of(session))
        rows = [(identity,) for identity in ids]
        session.connection().execute(statement, {**given.values(rows), "now": now})


@lru_cache
def _mark_statement(dialect: str) -> tuple[Update, GivenRows]:
    given = GivenRows(dialect, {"id": BigId})
    statement = (
        update(ROWS)
        .where(ROWS.c.id == given.c["id"])
        .values(
            state=DeliveryState.SENDING,
            attempt=ROWS.c.attempt + 1,
            changed_at=bindparam("now", type_=ROWS.c.changed_at.type),
        )
    )
    return statement, given


def _drop(session: Session, delivery_id: int, why: str, now: datetime) -> None:
    session.connection().execute(
        update(ROWS)
        .where(ROWS.c.id == delivery_id)
        .values(state=DeliveryState.SKIPPED, reason=why, changed_at=now)
    )


def _readers(
    session: Session, subscription_ids: Sequence[int], now: datetime
) -> tuple[dict[int, str], dict[int, str]]:
    """By subscription: its address, and why it gets nothing. Asked once the rows are locked.

    The lock may have to be waited for, and who leaves meanwhile is not to be written to.
    """
    statement, given = _readers_statement(dialect_of(session))
    found = session.connection().execute(
        statement, given.values([(identity,) for identity in subscription_ids])
    )
    addresses: dict[int, str] = {}
    gone = "The reader deleted their data after the issue was planned."
    unwanted = dict.fromkeys(subscription_ids, gone)
    for subscription_id, state, paused_until, email, suppressed in found:
        addresses[subscription_id] = email
        if why := _unwanted(state, paused_until, suppressed, now):
            unwanted[subscription_id] = why
        else:
            del unwanted[subscription_id]
    return addresses, unwanted


@lru_cache
def _readers_statement(dialect: str) -> tuple[Executable, GivenRows]:
    given = GivenRows(dialect, {"id": BigId})
    statement = (
        select(
            Subscription.id,
            Subscription.state,
            Subscription.paused_until,
            Subscriber.email,
            Suppression.reason,
        )
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .outerjoin(Suppression, Suppression.email_hash == Subscriber.email_hash)
        .where(Subscription.id == given.c["id"])
    )
    return statement, given


def _unwanted(
    state: SubscriptionState,
    paused_until: datetime | None,
    suppressed: SuppressionReason | None,
    now: datetime,
) -> str | None:
    """Why this reader gets nothing after all; None when they do."""
    if suppressed is not None:
        return f"The address was suppressed ({suppressed}) after the issue was planned."
    if state is not SubscriptionState.ACTIVE:
        return "The reader unsubscribed after the issue was planned."
    if paused_until is not None and paused_until > now:
        return "The reader paused after the issue was planned."
    return None
