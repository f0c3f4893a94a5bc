"""Readers who come confirmed: imported from elsewhere, or the demo's own. Some hundreds at a time.

Somebody who left is never brought back this way, and a suppressed address never gets in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from service.audience.addresses import Address
from service.audience.choices import row_for
from service.audience.consent import Line, record, withdrawn_among
from service.audience.preferences import Preferences, checked
from service.audience.suppression import hash_of, suppressed_among
from service.db import insert_ignoring
from service.models import (
    ConsentKind,
    Newsletter,
    Subscriber,
    Subscription,
    SubscriptionState,
)
from service.webhooks.announce import Happening, announce, of_subscription


class Joined(StrEnum):
    """What became of one reader."""

    ADDED = "added"
    PRESENT = "present"
    LEFT = "left"
    """They unsubscribed before, also if their data are deleted; only they can come back."""
    SUPPRESSED = "suppressed"


@dataclass(frozen=True)
class Reader:
    address: Address
    preferences: Preferences = field(default_factory=Preferences)


def add_confirmed(
    session: Session,
    newsletter: Newsletter,
    reader: Reader,
    now: datetime,
    origin: str = "import",
) -> Joined:
    """Subscribe one reader without a confirmation; *origin* says in the ledger where from.

    Webhooks are told. Of many at once they are not: whoever adds those says so as a whole.
    """
    outcome = add_all_confirmed(session, newsletter, [reader], now, origin)[0]
    if outcome is Joined.ADDED:
        subscription = session.scalars(
            select(Subscription)
            .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
            .where(
                Subscriber.email_key == reader.address.key,
                Subscription.newsletter_id == newsletter.id,
            )
        ).one()
        data = of_subscription(subscription, newsletter)
        announce(session, Happening.SUBSCRIBER_CONFIRMED, data, now)
    return outcome


def add_all_confirmed(
    session: Session,
    newsletter: Newsletter,
    readers: Sequence[Reader],
    now: datetime,
    origin: str = "import",
) -> list[Joined]:
    """Subscribe up to some hundreds of distinct readers; what became of each, in their order.

    Raises ``BadChoice`` when one of them chose what cannot be had, and then adds nobody.
    """
    readers = [
        replace(reader, preferences=checked(newsletter, reader.preferences, now))
        for reader in readers
    ]
    outcome = standing(session, newsletter, [reader.address for reader in readers])
    new = [reader for reader, found in zip(readers, outcome, strict=True) if found is Joined.ADDED]
    ids = _subscribers(session, new, now)
    rows = [
        _subscription(session, newsletter, reader, ids[reader.address.key], now) for reader in new
    ]
    insert_ignoring(session, cast("Table", Subscription.__table__), rows)
    lines = [
        Line(
            newsletter.id,
            hash_of(reader.address),
            ConsentKind.IMPORTED,
            now,
            detail={"origin": origin},
        )
        for reader in new
    ]
    record(session, *lines)
    return outcome


def standing(
    session: Session, newsletter: Newsletter, addresses: Sequence[Address]
) -> list[Joined]:
    """What adding each of *addresses* would come to, without adding any."""
    suppressed = suppressed_among(session, [hash_of(address) for address in addresses])
    query = (
        select(Subscriber.email_key, Subscription.state)
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(
            Subscription.newsletter_id == newsletter.id,
            Subscriber.email_key.in_([address.key for address in addresses]),
        )
    )
    known = dict(session.execute(query).all())

    strangers = [hash_of(address) for address in addresses if address.key not in known]
    withdrawn = withdrawn_among(session, newsletter.id, strangers) if strangers else set()

    def of(address: Address) -> Joined:
        if hash_of(address) in suppressed:
            return Joined.SUPPRESSED
        if address.key not in known:
            return Joined.LEFT if hash_of(address) in withdrawn else Joined.ADDED
        left = known[address.key] is SubscriptionState.UNSUBSCRIBED
        return Joined.LEFT if left else Joined.PRESENT

    return [of(address) for address in addresses]


def _subscribers(session: Session, readers: Sequence[Reader], now: datetime) -> dict[str, int]:
    """The ids of the readers' rows by address key, made where there were none."""
    rows = [
        {
            "email": reader.address.email,
            "email_key": reader.address.key,
            "domain": reader.address.domain,
            "email_hash": hash_of(reader.address),
            "created_at": now,
        }
        for reader in readers
    ]
    insert_ignoring(session, cast("Table", Subscriber.__table__), rows)
    query = select(Subscriber.email_key, Subscriber.id).where(
        Subscriber.email_key.in_([reader.address.key for reader in readers])
    )
    return dict(session.execute(query).all())


def _subscription(
    session: Session, newsletter: Newsletter, reader: Reader, subscriber_id: int, now: datetime
) -> dict[str, Any]:
    preferences = reader.preferences
    return {
        "subscriber_id": subscriber_id,
        "newsletter_id": newsletter.id,
        "state": SubscriptionState.ACTIVE,
        "choice_id": row_for(session, newsletter.id, preferences.wanted).id,
        "cadence": preferences.cadence,
        "timezone": preferences.timezone,
        "send_hour": preferences.send_hour,
        "paused_until": preferences.paused_until,
        "tracked": preferences.tracked,
        "created_at": now,
        "confirmed_at": now,
    }
