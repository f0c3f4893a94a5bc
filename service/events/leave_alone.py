"""Hard bounces and complaints: nothing more goes to that address."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audience.addresses import BadAddress, parse_address
from service.audience.subscribe import unsubscribe
from service.audience.suppression import hash_of, suppress
from service.delivery.states import Evidence
from service.events.batch import Told
from service.models import Subscriber, Subscription, SuppressionReason


def leave_alone(session: Session, told: Sequence[Told], now: datetime) -> None:
    """A hard bounce suppresses the address; a complaint ends the subscription as well."""
    if not told:
        return
    hashes = _hashes(session, {one.row.subscription_id for one in told})
    for one in told:
        subscription_id = one.row.subscription_id
        complaint = one.event.evidence is Evidence.COMPLAINED
        reason = SuppressionReason.COMPLAINT if complaint else SuppressionReason.BOUNCE
        email_hash = hashes.get(subscription_id) or _hash_in(one)
        if email_hash is not None:
            suppress(session, email_hash, reason, one.event.reason[:1000], now)
        if complaint and subscription_id is not None and subscription_id in hashes:
            unsubscribe(session, subscription_id, now, how="complaint")


def _hashes(session: Session, subscription_ids: set[int | None]) -> dict[int | None, str]:
    """By subscription: the hash of its reader's address."""
    found = session.connection().execute(
        select(Subscription.id, Subscriber.email_hash)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscription.id.in_([one for one in subscription_ids if one is not None]))
    )
    return dict(found.all())


def _hash_in(one: Told) -> str | None:
    """Readers who deleted their data are only known by the event: they may sign up again."""
    if one.row.subscription_id is None:
        return None  # mail to whoever runs the newsletter
    with contextlib.suppress(BadAddress):
        return hash_of(parse_address(one.event.recipient))
    return None
