"""Hard bounces and complaints: nothing more goes to that address."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audience.addresses import BadAddress, parse_address
from service.audience.erasure import SOMEBODY
from service.audience.subscribe import unsubscribe
from service.audience.suppression import hash_of, suppress
from service.delivery.states import Evidence
from service.events.batch import Told
from service.models import Newsletter, Subscriber, Subscription, SuppressionReason
from service.webhooks.announce import Happening, announce_all


def leave_alone(session: Session, told: Sequence[Told], now: datetime) -> None:
    """A hard bounce suppresses the address; a complaint ends the subscription as well.

    What was sent to an address that is not the reader's, or not any more, speaks of that mailbox
    alone: the reader's own goes on.
    """
    if not told:
        return
    readers = _readers(session, {one.row.subscription_id for one in told})
    bounced, complained = [], []
    for one in told:
        reader = readers.get(one.row.subscription_id)
        complaint = one.event.evidence is Evidence.COMPLAINED
        reason = SuppressionReason.COMPLAINT if complaint else SuppressionReason.BOUNCE
        email_hash = _mailbox(one, reader)
        if reader is not None and email_hash != reader.email_hash:
            reader = None
        new = email_hash is not None and suppress(session, email_hash, reason, _why(one), now)
        if reader is None:
            continue
        if complaint:
            unsubscribe(session, reader.subscription_id, now, how="complaint")
            complained.append(reader.told(one))
        elif new:
            bounced.append(reader.told(one))
    announce_all(session, Happening.SUBSCRIBER_BOUNCED, bounced, now)
    announce_all(session, Happening.SUBSCRIBER_COMPLAINED, complained, now)


class Reader(NamedTuple):
    """Whose mail an event is about."""

    subscription_id: int
    subscriber_id: int
    email: str
    email_hash: str
    newsletter: str

    def told(self, one: Told) -> dict[str, Any]:
        """What webhooks are told."""
        return {
            "subscriber_id": self.subscriber_id,
            "subscription_id": self.subscription_id,
            "email": self.email,
            "newsletter": self.newsletter,
            "issue_id": one.row.issue_id,
            "reason": one.event.reason[:1000],
        }


def _readers(session: Session, subscription_ids: set[int | None]) -> dict[int | None, Reader]:
    """By subscription: its reader."""
    found = session.connection().execute(
        select(
            Subscription.id,
            Subscription.subscriber_id,
            Subscriber.email,
            Subscriber.email_hash,
            Newsletter.slug,
        )
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .join(Newsletter, Newsletter.id == Subscription.newsletter_id)
        .where(Subscription.id.in_([one for one in subscription_ids if one is not None]))
    )
    return {row[0]: Reader(*row) for row in found}


def _why(one: Told) -> str:
    """What the other side said, without the address: a suppression outlives its deletion."""
    said, sent_to = one.event.reason, one.event.sent_to
    return (said.replace(sent_to, SOMEBODY) if sent_to else said)[:1000]


def _mailbox(one: Told, reader: Reader | None) -> str | None:
    """The hash of where it was sent, else of the reader's address.

    Readers who deleted their data are only known by the event: they may sign up again.
    """
    if one.row.subscription_id is None:
        return None  # mail to whoever runs the newsletter
    with contextlib.suppress(BadAddress):
        return hash_of(parse_address(one.event.sent_to))
    return reader.email_hash if reader else None
