"""The audience of an issue, as one query: who would get it now, and who has it already."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select, true
from sqlalchemy.orm import Session

from service.audience.segment import Segment
from service.audience.segment_sql import matches
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

MOMENT = timedelta(minutes=1)

Readers = Select[int, int, int, str | None, int | None]
"""Subscription, subscriber, choice, time zone and hour of each."""


def cadences(issue: Issue) -> tuple[Cadence, ...]:
    """Whose rhythm this issue keeps. A manual issue goes to everyone."""
    if issue.kind is IssueKind.MANUAL:
        return tuple(Cadence)
    if issue.kind is IssueKind.WEEKLY:
        return (Cadence.WEEKLY,)
    if issue.local_date is not None and issue.local_date.weekday() >= SATURDAY:
        return (Cadence.DAILY,)
    return (Cadence.DAILY, Cadence.WEEKDAYS)


def audience(issue: Issue, now: datetime) -> Readers:
    """Those to be planned: who wants it, may get it and has no row of it yet."""
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
            in_segment(issue),
        )
    )


def in_segment(issue: Issue) -> ColumnElement[bool]:
    """Whether a subscription is of those to whom alone the issue goes; true where it has none."""
    if issue.segment is None:
        return true()
    return matches(Segment.model_validate(issue.segment), issue.newsletter)


def latecomers(issue: Issue, now: datetime) -> Readers:
    """Those of :func:`audience` who confirmed their subscription since the issue was planned."""
    if issue.started_at is None:
        return audience(issue, now).where(false())
    # Whoever confirmed while it was planned is in neither, but for a moment's allowance.
    return audience(issue, now).where(Subscription.confirmed_at >= issue.started_at - MOMENT)


def count_latecomers(session: Session, issue: Issue, now: datetime) -> int:
    """How many joined since the issue was planned, and would get it."""
    found = latecomers(issue, now).subquery()
    return session.execute(select(func.count()).select_from(found)).scalar_one()


def count_audience(session: Session, issue: Issue, now: datetime) -> int:
    """How many readers would get *issue* if it were planned now."""
    found = audience(issue, now).subquery()
    return session.execute(select(func.count()).select_from(found)).scalar_one()
