"""Move the delivery that an event speaks of, and leave alone whom it says to leave alone.

An event finds its row by our own tag, never by SES's message id: it may come before we wrote that
down. The row is there already, since it was committed before SES was called.
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import TypeVar

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.audience.addresses import BadAddress, parse_address
from service.audience.subscribe import unsubscribe
from service.audience.suppression import hash_of, suppress
from service.config import settings
from service.db import session_scope
from service.delivery.states import SENT, Evidence, after
from service.events.ses_events import SesEvent, parse_event
from service.events.store import waiting_events
from service.models import (
    Delivery,
    Event,
    EventOutcome,
    Notice,
    Subscriber,
    Subscription,
    SuppressionReason,
)

log = structlog.get_logger(__name__)

Row = TypeVar("Row", Delivery, Notice)


def apply_waiting(now: datetime, limit: int = 500) -> int:
    """Apply stored events, each in a transaction of its own; how many.

    One that fails stays ``waiting`` for the next round and keeps no other from being applied.
    """
    with session_scope() as session:
        waiting = waiting_events(session, limit)
    applied = 0
    for event_id in waiting:
        try:
            with session_scope() as session:
                apply_event(session, event_id, now)
        except SQLAlchemyError as error:
            log.warning("event.not_applied", event=event_id, error=str(error))
        else:
            applied += 1
    return applied


def apply_event(session: Session, event_id: int, now: datetime) -> EventOutcome:
    """Apply a stored event. Applying it twice, or late, or out of order, comes to the same."""
    row = session.execute(
        select(Event).where(Event.id == event_id).with_for_update()
    ).scalar_one_or_none()
    if row is None:
        return EventOutcome.IGNORED
    if row.outcome is not EventOutcome.WAITING:
        return row.outcome
    event = parse_event(row.raw)
    # Installations that share an account share a topic; their rows have the same small numbers.
    ours = event.site in {"", settings().site}
    moved = ours and (_move_delivery(session, event, now) or _move_notice(session, event, now))
    row.note = _why_ignored(event, moved)
    row.outcome = EventOutcome.IGNORED if row.note else EventOutcome.APPLIED
    row.settled_at = now
    return row.outcome


def _why_ignored(event: SesEvent, found: bool) -> str | None:
    if not found:
        return "It names no message of this installation."
    if event.evidence is None:
        return f"It says nothing about what became of the message ({event.kind})."
    return None


def _move_delivery(session: Session, event: SesEvent, now: datetime) -> bool:
    delivery = _row_of(session, event, Delivery, event.delivery_id, event.notice_id)
    if delivery is None:
        return False
    _move(delivery, event, now)
    if event.suppress:
        _leave_alone(session, event, delivery.subscription_id, now)
    return True


def _move_notice(session: Session, event: SesEvent, now: datetime) -> bool:
    notice = _row_of(session, event, Notice, event.notice_id, event.delivery_id)
    if notice is None:
        return False
    _move(notice, event, now)
    if event.suppress and notice.subscription_id is not None:
        _leave_alone(session, event, notice.subscription_id, now)
    return True


def _row_of(
    session: Session, event: SesEvent, kind: type[Row], tagged: int | None, other: int | None
) -> Row | None:
    """The row that the event names by the tag of its kind, locked."""
    if tagged is not None:
        by = kind.id == tagged
    elif other is None and event.message_id:
        # The older notifications carry no tags; then the message id is all there is.
        by = kind.message_id == event.message_id
    else:
        return None
    return session.scalars(select(kind).where(by).with_for_update()).one_or_none()


def _move(row: Delivery | Notice, event: SesEvent, now: datetime) -> None:
    if row.message_id is None and event.message_id:
        row.message_id = event.message_id
    if event.evidence is None or _was_tried_again(row, event):
        return
    state = after(row.state, event.evidence)
    if state is row.state:
        return
    row.state, row.changed_at = state, now
    told = event.evidence not in {Evidence.ACCEPTED, Evidence.DELIVERED}
    row.reason = event.reason[:1000] if told else None
    if isinstance(row, Notice) and state in SENT:
        row.lease_until = None


def _was_tried_again(row: Delivery | Notice, event: SesEvent) -> bool:
    """Whether *event* refuses a try that another has followed: that one has an answer of its own.

    What proves that a message went out holds for the row, whichever try it was.
    """
    earlier = event.attempt is not None and event.attempt < row.attempt
    return earlier and event.evidence is Evidence.REJECTED


def _leave_alone(session: Session, event: SesEvent, subscription_id: int, now: datetime) -> None:
    """A hard bounce suppresses the address; a complaint ends the subscription as well."""
    complaint = event.evidence is Evidence.COMPLAINED
    reason = SuppressionReason.COMPLAINT if complaint else SuppressionReason.BOUNCE
    subscription = session.get(Subscription, subscription_id)
    if subscription is None:
        # Readers who deleted their data are only known by the event: they may sign up again.
        with contextlib.suppress(BadAddress):
            gone = hash_of(parse_address(event.recipient))
            suppress(session, gone, reason, event.reason[:1000], now)
        return
    subscriber = session.get_one(Subscriber, subscription.subscriber_id)
    suppress(session, subscriber.email_hash, reason, event.reason[:1000], now)
    if complaint:
        unsubscribe(session, subscription.id, now, how="complaint")
