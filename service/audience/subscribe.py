"""A subscription's life: asked for, confirmed, left, taken back.

Every function works in the caller's transaction; mail is a Notice row, rung for after the commit.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, cast

from sqlalchemy import Table, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from service.audience.addresses import Address, masked, parse_address
from service.audience.choices import Wanted, row_for
from service.audience.consent import CURRENT, NOBODY, TEXTS, Line, Visitor, record
from service.audience.notify import notify
from service.audience.suppression import hash_of, is_suppressed
from service.db import insert_ignoring
from service.doorbell import Bell, ring
from service.models import (
    Cadence,
    ConsentKind,
    DeliveryState,
    Newsletter,
    Notice,
    NoticeKind,
    Subscriber,
    Subscription,
    SubscriptionState,
)
from service.webhooks.announce import Happening, announce, of_subscription

CONFIRM_WITHIN = timedelta(days=7)
CONFIRM_AGAIN_AFTER = timedelta(minutes=2)
CONFIRMATIONS_A_DAY = 3
UNDO_WITHIN = timedelta(days=30)

Leaving = Literal["one_click", "page", "complaint", "admin"]


class ConfirmResult(StrEnum):
    CONFIRMED = "confirmed"
    ALREADY = "already"
    EXPIRED = "expired"
    GONE = "gone"


def sign_up(
    session: Session,
    newsletter: Newsletter,
    address_text: str,
    *,
    now: datetime,
    visitor: Visitor = NOBODY,
) -> None:
    """Ask the owner of an address to confirm; raises ``BadAddress`` for what is not one.

    Nothing that the caller can see tells a known address from a new one, and each call writes one
    Notice: queued, or skipped with the reason. Skipped are a suppressed address, one that was asked
    a moment ago (somebody else may be typing it), and an active reader: a mail to them would let
    anyone make us write to them, and each issue carries their links anyway. Nobody is asked for a
    newsletter that has ended.
    """
    address = parse_address(address_text)
    suppressed = is_suppressed(session, hash_of(address))
    asked_for = _nobody() if suppressed else address
    # The time that an answer takes must tell nothing either: every address goes the whole way,
    # and what was only gone for that is taken back.
    with session.begin_nested() as way:
        subscription = _subscription_of(session, newsletter, asked_for, now)
        asked_at = _asked_at(session, subscription, now)
        record(session, _asked_line(subscription, now, visitor))
        reason = "suppressed" if suppressed else _why_not(subscription, asked_at, now)
        if reason:
            way.rollback()
    if reason:
        _skip(session, newsletter, address, now, reason)
    else:
        notify(session, subscription, NoticeKind.CONFIRM, now)


def _why_not(subscription: Subscription, asked_at: Sequence[datetime], now: datetime) -> str:
    """Why no confirmation is sent; '' when one is."""
    if subscription.newsletter.archived_at is not None:
        return "the newsletter has ended"
    if subscription.state is SubscriptionState.ACTIVE:
        return "already subscribed"
    return "" if may_ask_again(asked_at, now) else "asked a short time ago"


def _asked_line(subscription: Subscription, now: datetime, visitor: Visitor) -> Line:
    line = _line(subscription, ConsentKind.SIGNED_UP, now, visitor)
    shown = visitor.text_version if visitor.text_version in TEXTS else CURRENT
    detail = {"form": visitor.form} if visitor.form else {}
    return replace(line, text_version=shown, detail=detail)


def _nobody() -> Address:
    """An address that nobody has (RFC 2606), and that no other request waits for."""
    email = f"{secrets.token_hex(8)}@nobody.invalid"
    return Address(email=email, key=email)


def may_ask_again(asked_at: Sequence[datetime], now: datetime) -> bool:
    """Whether one more confirmation may go to an address that was asked at those times.

    Enough for a reader who lost the mail, too little to fill somebody's mailbox with.
    """
    today = [at for at in asked_at if at > now - timedelta(days=1)]
    return len(today) < CONFIRMATIONS_A_DAY and all(at <= now - CONFIRM_AGAIN_AFTER for at in today)


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
    return session.scalars(
        select(Subscription)
        .where(Subscription.id == subscription_id)
        .options(
            joinedload(Subscription.subscriber),
            joinedload(Subscription.newsletter),
            joinedload(Subscription.choice),
        )
    ).one_or_none()


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


def _subscription_of(
    session: Session, newsletter: Newsletter, address: Address, now: datetime
) -> Subscription:
    """The subscription of an address, a pending one when there is none, locked until the commit."""
    reader = {
        "email": address.email,
        "email_key": address.key,
        "domain": address.domain,
        "email_hash": hash_of(address),
        "created_at": now,
    }
    insert_ignoring(session, cast("Table", Subscriber.__table__), [reader])
    who = select(Subscriber.id).where(Subscriber.email_key == address.key).scalar_subquery()
    row = {
        "subscriber_id": who,
        "newsletter_id": newsletter.id,
        "state": SubscriptionState.PENDING,
        "choice_id": row_for(session, newsletter, Wanted()).id,
        "cadence": Cadence.DAILY,
        "created_at": now,
    }
    insert_ignoring(session, cast("Table", Subscription.__table__), [row])
    return session.scalars(
        select(Subscription)
        .join(Subscription.subscriber)
        .where(Subscriber.email_key == address.key, Subscription.newsletter_id == newsletter.id)
        .options(contains_eager(Subscription.subscriber))
        .with_for_update(of=Subscription)
        .execution_options(populate_existing=True)  # the link's page may have read it before
    ).one()


def _locked(session: Session, subscription_id: int) -> Subscription | None:
    return session.scalars(
        select(Subscription)
        .where(Subscription.id == subscription_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def _asked_at(session: Session, subscription: Subscription, now: datetime) -> Sequence[datetime]:
    return session.scalars(
        select(Notice.created_at).where(
            Notice.subscription_id == subscription.id,
            Notice.kind == NoticeKind.CONFIRM,
            Notice.created_at > now - timedelta(days=1),
        )
    ).all()


def _skip(
    session: Session, newsletter: Newsletter, address: Address, now: datetime, reason: str
) -> None:
    notice = Notice(
        kind=NoticeKind.CONFIRM,
        newsletter_id=newsletter.id,
        address=masked(address.email),  # kept to count, not to write to
        state=DeliveryState.SKIPPED,
        reason=reason,
        due_at=now,
        created_at=now,
        changed_at=now,
    )
    session.add(notice)
    session.flush()
    # A ring for a row that is done changes nothing, and it makes all answers take as long.
    ring(session, Bell.NOTICE, notice.id)
