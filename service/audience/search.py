"""Find subscriptions among a million: by the beginning of an address, a domain, and by filters.

A page goes on from where the last one ended (no OFFSET, no COUNT), in the order of an index that
begins with what was asked: addresses by their bytes, the readers of a domain, a tag or a language
by their number, who is suppressed by when that was, and all others the newest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, contains_eager, joinedload

from service.audience.addresses import BadAddress, parse_address
from service.audience.in_use import values_in_use
from service.models import (
    Cadence,
    Newsletter,
    Subscriber,
    SubscriberTag,
    Subscription,
    SubscriptionState,
    Suppression,
)

AFTER_ALL = "\U0010ffff"
"""Behind every character that an address can hold, in the order of bytes too."""


@dataclass(frozen=True)
class Asked:
    """What is looked for. What is None or '' is not asked."""

    text: str = ""
    """The beginning of an address, a whole one, or ``@`` and a domain."""
    newsletter_id: int | None = None
    state: SubscriptionState | None = None
    paused: bool = False
    """Active ones that get nothing for a while."""
    cadence: Cadence | None = None
    tag: str = ""
    suppressed: bool | None = None
    joined_since: datetime | None = None
    language: str = ""
    newest_first: bool = False
    """In the order of the subscriptions' own numbers, whatever is asked: that may take longer."""

    @property
    def domain(self) -> str:
        text = self.text.strip().lower()
        return text[1:] if text.startswith("@") else ""

    @property
    def beginning(self) -> str:
        """What the form in which addresses are compared begins with."""
        text = self.text.strip().lower()
        if not text or text.startswith("@"):
            return ""
        try:
            return parse_address(text).key  # of a domain in other letters, the form it is kept in
        except BadAddress:
            return text


class Place(NamedTuple):
    """Where a page ended, and the next one goes on."""

    subscription_id: int
    key: str = ""
    """Of its order: an address, or a number; '' where the order is the subscriptions' own."""


class Found(NamedTuple):
    subscription: Subscription
    """With its subscriber, its newsletter and its choice."""
    suppressed: bool
    place: Place


def find(
    session: Session, asked: Asked, now: datetime, *, after: Place | None = None, limit: int = 50
) -> list[Found]:
    """The next *limit* subscriptions behind *after*."""
    key = _key(asked)
    query = _narrowed(session, select(Subscription, _suppressed(), key), asked, now).options(
        contains_eager(Subscription.subscriber),
        joinedload(Subscription.newsletter),
        joinedload(Subscription.choice),
    )
    rows = session.execute(_in_order(query, key, after).limit(limit))
    return [Found(row, suppressed, Place(row.id, str(at))) for row, suppressed, at in rows]


def values_found(
    session: Session,
    asked: Asked,
    columns: Sequence[InstrumentedAttribute[Any]],
    now: datetime,
    after: Place | None,
) -> Select[*Any]:
    """As :func:`find`, of subscription and subscriber only *columns*: for a million of them.

    Each row ends with whether nothing is sent to the address, and with the two parts of its place.
    """
    key = _key(asked)
    wanted = select(*columns, _suppressed(), Subscription.id, key)
    return _in_order(_narrowed(session, wanted, asked, now), key, after)


def count_found(session: Session, asked: Asked, now: datetime) -> int:
    """How many readers are found, each once. It looks at all of them: not for every request."""
    readers = func.count(Subscription.subscriber_id.distinct())
    found: int = session.execute(_narrowed(session, select(readers), asked, now)).scalar_one()
    return found


def readers_found(session: Session, asked: Asked, now: datetime) -> Select[int]:
    """A query for the numbers of all readers who are found; one may come more than once."""
    return _narrowed(session, select(Subscription.subscriber_id), asked, now)


def languages_in_use(session: Session, most: int = 50) -> list[str]:
    """The languages that readers chose."""
    return values_in_use(session, Subscriber.language, most)


def _narrowed(session: Session, query: Select[*Any], asked: Asked, now: datetime) -> Select[*Any]:
    query = query.select_from(Subscription).join(
        Subscriber, Subscriber.id == Subscription.subscriber_id
    )
    if asked.domain:
        query = query.where(Subscriber.domain == asked.domain)
    elif beginning := asked.beginning:
        query = query.where(
            Subscriber.email_key >= beginning, Subscriber.email_key < beginning + AFTER_ALL
        )
    # Joins, where they can be, let the database begin at the side that holds fewer.
    if asked.tag:
        query = query.join(
            SubscriberTag,
            and_(SubscriberTag.subscriber_id == Subscriber.id, SubscriberTag.tag == asked.tag),
        )
    if asked.suppressed:
        query = query.join(Suppression, Suppression.email_hash == Subscriber.email_hash)
    elif asked.suppressed is False:
        query = query.where(~_suppressed())
    if asked.language:
        query = query.where(Subscriber.language == asked.language)
    return _standing(session, query, asked, now)


def _suppressed() -> ColumnElement[bool]:
    row = select(Suppression.id).where(Suppression.email_hash == Subscriber.email_hash)
    return row.correlate(Subscriber).exists()


def _standing(session: Session, query: Select[*Any], asked: Asked, now: datetime) -> Select[*Any]:
    state = SubscriptionState.ACTIVE if asked.paused else asked.state
    if asked.newsletter_id is not None:
        query = query.where(Subscription.newsletter_id == asked.newsletter_id)
    elif state is not None or asked.cadence is not None:
        # All of them, by name: the index over newsletter, state and cadence begins with it.
        query = query.where(Subscription.newsletter_id.in_(_newsletters(session)))
    if state is not None:
        query = query.where(Subscription.state == state)
    elif asked.cadence is not None:
        query = query.where(Subscription.state.in_(list(SubscriptionState)))
    if asked.cadence is not None:
        query = query.where(Subscription.cadence == asked.cadence)
    if asked.paused:
        query = query.where(Subscription.paused_until > now)
    if asked.joined_since is not None:
        query = query.where(Subscription.created_at >= asked.joined_since)
    return query


def _key(asked: Asked) -> InstrumentedAttribute[Any]:
    """What the order goes by."""
    if asked.newest_first:
        return Subscription.id
    if asked.beginning:
        return Subscriber.email_key
    if asked.suppressed:
        return Suppression.id
    if asked.domain or asked.tag or asked.language:
        return Subscriber.id
    return Subscription.id


def _in_order(
    query: Select[*Any], key: InstrumentedAttribute[Any], after: Place | None
) -> Select[*Any]:
    """Addresses upwards, numbers downwards; the subscriptions of one reader side by side."""
    number = Subscription.id
    if key is Subscriber.email_key:
        query = query.order_by(key, number)
        if after is not None:
            further = or_(key > after.key, number > after.subscription_id)
            query = query.where(key >= after.key, further)
        return query
    query = query.order_by(key.desc(), number.desc())
    if after is not None:
        at = int(after.key) if after.key.isdecimal() else after.subscription_id
        query = query.where(key <= at, or_(key < at, number < after.subscription_id))
    return query


def _newsletters(session: Session) -> Sequence[int]:
    return session.scalars(select(Newsletter.id)).all()
