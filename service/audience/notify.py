"""Write down a message of the service to a reader, to be sent after the commit."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from service.doorbell import Bell, ring
from service.models import DeliveryState, Notice, NoticeKind, Subscription


def notify(
    session: Session,
    subscription: Subscription,
    kind: NoticeKind,
    now: datetime,
    *,
    address: str | None = None,
) -> Notice:
    """A notice to *address*, or to the reader's own where none is named."""
    notice = Notice(
        kind=kind,
        newsletter_id=subscription.newsletter_id,
        subscription_id=subscription.id,
        address=address or subscription.subscriber.email,
        state=DeliveryState.QUEUED,
        due_at=now,
        created_at=now,
        changed_at=now,
    )
    session.add(notice)
    session.flush()
    ring(session, Bell.NOTICE, notice.id)
    return notice
