"""A reader's change of address: asked for, confirmed at the new one, told to the old one.

Both messages carry a link to the same page: have it sent *here*. The message to the old address
lets its owner take back what somebody else did with a mail that was passed on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.audience import tokens
from service.audience.addresses import Address, BadAddress, parse_address
from service.audience.consent import NOBODY, Line, Visitor, record
from service.audience.notify import notify
from service.audience.subscribe import subscription_with_reader
from service.audience.suppression import hash_of
from service.config import settings
from service.languages import gettext
from service.models import (
    ConsentKind,
    Notice,
    NoticeKind,
    Subscriber,
    Subscription,
    SubscriptionState,
)

CONFIRM_WITHIN = timedelta(days=7)
TAKE_BACK_WITHIN = timedelta(days=30)
REQUESTS_A_DAY = 3
"""Of one reader: whoever holds the link of a mail must not write to many by it."""


class Moved(StrEnum):
    """What following the link comes to."""

    MOVED = "moved"
    ALREADY = "already"
    TAKEN = "taken"
    """That address gets a newsletter itself; two readers are not made one."""
    EXPIRED = "expired"


@dataclass(frozen=True)
class Move:
    """A change that was asked for, or told: to which address, for which reader."""

    notice: Notice
    subscription: Subscription

    @property
    def address(self) -> Address:
        return parse_address(self.notice.address)

    @property
    def takes_back(self) -> bool:
        return self.notice.kind is NoticeKind.ADDRESS_CHANGED


def ask_to_move(
    session: Session, subscription: Subscription, address_text: str, now: datetime
) -> None:
    """Ask the owner of an address whether the reader's mail may come there.

    Raises ``BadAddress``. Nothing tells whether the address is known, and nothing is sent when
    the reader asked for it often today.
    """
    address = parse_address(address_text)
    if address.key == subscription.subscriber.email_key:
        raise BadAddress(gettext("That is the address your mail goes to already."))
    if _asked_today(session, subscription.subscriber_id, now) < REQUESTS_A_DAY:
        kind = NoticeKind.CHANGE_ADDRESS
        _with_link(notify(session, subscription, kind, now, address=address.email))


def find_move(session: Session, notice_id: int) -> Move | None:
    """The change that a link names; None when it or the reader is gone."""
    notice = session.get(Notice, notice_id)
    if notice is None or notice.subscription_id is None:
        return None
    if notice.kind not in {NoticeKind.CHANGE_ADDRESS, NoticeKind.ADDRESS_CHANGED}:
        return None
    subscription = subscription_with_reader(session, notice.subscription_id)
    return None if subscription is None else Move(notice, subscription)


def can_move(session: Session, asked: Move, now: datetime) -> Moved:
    """What pressing the button comes to; changes nothing."""
    reader, age = asked.subscription.subscriber, now - asked.notice.created_at
    if reader.email_key == asked.address.key:
        return Moved.ALREADY
    # A later change makes an earlier request void. To take one back holds all the same: else a
    # second change would shut out whoever was told of the first.
    since = reader.address_since
    void = not asked.takes_back and since is not None and asked.notice.created_at < since
    if void or age > (TAKE_BACK_WITHIN if asked.takes_back else CONFIRM_WITHIN):
        return Moved.EXPIRED
    return Moved.TAKEN if _is_read_at(session, asked.address) else Moved.MOVED


def move(session: Session, asked: Move, now: datetime, visitor: Visitor = NOBODY) -> Moved:
    """Have all of the reader's newsletters sent to the address of *asked* from now on."""
    theirs = select(Subscriber).where(Subscriber.id == asked.subscription.subscriber_id)
    theirs = theirs.with_for_update().execution_options(populate_existing=True)
    if session.scalars(theirs).one_or_none() is None:
        return Moved.EXPIRED  # their data were deleted a moment ago
    _hold(session, asked.address)
    result = can_move(session, asked, now)
    if result is Moved.MOVED:
        _drop_unread(session, asked.address)
        _readdress(session, asked, now, visitor)
    return result


def _readdress(session: Session, asked: Move, now: datetime, visitor: Visitor) -> None:
    reader, address = asked.subscription.subscriber, asked.address
    old_email, old_hash, new_hash = reader.email, reader.email_hash, hash_of(address)
    if not asked.takes_back:
        told = notify(
            session, asked.subscription, NoticeKind.ADDRESS_CHANGED, now, address=old_email
        )
        _with_link(told)
    reader.email, reader.email_key = address.email, address.key
    reader.email_hash, reader.domain = new_hash, address.domain
    reader.address_since = now
    # The proof of consent stands in the old address's ledger: each names the other.
    for newsletter_id in _newsletters(session, reader):
        for email_hash, detail in (
            (old_hash, {"address_to": new_hash}),
            (new_hash, {"address_from": old_hash}),
        ):
            kind = ConsentKind.CHANGED
            line = Line(newsletter_id, email_hash, kind, now, visitor=visitor, detail=dict(detail))
            record(session, line)
    session.flush()


def _is_read_at(session: Session, address: Address) -> bool:
    """Whether another reader gets something at *address*."""
    active = Subscription.state == SubscriptionState.ACTIVE
    query = select(Subscription.id).join(Subscriber).where(Subscriber.email_key == address.key)
    return session.scalar(query.where(active).limit(1)) is not None


def _hold(session: Session, address: Address) -> None:
    """Whoever confirms at *address* at this moment waits, or has done so before we look."""
    there = select(Subscriber.id).where(Subscriber.email_key == address.key).with_for_update()
    # In the order of everybody else: the reader, then what they read.
    if (reader_id := session.scalar(there)) is not None:
        theirs = select(Subscription.id).where(Subscription.subscriber_id == reader_id)
        session.scalars(theirs.order_by(Subscription.id).with_for_update()).all()


def _drop_unread(session: Session, address: Address) -> None:
    """A reader there who gets nothing makes room: whoever has the mailbox has just said so."""
    known = session.scalar(select(Subscriber).where(Subscriber.email_key == address.key))
    if known is not None:
        session.delete(known)
        session.flush()


def _newsletters(session: Session, reader: Subscriber) -> Sequence[int]:
    query = select(Subscription.newsletter_id).where(Subscription.subscriber_id == reader.id)
    return session.scalars(query).all()


def _asked_today(session: Session, subscriber_id: int, now: datetime) -> int:
    query = select(func.count()).select_from(Notice).join(Subscription)
    return (
        session.scalar(
            query.where(
                Subscription.subscriber_id == subscriber_id,
                Notice.kind == NoticeKind.CHANGE_ADDRESS,
                Notice.created_at > now - timedelta(days=1),
            )
        )
        or 0
    )


def _with_link(notice: Notice) -> None:
    notice.payload = {"path": f"/address/{tokens.sign(settings().secret, 'address', notice.id)}"}
