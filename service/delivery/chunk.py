"""Take the next few rows of a claimed batch and mark them ``sending``, in one transaction.

The mark is committed before SES is called. Whoever left or was suppressed since the plan is dropped
here, in the same breath: what is claimed for sending was wanted at that moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.delivery.claim import Claim, extend
from service.delivery.record import Sent
from service.models import (
    Delivery,
    DeliveryState,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
)


class ClaimLost(RuntimeError):
    """The batch is another worker's now, or its issue was paused or stopped."""


@dataclass(frozen=True)
class Marked:
    """Rows marked ``sending``, each with the address it goes to."""

    deliveries: list[tuple[Delivery, str]]
    skipped: int

    @property
    def sent(self) -> list[Sent]:
        return [Sent(delivery.id, delivery.attempt) for delivery, _ in self.deliveries]


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
    rows = session.execute(
        select(Delivery, Subscriber.email, Subscription, Suppression.reason)
        .outerjoin(Subscription, Subscription.id == Delivery.subscription_id)
        .outerjoin(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .outerjoin(Suppression, Suppression.email_hash == Subscriber.email_hash)
        .where(Delivery.batch_id == claim.batch_id, Delivery.state == DeliveryState.QUEUED)
        .order_by(Delivery.id)
        .limit(size)
    ).all()
    marked: list[tuple[Delivery, str]] = []
    for delivery, email, subscription, suppressed in rows:
        why = _unwanted(subscription, suppressed, now)
        delivery.changed_at = now
        if why:
            delivery.state, delivery.reason = DeliveryState.SKIPPED, why
        else:
            delivery.state, delivery.attempt = DeliveryState.SENDING, delivery.attempt + 1
            marked.append((delivery, email))
    session.flush()
    return Marked(marked, skipped=len(rows) - len(marked))


def _unwanted(
    subscription: Subscription | None, suppressed: object | None, now: datetime
) -> str | None:
    """Why this reader gets nothing after all; None when they do."""
    if subscription is None:
        return "The reader deleted their data after the issue was planned."
    if suppressed is not None:
        return f"The address was suppressed ({suppressed}) after the issue was planned."
    if subscription.state is not SubscriptionState.ACTIVE:
        return "The reader unsubscribed after the issue was planned."
    if subscription.paused_until is not None and subscription.paused_until > now:
        return "The reader paused after the issue was planned."
    return None
