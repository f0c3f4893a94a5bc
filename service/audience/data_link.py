"""The link to a reader's data: to take them along, or to have them deleted.

It goes by mail to the reader's own address. The links in an issue do not open it, for whoever was
passed that issue on has them too; nor does an address that it was just changed to by such a link.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.audience import tokens
from service.audience.moving import TAKE_BACK_WITHIN
from service.audience.notify import notify
from service.audience.subscribe import subscription_with_reader
from service.config import settings
from service.models import Notice, NoticeKind, Subscriber, Subscription

GOOD_FOR = timedelta(hours=24)
REQUESTS_A_DAY = 3
"""Of one reader: whoever holds the link of a mail must not fill a mailbox by it."""


@dataclass(frozen=True)
class DataLink:
    """A link that was asked for: of which reader, and whether it still opens anything."""

    subscription: Subscription
    good: bool


def ask_for_data(session: Session, subscription: Subscription, now: datetime) -> None:
    """Mail the link to the reader; nothing goes when they asked often today, or have just moved."""
    reader = subscription.subscriber
    if closed_until(session, reader, now) is None and _may_ask(session, reader, now):
        notice = notify(session, subscription, NoticeKind.MY_DATA, now)
        notice.payload = {"path": f"/data/{tokens.sign(settings().secret, 'data', notice.id)}"}


def find_link(session: Session, notice_id: int, now: datetime) -> DataLink | None:
    """The link that a token names; None when it or the reader is gone."""
    notice = session.get(Notice, notice_id)
    if notice is None or notice.subscription_id is None or notice.kind is not NoticeKind.MY_DATA:
        return None
    subscription = subscription_with_reader(session, notice.subscription_id)
    if subscription is None:
        return None
    # A link that went to an earlier address opens nothing of whoever reads at the next one.
    theirs = notice.address == subscription.subscriber.email
    return DataLink(subscription, good=theirs and now - notice.created_at <= GOOD_FOR)


def closed_until(session: Session, reader: Subscriber, now: datetime) -> datetime | None:
    """Until when nothing is given out because the address was changed; None when it is open.

    As long as the old address can take the change back: nobody knows yet that it was the reader.
    """
    if reader.address_since is None or reader.address_since <= now - TAKE_BACK_WITHIN:
        return None
    told = session.scalar(
        select(func.max(Notice.created_at, type_=Notice.created_at.type))
        .join(Subscription, Subscription.id == Notice.subscription_id)
        .where(
            Subscription.subscriber_id == reader.id,
            Notice.kind == NoticeKind.ADDRESS_CHANGED,
            Notice.address != reader.email,
            Notice.created_at > now - TAKE_BACK_WITHIN,
        )
    )
    return None if told is None else told + TAKE_BACK_WITHIN


def _may_ask(session: Session, reader: Subscriber, now: datetime) -> bool:
    asked = session.scalar(
        select(func.count())
        .select_from(Notice)
        .join(Subscription, Subscription.id == Notice.subscription_id)
        .where(
            Subscription.subscriber_id == reader.id,
            Notice.kind == NoticeKind.MY_DATA,
            Notice.created_at > now - timedelta(days=1),
        )
    )
    return (asked or 0) < REQUESTS_A_DAY
