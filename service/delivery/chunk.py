"""Take the next few rows of a claimed batch and mark them ``sending``, in one transaction.

The mark is committed before SES is called. Whoever left or was suppressed since the plan is dropped
here, in the same breath: what is claimed for sending was wanted at that moment.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    SuppressionReason,
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
    rows = session.scalars(
        select(Delivery)
        .where(Delivery.batch_id == claim.batch_id, Delivery.state == DeliveryState.QUEUED)
        .order_by(Delivery.id)
        .limit(size)
        .with_for_update()  # an event may prove this moment that a row was sent after all
    ).all()
    addresses, unwanted = _readers(session, rows, now)
    marked: list[tuple[Delivery, str]] = []
    for delivery in rows:
        delivery.changed_at = now
        if why := unwanted.get(delivery.subscription_id):
            delivery.state, delivery.reason = DeliveryState.SKIPPED, why
        else:
            delivery.state, delivery.attempt = DeliveryState.SENDING, delivery.attempt + 1
            marked.append((delivery, addresses[delivery.subscription_id]))
    session.flush()
    return Marked(marked, skipped=len(rows) - len(marked))


def _readers(
    session: Session, rows: Sequence[Delivery], now: datetime
) -> tuple[dict[int, str], dict[int, str]]:
    """By subscription: its address, and why it gets nothing. Asked once the rows are locked.

    The lock may have to be waited for, and who leaves meanwhile is not to be written to.
    """
    asked = {delivery.subscription_id for delivery in rows}
    found = session.execute(
        select(Subscription, Subscriber.email, Suppression.reason)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .outerjoin(Suppression, Suppression.email_hash == Subscriber.email_hash)
        .where(Subscription.id.in_(asked))
    ).all()
    addresses: dict[int, str] = {}
    unwanted = dict.fromkeys(asked, "The reader deleted their data after the issue was planned.")
    for subscription, email, suppressed in found:
        addresses[subscription.id] = email
        if why := _unwanted(subscription, suppressed, now):
            unwanted[subscription.id] = why
        else:
            del unwanted[subscription.id]
    return addresses, unwanted


def _unwanted(
    subscription: Subscription, suppressed: SuppressionReason | None, now: datetime
) -> str | None:
    """Why this reader gets nothing after all; None when they do."""
    if suppressed is not None:
        return f"The address was suppressed ({suppressed}) after the issue was planned."
    if subscription.state is not SubscriptionState.ACTIVE:
        return "The reader unsubscribed after the issue was planned."
    if subscription.paused_until is not None and subscription.paused_until > now:
        return "The reader paused after the issue was planned."
    return None
