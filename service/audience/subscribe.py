"""A subscription's life: asked for, confirmed, left, taken back.

Every function works in the caller's transaction; mail is a Notice row, rung for after the commit.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, joinedload

from service.audience.consent import NOBODY, Line, Visitor, record
from service.audience.notify import notify
from service.audience.suppression import is_suppressed
from service.models import (
    ConsentKind,
    NoticeKind,
    Subscription,
    SubscriptionState,
)
from service.webhooks.announce import Happening, announce, of_subscription

CONFIRM_WITHIN = timedelta(days=7)
UNDO_WITHIN = timedelta(days=30)

Leaving = Literal["one_click", "page", "complaint", "admin"]


class ConfirmResult(StrEnum):
    CONFIRMED = "confirmed"
    ALREADY = "already"
    EXPIRED = "expired"
    GONE = "gone"


def can_confirm(subscription: Subscription, issued_at: datetime, now: datetime) -> ConfirmResult:
    """What following a confirmation's link of *issued_at* comes to; changes nothing.

    A link from before the reader left is as good as expired: an old mail must not bring them back.
    So is one that went to a former address: whoever has that mailbox agrees for nobody else.
    """
    if subscription.state is SubscriptionState.ACTIVE:
        return ConfirmResult.ALREADY
    # Links carry whole seconds, so what came since is compared in whole seconds too.
    since = (subscription.unsubscribed_at, subscription.subscriber.address_since)
    stale = any(at is not None and issued_at < at.replace(microsecond=0) for at in since)
    if stale or now - issued_at > CONFIRM_WITHIN:
        return ConfirmResult.EXPIRED
    return ConfirmResult.CONFIRMED


def confirm(
    session: Session,
    subscription_id: int,
    issued_at: datetime,
    now: datetime,
    visitor: Visitor = NOBODY,
) -> ConfirmResult:
    """Make a subscription active by the link of a confirmation issued at *issued_at*."""
    subscription = _locked(session, subscription_id)
    if subscription is None:
        return ConfirmResult.GONE
    result = can_confirm(subscription, issued_at, now)
    if result is ConfirmResult.CONFIRMED:
        came_back = subscription.state is SubscriptionState.UNSUBSCRIBED
        kind = ConsentKind.RESUBSCRIBED if came_back else ConsentKind.CONFIRMED
        subscription.confirmed_at = now
        _take_back(session, subscription, kind, now, visitor)
        notify(session, subscription, NoticeKind.WELCOME, now)
    return result


def confirm_elsewhere(session: Session, subscription_id: int, now: datetime, origin: str) -> bool:
    """Make a pending subscription active whose reader agreed elsewhere; False when it is not one.

    *origin* says in the ledger where and how, as it does of who is added so.
    """
    subscription = _locked(session, subscription_id)
    if subscription is None or subscription.state is not SubscriptionState.PENDING:
        return False
    if is_suppressed(session, subscription.subscriber.email_hash):
        return False
    subscription.state, subscription.confirmed_at = SubscriptionState.ACTIVE, now
    line = _line(subscription, ConsentKind.IMPORTED, now, NOBODY)
    line.detail["origin"] = origin
    record(session, line)
    session.flush()
    data = of_subscription(subscription, subscription.newsletter)
    announce(session, Happening.SUBSCRIBER_CONFIRMED, data, now)
    return True


def unsubscribe(
    session: Session,
    subscription_id: int,
    now: datetime,
    *,
    how: Leaving,
    visitor: Visitor = NOBODY,
) -> Subscription | None:
    """Send no more of this newsletter to this reader; None when there is no such subscription.

    Twice is the same as once.
    """
    subscription = _locked(session, subscription_id)
    if subscription is None:
        return None
    if subscription.state is not SubscriptionState.UNSUBSCRIBED:
        subscription.state = SubscriptionState.UNSUBSCRIBED
        subscription.unsubscribed_at = now
        subscription.unsubscribe_reason = None
        line = _line(subscription, ConsentKind.UNSUBSCRIBED, now, visitor)
        line.detail["how"] = how
        record(session, line)
        data = of_subscription(subscription, subscription.newsletter) | {"how": how}
        announce(session, Happening.SUBSCRIBER_UNSUBSCRIBED, data, now)
    session.flush()
    return subscription


def keep_reason(subscription: Subscription, reason: str) -> None:
    """Why they left, in words; it may be given later."""
    subscription.unsubscribe_reason = reason[:500] or None


def undo_unsubscribe(
    session: Session,
    subscription_id: int,
    left_at: datetime,
    now: datetime,
    visitor: Visitor = NOBODY,
) -> Subscription | None:
    """Take back the leaving of *left_at* (whole seconds do); None when it cannot be taken back.

    That is so after 30 days, after another leaving, and for an address that is suppressed.
    """
    subscription = _locked(session, subscription_id)
    if subscription is None or subscription.state is not SubscriptionState.UNSUBSCRIBED:
        return subscription  # a second click finds it done
    was = subscription.unsubscribed_at
    if (
        was is None
        or was.replace(microsecond=0) != left_at.replace(microsecond=0)
        or now - was > UNDO_WITHIN
        or is_suppressed(session, subscription.subscriber.email_hash)
    ):
        return None
    _take_back(session, subscription, ConsentKind.RESUBSCRIBED, now, visitor)
    return subscription


def subscription_with_reader(session: Session, subscription_id: int) -> Subscription | None:
    """A subscription with its reader, newsletter and choice loaded; None when it is gone."""
    return session.scalars(_WITH_READER, {"id": subscription_id}).one_or_none()


_WITH_READER = (
    select(Subscription)
    .where(Subscription.id == bindparam("id"))
    .options(
        joinedload(Subscription.subscriber),
        joinedload(Subscription.newsletter),
        joinedload(Subscription.choice),
    )
)


def _take_back(
    session: Session,
    subscription: Subscription,
    kind: ConsentKind,
    now: datetime,
    visitor: Visitor,
) -> None:
    """Active, or pending again when the address was never confirmed."""
    known = subscription.confirmed_at is not None
    subscription.state = SubscriptionState.ACTIVE if known else SubscriptionState.PENDING
    subscription.unsubscribed_at = None
    subscription.unsubscribe_reason = None
    record(session, _line(subscription, kind, now, visitor))
    session.flush()
    if known:
        data = of_subscription(subscription, subscription.newsletter)
        announce(session, Happening.SUBSCRIBER_CONFIRMED, data, now)


def _line(subscription: Subscription, kind: ConsentKind, now: datetime, visitor: Visitor) -> Line:
    return Line(
        subscription.newsletter_id,
        subscription.subscriber.email_hash,
        kind,
        now,
        visitor=visitor,
    )


def _locked(session: Session, subscription_id: int) -> Subscription | None:
    return session.scalars(
        select(Subscription)
        .where(Subscription.id == subscription_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
