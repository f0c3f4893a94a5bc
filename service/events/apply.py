"""Move the delivery that an event speaks of, and leave alone whom it says to leave alone.

An event finds its row by our own tag, never by SES's message id: it may come before we wrote that
down. The row is there already, since it was committed before SES was called.
"""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.audience.subscribe import unsubscribe
from service.audience.suppression import suppress
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
    moved = _move_delivery(session, event, now) or _move_notice(session, event, now)
    row.outcome = EventOutcome.APPLIED if moved else EventOutcome.IGNORED
    row.note = None if moved else "It names no message of this installation."
    row.settled_at = now
    return row.outcome


def _move_delivery(session: Session, event: SesEvent, now: datetime) -> bool:
    delivery = _delivery_of(session, event)
    if delivery is None:
        return False
    _move(delivery, event, now)
    if event.suppress:
        subscription = session.get(Subscription, delivery.subscription_id)
        if subscription is not None:
            _leave_alone(session, event, subscription, now)
    return True


def _move_notice(session: Session, event: SesEvent, now: datetime) -> bool:
    if event.notice_id is None:
        return False
    notice = session.execute(
        select(Notice).where(Notice.id == event.notice_id).with_for_update()
    ).scalar_one_or_none()
    if notice is None:
        return False
    _move(notice, event, now)
    if event.suppress and notice.subscription_id is not None:
        subscription = session.get(Subscription, notice.subscription_id)
        if subscription is not None:
            _leave_alone(session, event, subscription, now)
    return True


def _delivery_of(session: Session, event: SesEvent) -> Delivery | None:
    if event.delivery_id is not None:
        by = Delivery.id == event.delivery_id
    elif event.notice_id is None and event.message_id:
        # The older notifications carry no tags; then the message id is all there is.
        by = Delivery.message_id == event.message_id
    else:
        return None
    return session.execute(select(Delivery).where(by).with_for_update()).scalar_one_or_none()


def _move(row: Delivery | Notice, event: SesEvent, now: datetime) -> None:
    if row.message_id is None and event.message_id:
        row.message_id = event.message_id
    if event.evidence is None:
        return
    state = after(row.state, event.evidence)
    if state is row.state:
        return
    row.state, row.changed_at = state, now
    told = event.evidence not in {Evidence.ACCEPTED, Evidence.DELIVERED}
    row.reason = event.reason[:1000] if told else None
    if isinstance(row, Notice) and state in SENT:
        row.lease_until = None


def _leave_alone(
    session: Session, event: SesEvent, subscription: Subscription, now: datetime
) -> None:
    """A hard bounce suppresses the address; a complaint ends the subscription as well."""
    subscriber = session.get_one(Subscriber, subscription.subscriber_id)
    complaint = event.evidence is Evidence.COMPLAINED
    reason = SuppressionReason.COMPLAINT if complaint else SuppressionReason.BOUNCE
    suppress(session, subscriber.email_hash, reason, event.reason[:1000], now)
    if complaint:
        unsubscribe(session, subscription.id, now, how="complaint")
