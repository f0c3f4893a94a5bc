"""All that is kept of one reader, for the reader (GDPR, art. 15 and 20)."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from service.audience.addresses import parse_address
from service.audience.proof import prove
from service.models import (
    Delivery,
    Event,
    Interaction,
    Issue,
    Notice,
    Subscriber,
    SubscriberTag,
    Subscription,
    Suppression,
)

Json = dict[str, Any]


def everything_about(session: Session, reader: Subscriber, now: datetime) -> Json:
    """As plain JSON values, times in ISO 8601 (UTC)."""
    return {
        "made_at": now.isoformat(),
        "address": reader.email,
        "name": reader.name,
        "language": reader.language,
        "known_since": reader.created_at.isoformat(),
        "address_since": _said(reader.address_since),
        "tags": list(
            session.scalars(
                select(SubscriberTag.tag)
                .where(SubscriberTag.subscriber_id == reader.id)
                .order_by(SubscriberTag.tag)
            )
        ),
        "nothing_is_sent": _suppression(session, reader),
        "subscriptions": [_subscription(one) for one in _subscriptions(session, reader)],
        "issues": _issues(session, reader),
        "service_messages": _notices(session, reader),
        "consent": prove(session, parse_address(reader.email), now).model_dump(mode="json"),
    }


def _subscriptions(session: Session, reader: Subscriber) -> list[Subscription]:
    query = select(Subscription).where(Subscription.subscriber_id == reader.id)
    loaded = joinedload(Subscription.newsletter), joinedload(Subscription.choice)
    return list(session.scalars(query.options(*loaded).order_by(Subscription.id)))


def _subscription(one: Subscription) -> Json:
    return {
        "newsletter": one.newsletter.name,
        "state": one.state.value,
        "cadence": one.cadence.value,
        "format": one.choice.mail_format.value,
        "sections": one.choice.sections,
        "topics": one.choice.topics,
        "timezone": one.timezone,
        "hour": one.send_hour,
        "paused_until": _said(one.paused_until),
        "opens_and_clicks_kept": one.tracked and one.newsletter.tracking,
        "signed_up_at": one.created_at.isoformat(),
        "reminded_at": _said(one.reminded_at),
        "confirmed_at": _said(one.confirmed_at),
        "unsubscribed_at": _said(one.unsubscribed_at),
        "reason_for_leaving": one.unsubscribe_reason,
        "imported": one.import_id is not None,
    }


def _suppression(session: Session, reader: Subscriber) -> Json | None:
    query = select(Suppression).where(Suppression.email_hash == reader.email_hash)
    found = session.scalars(query).one_or_none()
    if found is None:
        return None
    return {
        "reason": found.reason.value,
        "detail": found.detail,
        "since": found.created_at.isoformat(),
    }


def _issues(session: Session, reader: Subscriber) -> list[Json]:
    mine = select(Delivery.id).where(Delivery.subscriber_id == reader.id)
    told = _events(session, select(Event).where(Event.delivery_id.in_(mine)))
    touched: dict[int, list[Json]] = defaultdict(list)
    query = select(Interaction).where(Interaction.delivery_id.in_(mine)).order_by(Interaction.id)
    for one in session.scalars(query):
        touched[one.delivery_id].append(
            {"kind": one.kind.value, "at": one.at.isoformat(), "link": one.url}
        )
    sent = (
        select(Delivery, Issue.number, Issue.subject)
        .outerjoin(Issue, Issue.id == Delivery.issue_id)
        .where(Delivery.subscriber_id == reader.id)
        .order_by(Delivery.id)
    )
    return [
        {
            "number": number,
            "subject": subject,
            "state": delivery.state.value,
            "reason": delivery.reason,
            "message_id": delivery.message_id,
            "at": delivery.changed_at.isoformat(),
            "opens_and_clicks": touched[delivery.id],
            "told_by_the_mail_service": told[delivery.id],
        }
        for delivery, number, subject in session.execute(sent)
    ]


def _notices(session: Session, reader: Subscriber) -> list[Json]:
    mine = select(Subscription.id).where(Subscription.subscriber_id == reader.id)
    found = session.scalars(
        select(Notice).where(Notice.subscription_id.in_(mine)).order_by(Notice.id)
    ).all()
    ids = [notice.id for notice in found]
    told = _events(session, select(Event).where(Event.notice_id.in_(ids)))
    return [
        {
            "kind": notice.kind.value,
            "to": notice.address,
            "state": notice.state.value,
            "reason": notice.reason,
            "at": notice.created_at.isoformat(),
            "told_by_the_mail_service": told[notice.id],
        }
        for notice in found
    ]


def _events(session: Session, query: Select[Event]) -> dict[int, list[Json]]:
    """By the delivery or notice that they speak of."""
    found: dict[int, list[Json]] = defaultdict(list)
    for event in session.scalars(query.order_by(Event.id)):
        about = event.delivery_id or event.notice_id or 0
        found[about].append(
            {
                "kind": event.kind,
                "received_at": event.received_at.isoformat(),
                "said": _read(event.raw),
            }
        )
    return found


def _read(raw: str) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw


def _said(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
