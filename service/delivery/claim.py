"""Give a batch to one worker, by compare-and-set with a lease.

A worker that dies leaves its lease to run out; :func:`release_expired` then gives the batch back,
and the rows that were in flight become ``unknown``: SES may have them or not.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Table,
    and_,
    bindparam,
    exists,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from service.models import BatchState, Delivery, DeliveryBatch, DeliveryState, Issue, IssueState

BATCHES = cast("Table", DeliveryBatch.__table__)
CANDIDATES = 8
"""Batches looked at in one go, so that workers who start together do not all fail on the first."""

EXTEND = (
    update(BATCHES)
    .where(
        BATCHES.c.id == bindparam("batch"),
        BATCHES.c.lease_token == bindparam("token"),
        exists().where(Issue.id == bindparam("issue"), Issue.state == IssueState.SENDING),
    )
    .values(lease_until=bindparam("until", type_=BATCHES.c.lease_until.type))
)


@dataclass(frozen=True)
class Claim:
    """A batch in one worker's hands; whoever holds another token may not touch it."""

    batch_id: int
    issue_id: int
    variant_id: int
    token: str


def _due(now: datetime) -> list[ColumnElement[bool]]:
    sending = exists().where(
        Issue.id == DeliveryBatch.issue_id,
        Issue.state == IssueState.SENDING,
        or_(Issue.parked_until.is_(None), Issue.parked_until <= now),
        or_(Issue.canary_until.is_(None), DeliveryBatch.canary),
    )
    return [DeliveryBatch.state == BatchState.READY, DeliveryBatch.due_at <= now, sending]


def claim_batch(session: Session, now: datetime, lease: timedelta) -> Claim | None:
    """Claim the next due batch of an issue that is being sent; None when there is none."""
    waiting = (
        select(DeliveryBatch.id, DeliveryBatch.issue_id, DeliveryBatch.variant_id)
        .where(*_due(now))
        .order_by(DeliveryBatch.due_at, DeliveryBatch.id)
        .limit(CANDIDATES)
    )
    # Again when others took all of these: each time at least as many claims have come about.
    while candidates := session.execute(waiting).all():
        for batch_id, issue_id, variant_id in candidates:
            claim = Claim(batch_id, issue_id, variant_id, secrets.token_hex(16))
            taken = session.execute(
                update(DeliveryBatch)
                .where(DeliveryBatch.id == batch_id, DeliveryBatch.state == BatchState.READY)
                .values(state=BatchState.CLAIMED, lease_token=claim.token, lease_until=now + lease)
            )
            if _changed(taken):
                return claim
    return None


def due_issues_with_batches(session: Session, now: datetime) -> list[int]:
    """Issues that have a batch waiting for a worker."""
    return list(
        session.execute(select(DeliveryBatch.issue_id).where(*_due(now)).distinct()).scalars()
    )


def extend(session: Session, claim: Claim, until: datetime) -> bool:
    """Lengthen the lease; False when the batch is no longer ours or its issue is not to go on."""
    mine = session.connection().execute(
        EXTEND,
        {"batch": claim.batch_id, "token": claim.token, "issue": claim.issue_id, "until": until},
    )
    return _changed(mine)


def give_back(session: Session, claim: Claim, *, due_at: datetime | None) -> bool:
    """End the claim: to wait until *due_at*, or, when None, because no row is queued any more."""
    state = BatchState.DONE if due_at is None else BatchState.READY
    values: dict[str, object] = {"state": state, "lease_token": None, "lease_until": None}
    if due_at is not None:
        values["due_at"] = due_at
    mine = and_(DeliveryBatch.id == claim.batch_id, DeliveryBatch.lease_token == claim.token)
    return _changed(session.execute(update(DeliveryBatch).where(mine).values(values)))


def release_expired(session: Session, now: datetime) -> int:
    """Give back the batches whose lease ran out; how many. Rows in flight become ``unknown``."""
    expired = session.execute(
        select(DeliveryBatch.id, DeliveryBatch.lease_token).where(
            DeliveryBatch.state == BatchState.CLAIMED, DeliveryBatch.lease_until < now
        )
    ).all()
    released = 0
    for batch_id, token in expired:
        freed = session.execute(
            update(DeliveryBatch)
            .where(
                DeliveryBatch.id == batch_id,
                DeliveryBatch.lease_token == token,
                DeliveryBatch.lease_until < now,
            )
            .values(state=BatchState.READY, lease_token=None, lease_until=None)
        )
        if not _changed(freed):
            continue
        released += 1
        session.execute(
            update(Delivery)
            .where(Delivery.batch_id == batch_id, Delivery.state == DeliveryState.SENDING)
            .values(
                state=DeliveryState.UNKNOWN,
                reason="The worker stopped before SES's answer was written down.",
                changed_at=now,
            )
        )
    return released


def _changed(result: object) -> bool:
    assert isinstance(result, CursorResult)
    return bool(result.rowcount)
