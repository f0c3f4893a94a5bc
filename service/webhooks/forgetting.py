"""Webhooks when a reader's data are deleted: told of it by number, and no address kept."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Text, cast, or_, select
from sqlalchemy.orm import Session

from service.models import Newsletter, Subscriber, Subscription, SubscriptionState, WebhookCall
from service.webhooks.announce import Happening, announce_all

NOBODY = "(deleted)"
"""In the place of the address, in calls that are kept or still to be made."""


def forget_reader(
    session: Session, reader: Subscriber, spellings: Collection[str], now: datetime
) -> None:
    """Tell that *reader* left for good, and take their address, in its *spellings*, out of calls.

    Looks at all that is kept, which is a month of calls: nobody deletes their data every second.
    """
    payload = cast(WebhookCall.payload, Text)
    names = [payload.contains(f'"email": "{one}"', autoescape=True) for one in spellings]
    for call in session.scalars(select(WebhookCall).where(or_(*names))):
        data = {name: _without(value, spellings) for name, value in call.payload["data"].items()}
        call.payload = {**call.payload, "data": data}
    found = session.execute(
        select(Subscription.id, Newsletter.slug)
        .join(Newsletter, Newsletter.id == Subscription.newsletter_id)
        .where(
            Subscription.subscriber_id == reader.id,
            Subscription.state == SubscriptionState.ACTIVE,
        )
        .order_by(Subscription.id)
    )
    left = [
        {
            "subscriber_id": reader.id,
            "subscription_id": subscription_id,
            "email": NOBODY,
            "newsletter": newsletter,
            "state": SubscriptionState.UNSUBSCRIBED.value,
            "how": "deleted",
        }
        for subscription_id, newsletter in found
    ]
    announce_all(session, Happening.SUBSCRIBER_UNSUBSCRIBED, left, now)


def _without(value: Any, spellings: Collection[str]) -> Any:
    if isinstance(value, str):
        for one in spellings:
            value = value.replace(one, NOBODY)
    return value
