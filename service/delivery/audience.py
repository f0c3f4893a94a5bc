"""The audience of an issue, as one query: who would get it now, and who has it already."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from service.models import (
    Cadence,
    Delivery,
    Issue,
    IssueKind,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
)

SATURDAY = 5


def cadences(issue: Issue) -> tuple[Cadence, ...]:
    """Whose rhythm this issue keeps. A manual issue goes to everyone."""
    if issue.kind is IssueKind.MANUAL:
        return tuple(Cadence)
    if issue.kind is IssueKind.WEEKLY:
        return (Cadence.WEEKLY,)
    if issue.local_date is not None and issue.local_date.weekday() >= SATURDAY:
        return (Cadence.DAILY,)
    return (Cadence.DAILY, Cadence.WEEKDAYS)


def audience(issue: Issue, now: datetime) -> Select[int, int, int, str | None, int | None]:
    """``(subscription id, subscriber id, choice id, time zone, hour)`` of those to be planned."""
    suppressed = exists().where(Suppression.email_hash == Subscriber.email_hash)
    planned = exists().where(
        Delivery.issue_id == issue.id, Delivery.subscriber_id == Subscription.subscriber_id
    )
    return (
        select(
            Subscription.id,
            Subscription.subscriber_id,
            Subscription.choice_id,
            Subscription.timezone,
            Subscription.send_hour,
        )
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(
            Subscription.newsletter_id == issue.newsletter_id,
            Subscription.state == SubscriptionState.ACTIVE,
            Subscription.cadence.in_(cadences(issue)),
            or_(Subscription.paused_until.is_(None), Subscription.paused_until <= now),
            and_(~suppressed, ~planned),
        )
    )


def count_audience(session: Session, issue: Issue, now: datetime) -> int:
    """How many readers would get *issue* if it were planned now."""
    found = audience(issue, now).subquery()
    return session.execute(select(func.count()).select_from(found)).scalar_one()
