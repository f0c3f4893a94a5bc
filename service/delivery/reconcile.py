"""Speak for deliveries whose outcome nobody told.

An ``unknown`` row may have been sent. SES's events settle it, and usually do within seconds. When
none has come after the grace period, the newsletter's policy decides; until then nothing is said.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import CursorResult, exists, select, update
from sqlalchemy.orm import Session

from service.models import (
    BatchState,
    Delivery,
    DeliveryBatch,
    DeliveryState,
    Event,
    EventOutcome,
    Issue,
    IssueState,
    Newsletter,
    UnknownPolicy,
)

MAX_RESENDS = 1
"""Where SES's events do not come: silence tells nothing, and each call may be one more copy."""
MAX_RESENDS_HEARD = 4
"""While SES tells of the others: then silence about one mostly means that SES never had it."""


def reconcile_unknown(
    session: Session, now: datetime, grace: timedelta, heard: bool = False
) -> tuple[int, int]:
    """Apply the policy to rows unknown for longer than *grace*; ``(queued again, given up)``.

    *heard* says that SES's events come in as they should; :func:`service.delivery.lag.patience`
    measures both.
    """
    # What SES said may be here already, behind more events than are applied at a time.
    told = exists().where(Event.delivery_id == Delivery.id, Event.outcome == EventOutcome.WAITING)
    rows = session.execute(
        select(Delivery.id, Delivery.resends, Newsletter.unknown_policy, Issue.state)
        .join(Issue, Issue.id == Delivery.issue_id)
        .join(Newsletter, Newsletter.id == Issue.newsletter_id)
        .where(
            Delivery.state == DeliveryState.UNKNOWN,
            Delivery.changed_at < now - grace,
            ~told,
            Issue.state.in_([IssueState.SENDING, IssueState.SENT, IssueState.STOPPED]),
        )
        .limit(5000)
    ).all()
    again = [
        row.id
        for row in rows
        if row.state is not IssueState.STOPPED
        and decide(row.unknown_policy, row.resends, heard=heard)
    ]
    never = [row.id for row in rows if row.id not in set(again)]
    _queue_again(session, again, now)
    _give_up(session, never, now)
    reopen_batches(session, now)
    return len(again), len(never)


def reopen_batches(session: Session, now: datetime) -> int:
    """Open batches that were done and have a row to send again; how many.

    Rows come back by policy, and by a late answer that a message was surely not sent, whose worker
    no longer holds the batch. Asked of the rows, so that no order of commits can strand one.
    """
    queued = exists().where(
        Delivery.batch_id == DeliveryBatch.id, Delivery.state == DeliveryState.QUEUED
    )
    sending = exists().where(Issue.id == DeliveryBatch.issue_id, Issue.state == IssueState.SENDING)
    opened = session.execute(
        update(DeliveryBatch)
        .where(DeliveryBatch.state == BatchState.DONE, sending, queued)
        .values(state=BatchState.READY, due_at=now)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(opened, CursorResult)
    return opened.rowcount


def decide(policy: UnknownPolicy, resends: int, *, heard: bool) -> bool:
    """Whether to send again. Absence of an event is no proof, so there is an end to it."""
    most = MAX_RESENDS_HEARD if heard else MAX_RESENDS
    return policy is UnknownPolicy.RETRY and resends < most


def _queue_again(session: Session, ids: list[int], now: datetime) -> None:
    if not ids:
        return
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(ids), Delivery.state == DeliveryState.UNKNOWN)
        .values(
            state=DeliveryState.QUEUED,
            resends=Delivery.resends + 1,
            reason="No word from SES within the grace period: sent again.",
            changed_at=now,
        )
    )


def _give_up(session: Session, ids: list[int], now: datetime) -> None:
    if not ids:
        return
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(ids), Delivery.state == DeliveryState.UNKNOWN)
        .values(
            state=DeliveryState.GIVEN_UP,
            reason="SES never told whether it went out. By policy it is not sent again.",
            changed_at=now,
        )
    )
