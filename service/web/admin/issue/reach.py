"""Whom an issue would reach if it went now, and who is left out and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, exists, func, select
from sqlalchemy.orm import Session

from service.audience.segment import Segment
from service.delivery.audience import cadences, in_segment
from service.delivery.plan import count_audience
from service.models import (
    Issue,
    Newsletter,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
)


@dataclass(frozen=True)
class Reach:
    readers: int
    """Exactly those whom the planner would plan now."""
    left_out: list[tuple[str, int]]
    """Why, and how many of the confirmed readers."""


@dataclass(frozen=True)
class Readers:
    """The confirmed readers of a newsletter."""

    reachable: int
    """Those who get issues as things stand, each in their rhythm."""
    paused: int
    suppressed: int


def readers_of(session: Session, newsletter: Newsletter, now: datetime) -> Readers:
    """How many confirmed readers would get mail now, and how many not."""
    suppressed = exists().where(Suppression.email_hash == Subscriber.email_hash)
    how = case(
        (suppressed, "suppressed"), (Subscription.paused_until > now, "paused"), else_="reachable"
    ).label("how")
    query = (
        select(how, func.count())
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(
            Subscription.newsletter_id == newsletter.id,
            Subscription.state == SubscriptionState.ACTIVE,
        )
        .group_by(how)
    )
    found: dict[str, int] = dict(session.execute(query).all())
    return Readers(found.get("reachable", 0), found.get("paused", 0), found.get("suppressed", 0))


def not_among(issue: Issue) -> str:
    """Why those outside of an issue's segment are left out."""
    held = None if issue.segment is None else Segment.model_validate(issue.segment).held
    return "did not get what it corrects" if held else "are not among those you chose"


def reach_of(session: Session, issue: Issue, now: datetime) -> Reach:
    suppressed = exists().where(Suppression.email_hash == Subscriber.email_hash)
    why = case(
        (suppressed, "suppressed: their mail bounced or was reported"),
        (Subscription.paused_until > now, "paused by themselves"),
        (Subscription.cadence.not_in(cadences(issue)), "chose another rhythm"),
        else_="",
    ).label("why")
    confirmed = (
        Subscription.newsletter_id == issue.newsletter_id,
        Subscription.state == SubscriptionState.ACTIVE,
    )
    # The segment chooses rows. Asked of each row, it would look through all whom it names for each.
    chosen = (
        select(why, func.count())
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(*confirmed, in_segment(issue))
        .group_by(why)
    )
    numbers: dict[str, int] = dict(session.execute(chosen).all())
    if issue.segment is not None:
        everybody = select(func.count(Subscription.id)).where(*confirmed)
        # Whoever leaves between the two counts makes it less than it was, but never less than none.
        others = session.execute(everybody).scalar_one() - sum(numbers.values())
        numbers[not_among(issue)] = max(others, 0)
    return Reach(
        readers=count_audience(session, issue, now),
        left_out=sorted(
            (reason, number) for reason, number in numbers.items() if reason and number
        ),
    )
