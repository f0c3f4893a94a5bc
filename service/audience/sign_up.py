"""Asking for a newsletter: the first step of a subscription, and the one that anybody can make.

Statements stand beside their functions, made once: to build one takes as long as to run it, and a
newsletter that is written about somewhere is asked for a hundred times a second.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, bindparam, insert, select
from sqlalchemy.orm import Session, contains_eager
from sqlalchemy.sql.dml import ReturningInsert

from service.audience.addresses import Address, masked, parse_address
from service.audience.choices import Wanted, row_for
from service.audience.consent import CURRENT, NOBODY, TEXTS, Line, Visitor, record
from service.audience.suppression import hash_of
from service.db import dialect_of, ignoring_insert, insert_ignoring
from service.doorbell import Bell, ring
from service.models import (
    Cadence,
    Choice,
    ConsentKind,
    DeliveryState,
    Newsletter,
    Notice,
    NoticeKind,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
)

CONFIRM_AGAIN_AFTER = timedelta(minutes=2)
CONFIRMATIONS_A_DAY = 3


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
    found = _look_up(session, newsletter, hash_of(address))
    asked_for = _nobody() if found.suppressed else address
    # The time that an answer takes must tell nothing either: every address goes the whole way,
    # and what was only gone for that is taken back.
    with session.begin_nested() as way:
        subscription = _subscription_of(session, newsletter, asked_for, found.choice_id, now)
        asked_at = _asked_at(session, subscription, now)
        record(session, _line(subscription, now, visitor))
        reason = "suppressed" if found.suppressed else _why_not(subscription, asked_at, now)
        if reason:
            way.rollback()
    notice: dict[str, Any] = {
        "kind": NoticeKind.CONFIRM,
        "newsletter_id": newsletter.id,
        "subscription_id": None if reason else subscription.id,
        # Where nothing goes, it is kept to count and not to write to.
        "address": masked(address.email) if reason else subscription.subscriber.email,
        "state": DeliveryState.SKIPPED if reason else DeliveryState.QUEUED,
        "reason": reason or None,
        "due_at": now,
        "created_at": now,
        "changed_at": now,
    }
    # A ring for a row that is done changes nothing, and it makes all answers take as long.
    ring(session, Bell.NOTICE, session.execute(_NOTICE, notice).scalar_one())


_NOTICE = insert(cast("Table", Notice.__table__)).returning(Notice.__table__.c.id)


def _why_not(subscription: Subscription, asked_at: Sequence[datetime], now: datetime) -> str:
    """Why no confirmation is sent; '' when one is."""
    if subscription.newsletter.archived_at is not None:
        return "the newsletter has ended"
    if subscription.state is SubscriptionState.ACTIVE:
        return "already subscribed"
    return "" if may_ask_again(asked_at, now) else "asked a short time ago"


def may_ask_again(asked_at: Sequence[datetime], now: datetime) -> bool:
    """Whether one more confirmation may go to an address that was asked at those times.

    Enough for a reader who lost the mail, too little to fill somebody's mailbox with.
    """
    today = [at for at in asked_at if at > now - timedelta(days=1)]
    return len(today) < CONFIRMATIONS_A_DAY and all(at <= now - CONFIRM_AGAIN_AFTER for at in today)


def _line(subscription: Subscription, now: datetime, visitor: Visitor) -> Line:
    return Line(
        subscription.newsletter_id,
        subscription.subscriber.email_hash,
        ConsentKind.SIGNED_UP,
        now,
        text_version=visitor.text_version if visitor.text_version in TEXTS else CURRENT,
        visitor=visitor,
        detail={"form": visitor.form} if visitor.form else {},
    )


def _nobody() -> Address:
    """An address that nobody has (RFC 2606), and that no other request waits for."""
    email = f"{secrets.token_hex(8)}@nobody.invalid"
    return Address(email=email, key=email)


class _Found(NamedTuple):
    suppressed: bool
    choice_id: int
    """What a reader gets who chose nothing yet."""


def _look_up(session: Session, newsletter: Newsletter, email_hash: str) -> _Found:
    asked = {"email_hash": email_hash, "newsletter_id": newsletter.id, "key": Wanted().key}
    suppression_id, choice_id = session.execute(_LOOK_UP, asked).one()
    if choice_id is None:  # the newsletter's first reader
        choice_id = row_for(session, newsletter, Wanted()).id
    return _Found(suppression_id is not None, choice_id)


_LOOK_UP = select(
    select(Suppression.id)
    .where(Suppression.email_hash == bindparam("email_hash"))
    .scalar_subquery(),
    select(Choice.id)
    .where(Choice.newsletter_id == bindparam("newsletter_id"), Choice.key == bindparam("key"))
    .scalar_subquery(),
)


def _subscription_of(
    session: Session, newsletter: Newsletter, address: Address, choice_id: int, now: datetime
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
    pending = {
        "of_key": address.key,
        "newsletter_id": newsletter.id,
        "state": SubscriptionState.PENDING,
        "choice_id": choice_id,
        "cadence": Cadence.DAILY,
        "created_at": now,
    }
    session.execute(_subscribing(dialect_of(session)), pending)
    whose = {"of_key": address.key, "of_newsletter": newsletter.id}
    return session.scalars(_LOCKED, whose).one()


@lru_cache(maxsize=2)
def _subscribing(dialect: str) -> ReturningInsert[Any]:
    who = select(Subscriber.id).where(Subscriber.email_key == bindparam("of_key"))
    table = cast("Table", Subscription.__table__)
    return ignoring_insert(dialect, table).values(subscriber_id=who.scalar_subquery())


_LOCKED = (
    select(Subscription)
    .join(Subscription.subscriber)
    .where(
        Subscriber.email_key == bindparam("of_key"),
        Subscription.newsletter_id == bindparam("of_newsletter"),
    )
    .options(contains_eager(Subscription.subscriber))
    .with_for_update(of=Subscription)
    .execution_options(populate_existing=True)  # the link's page may have read it before
)


def _asked_at(session: Session, subscription: Subscription, now: datetime) -> Sequence[datetime]:
    since = now - timedelta(days=1)
    return session.scalars(_ASKED_AT, {"subscription": subscription.id, "since": since}).all()


_ASKED_AT = select(Notice.created_at).where(
    Notice.subscription_id == bindparam("subscription"),
    Notice.kind == NoticeKind.CONFIRM,
    Notice.created_at > bindparam("since"),
)
