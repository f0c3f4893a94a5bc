"""Whom an issue would reach if it went now, and who is left out and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, exists, func, select
from sqlalchemy.orm import Session

from service.delivery.audience import cadences
from service.delivery.plan import count_audience
from service.models import Issue, Subscriber, Subscription, SubscriptionState, Suppression


@dataclass(frozen=True)
class Reach:
    readers: int
    """Exactly those whom the planner would plan now."""
    left_out: list[tuple[str, int]]
    """Why, and how many of the confirmed readers."""


def reach_of(session: Session, issue: Issue, now: datetime) -> Reach:
    suppressed = exists().where(Suppression.email_hash == Subscriber.email_hash)
    why = case(
        (suppressed, "suppressed: their mail bounced or was reported"),
        (Subscription.paused_until > now, "paused by themselves"),
        (Subscription.cadence.not_in(cadences(issue)), "chose another rhythm"),
        else_="",
    ).label("why")
    query = (
        select(why, func.count())
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(
            Subscription.newsletter_id == issue.newsletter_id,
            Subscription.state == SubscriptionState.ACTIVE,
        )
        .group_by(why)
        .order_by(why)
    )
    return Reach(
        readers=count_audience(session, issue, now),
        left_out=[(reason, number) for reason, number in session.execute(query) if reason],
    )
