"""One reminder for those who asked for a newsletter and have not confirmed it; never a second."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session, aliased, joinedload

from service.audience.notify import notify
from service.models import (
    DeliveryState,
    Newsletter,
    Notice,
    NoticeKind,
    Subscription,
    SubscriptionState,
)

REMIND_AFTER = timedelta(hours=24)
NOT_AFTER = timedelta(hours=72)
"""A service that stood still for days does not come back with old questions."""

AT_ONCE = 500

ARRIVED = (DeliveryState.ACCEPTED, DeliveryState.DELIVERED)


def remind_unconfirmed(session: Session, now: datetime) -> int:
    """Write a reminder to each reader whose confirmation is a day old; how many."""
    asked, later = aliased(Notice), aliased(Notice)
    waiting = (
        select(asked.subscription_id)
        .join(Subscription, Subscription.id == asked.subscription_id)
        .join(Newsletter, Newsletter.id == Subscription.newsletter_id)
        .where(
            Newsletter.archived_at.is_(None),
            asked.kind == NoticeKind.CONFIRM,
            asked.state.in_(ARRIVED),
            asked.due_at > now - NOT_AFTER,
            asked.due_at <= now - REMIND_AFTER,
            Subscription.state == SubscriptionState.PENDING,
            Subscription.reminded_at.is_(None),
            ~exists().where(
                later.subscription_id == asked.subscription_id,
                later.kind == NoticeKind.CONFIRM,
                later.created_at > now - REMIND_AFTER,
            ),
        )
        .limit(AT_ONCE)
    )
    # Compare-and-set, so that two ticks at once remind nobody twice.
    marked = session.scalars(
        update(Subscription)
        .where(Subscription.id.in_(waiting), Subscription.reminded_at.is_(None))
        .values(reminded_at=now)
        .returning(Subscription.id)
        .execution_options(synchronize_session=False)
    ).all()
    readers = select(Subscription).where(Subscription.id.in_(marked))
    for subscription in session.scalars(readers.options(joinedload(Subscription.subscriber))):
        notify(session, subscription, NoticeKind.REMIND, now)
    return len(marked)
