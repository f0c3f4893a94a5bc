"""Asking for a newsletter: the first step of a subscription, and the one that anybody can make.

Statements stand beside their functions, made once: to build one takes as long as to run it, and a
newsletter that is written about somewhere is asked for a hundred times a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, Protocol, cast

from sqlalchemy import Boolean, Table, bindparam, insert, select, true
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from service.audience.addresses import Address, masked, parse_address
from service.audience.choices import Wanted, row_for
from service.audience.consent import CURRENT, LAST_LINE, NOBODY, TEXTS, Line, Visitor, record_after
from service.audience.suppression import hash_of
from service.db import insert_if, insert_into
from service.doorbell import Bell, ring
from service.models import (
    Cadence,
    Choice,
    ConsentKind,
    DeliveryState,
    Notice,
    NoticeKind,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
)

CONFIRM_AGAIN_AFTER = timedelta(minutes=2)
CONFIRMATIONS_A_DAY = 3


class Asked(Protocol):
    """What is to be known of the newsletter that is asked for."""

    @property
    def id(self) -> int: ...

    @property
    def archived_at(self) -> datetime | None: ...


def sign_up(
    session: Session,
    newsletter: Asked,
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
    # The time that an answer takes must tell nothing either: for every address the database is told
    # the same, and each statement whether it is to do anything.
    over = newsletter.archived_at is not None
    suppressed, choice_id = _look_up(session, newsletter, hash_of(address))
    pending = {
        "newsletter_id": newsletter.id,
        "state": SubscriptionState.PENDING,
        "choice_id": choice_id,
        "cadence": Cadence.DAILY,
        "created_at": now,
    }
    closed = "suppressed" if suppressed else "the newsletter has ended" if over else ""
    reader = _reader(session, address, pending, go=not closed)
    asked_at, last = _before(session, newsletter, reader, now)
    reason = closed or _why_not(reader, asked_at, now)
    record_after(session, _line(newsletter, reader, now, visitor), last, go=not reason)
    notice: dict[str, Any] = {
        "kind": NoticeKind.CONFIRM,
        "newsletter_id": newsletter.id,
        "subscription_id": None if reason else reader.subscription_id,
        # Where nothing goes, it is kept to count and not to write to.
        "address": masked(address.email) if reason else reader.email,
        "state": DeliveryState.SKIPPED if reason else DeliveryState.QUEUED,
        "reason": reason or None,
        "due_at": now,
        "created_at": now,
        "changed_at": now,
    }
    # A ring for a row that is done changes nothing, and it makes all answers take as long.
    ring(session, Bell.NOTICE, session.connection().execute(_NOTICE, notice).scalar_one())


class _Reader(NamedTuple):
    """Who asks, by the subscription that they have now; not as objects, which cost as much again
    as all that is read and written of them."""

    subscription_id: int
    state: SubscriptionState
    email: str
    email_hash: str


_NOTICE = insert(cast("Table", Notice.__table__)).returning(Notice.__table__.c.id)


def _why_not(reader: _Reader, asked_at: Sequence[datetime], now: datetime) -> str:
    """Why no confirmation is sent to a reader; '' when one is."""
    if reader.state is SubscriptionState.ACTIVE:
        return "already subscribed"
    return "" if may_ask_again(asked_at, now) else "asked a short time ago"


def may_ask_again(asked_at: Sequence[datetime], now: datetime) -> bool:
    """Whether one more confirmation may go to an address that was asked at those times.

    Enough for a reader who lost the mail, too little to fill somebody's mailbox with.
    """
    today = [at for at in asked_at if at > now - timedelta(days=1)]
    return len(today) < CONFIRMATIONS_A_DAY and all(at <= now - CONFIRM_AGAIN_AFTER for at in today)


def _line(newsletter: Asked, reader: _Reader, now: datetime, visitor: Visitor) -> Line:
    return Line(
        newsletter.id,
        reader.email_hash,
        ConsentKind.SIGNED_UP,
        now,
        text_version=visitor.text_version if visitor.text_version in TEXTS else CURRENT,
        visitor=visitor,
        detail={"form": visitor.form} if visitor.form else {},
    )


def _look_up(session: Session, newsletter: Asked, email_hash: str) -> tuple[bool, int]:
    """Whether an address is suppressed, and the choice of a reader who chose nothing yet."""
    asked = {"email_hash": email_hash, "newsletter_id": newsletter.id, "key": Wanted().key}
    suppression_id, choice_id = session.connection().execute(_LOOK_UP, asked).one()
    if choice_id is None:  # the newsletter's first reader
        choice_id = row_for(session, newsletter.id, Wanted()).id
    return suppression_id is not None, choice_id


_LOOK_UP = select(
    select(Suppression.id)
    .where(Suppression.email_hash == bindparam("email_hash"))
    .scalar_subquery(),
    select(Choice.id)
    .where(Choice.newsletter_id == bindparam("newsletter_id"), Choice.key == bindparam("key"))
    .scalar_subquery(),
)


def _reader(session: Session, address: Address, pending: dict[str, Any], *, go: bool) -> _Reader:
    """The subscription of an address, *pending* when there is none, locked until the commit.

    Unless it is to *go*, none: nothing is written, and nobody waits for anybody.
    """
    subscriber = {
        "email": address.email,
        "email_key": address.key,
        "domain": address.domain,
        "email_hash": hash_of(address),
        "created_at": pending["created_at"],
    }
    rows = session.connection()
    adding = insert_if(rows.dialect.name, _SUBSCRIBER, tuple(subscriber))
    rows.execute(adding, {**subscriber, "go": go})
    subscribing = _subscribing(rows.dialect.name)
    found = rows.execute(subscribing, {**pending, "of_key": address.key, "go": go})
    if not go:
        return _Reader(0, pending["state"], address.email, subscriber["email_hash"])
    return _Reader(*found.one())


_SUBSCRIBER = cast("Table", Subscriber.__table__)


@lru_cache(maxsize=2)
def _subscribing(dialect: str) -> ReturningInsert[Any]:
    """Writes the subscription of ``of_key``; locks and gives the one that there is already."""
    table = cast("Table", Subscription.__table__)
    names = ("newsletter_id", "state", "choice_id", "cadence", "created_at")
    values = (bindparam(name, type_=table.c[name].type) for name in names)
    of_key = Subscriber.email_key == bindparam("of_key")
    row = select(Subscriber.id, *values).where(of_key, bindparam("go", type_=Boolean()))
    adding = insert_into(dialect, table).from_select(("subscriber_id", *names), row)
    there = adding.on_conflict_do_update(
        index_elements=["subscriber_id", "newsletter_id"],
        # To itself: whoever asks at the same time waits here, and sees what this one did.
        set_={"newsletter_id": adding.excluded.newsletter_id},
    )
    whose = (Subscriber.email, Subscriber.email_hash)
    return there.returning(
        table.c.id, table.c.state, *(select(it).where(of_key).scalar_subquery() for it in whose)
    )


def _before(
    session: Session, newsletter: Asked, reader: _Reader, now: datetime
) -> tuple[list[datetime], tuple[int, str] | None]:
    """When *reader* was asked within a day, and the last line of their ledger.

    Read after the lock: with it, the moment before a second request of theirs would be seen.
    """
    asked = {
        "subscription": reader.subscription_id,
        "since": now - timedelta(days=1),
        "newsletter_id": newsletter.id,
        "email_hash": reader.email_hash,
    }
    found = session.connection().execute(_BEFORE, asked).all()
    times = [at for _, _, at in found if at is not None]
    last = next(((sequence, hashed) for sequence, hashed, _ in found if sequence), None)
    return times, last


_LAST = LAST_LINE.subquery("last")
_BEFORE = (
    select(_LAST.c.sequence, _LAST.c.hash, Notice.created_at)
    .select_from(Subscription)
    .outerjoin(
        Notice,
        (Notice.subscription_id == Subscription.id)
        & (Notice.kind == NoticeKind.CONFIRM)
        & (Notice.created_at > bindparam("since")),
    )
    .outerjoin(_LAST, true())
    .where(Subscription.id == bindparam("subscription"))
)
