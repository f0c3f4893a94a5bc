"""A segment as one condition on a ``Subscription``, and how many readers it reaches.

What a choice holds is asked of the few rows of ``choice``, not of each subscription.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, String, and_, cast, exists, func, or_, select, true
from sqlalchemy.orm import Session

from service.audience.json_lists import HoldsAny
from service.audience.segment import Held, Segment
from service.localtime import moment_of
from service.models import (
    Choice,
    Delivery,
    DeliveryBatch,
    DeliveryState,
    Interaction,
    InteractionKind,
    Issue,
    Newsletter,
    Subscriber,
    SubscriberTag,
    Subscription,
    SubscriptionState,
    Suppression,
)

NOT_GONE = frozenset({DeliveryState.QUEUED, DeliveryState.SKIPPED, DeliveryState.REJECTED})
"""In all other states the reader has the message, or may have it."""

Condition = ColumnElement[bool]


def matches(segment: Segment, newsletter: Newsletter) -> Condition:
    """Whether a ``Subscription`` of *newsletter* is in *segment*."""
    named = [*_history(segment, newsletter), *_tags(segment), *_choices(segment, newsletter)]
    return and_(true(), *named)


def count(session: Session, newsletter: Newsletter, segment: Segment, now: datetime) -> int:
    """How many readers a manual issue to *segment* would reach now: exactly whom it would go to."""
    suppressed = exists().where(Suppression.email_hash == Subscriber.email_hash)
    query = (
        select(func.count())
        .select_from(Subscription)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(
            Subscription.newsletter_id == newsletter.id,
            Subscription.state == SubscriptionState.ACTIVE,
            or_(Subscription.paused_until.is_(None), Subscription.paused_until <= now),
            ~suppressed,
            matches(segment, newsletter),
        )
    )
    return session.execute(query).scalar_one()


def got(held: Held) -> Condition:
    """Whether the reader of a ``Subscription`` got, or may have got, one of those renderings."""
    return exists().where(
        Delivery.issue_id == held.issue,
        Delivery.subscriber_id == Subscription.subscriber_id,
        Delivery.state.not_in(NOT_GONE),
        DeliveryBatch.id == Delivery.batch_id,
        DeliveryBatch.variant_id.in_(held.variants),
    )


def _history(segment: Segment, newsletter: Newsletter) -> list[Condition]:
    found: list[Condition] = []
    if segment.held is not None:
        found.append(got(segment.held))
    if segment.joined_since is not None:
        found.append(Subscription.confirmed_at >= _begins(segment.joined_since, newsletter))
    if segment.joined_before is not None:
        found.append(Subscription.confirmed_at < _begins(segment.joined_before, newsletter))
    if segment.opened_since is not None:
        found.append(_opened(segment.opened_since, newsletter))
    return found


def _opened(since: date, newsletter: Newsletter) -> Condition:
    issues = select(Issue.id).where(Issue.newsletter_id == newsletter.id)
    readers = (
        select(Delivery.subscriber_id)
        .join(Interaction, Interaction.delivery_id == Delivery.id)
        .where(
            Interaction.kind == InteractionKind.OPEN,
            Interaction.machine.is_(False),
            Interaction.at >= _begins(since, newsletter),
            Interaction.issue_id.in_(issues),
        )
    )
    return Subscription.subscriber_id.in_(readers)


def _tags(segment: Segment) -> list[Condition]:
    found: list[Condition] = []
    if segment.tags:
        found.append(Subscription.subscriber_id.in_(_tagged(segment.tags)))
    if segment.without_tags:
        # NOT IN would be looked through for each reader where the tagged are too many to hash.
        theirs = SubscriberTag.subscriber_id == Subscription.subscriber_id
        found.append(~exists().where(theirs, SubscriberTag.tag.in_(segment.without_tags)))
    return found


def _tagged(tags: tuple[str, ...]) -> Select[int]:
    return select(SubscriberTag.subscriber_id).where(SubscriberTag.tag.in_(tags))


def _choices(segment: Segment, newsletter: Newsletter) -> list[Condition]:
    found: list[Condition] = []
    if segment.cadences:
        found.append(Subscription.cadence.in_(segment.cadences))
    wanted: list[Condition] = []
    if segment.sections:
        every = func.coalesce(cast(Choice.sections, String), "null") == "null"
        wanted.append(or_(every, HoldsAny(Choice.sections, segment.sections)))
    if segment.topics:
        every = cast(Choice.topics, String) == "[]"
        wanted.append(or_(every, HoldsAny(Choice.topics, segment.topics)))
    if segment.mail_format is not None:
        wanted.append(Choice.mail_format == segment.mail_format)
    if wanted:
        alike = select(Choice.id).where(Choice.newsletter_id == newsletter.id, *wanted)
        found.append(Subscription.choice_id.in_(alike))
    return found


def _begins(day: date, newsletter: Newsletter) -> datetime:
    return moment_of(day, 0, 0, newsletter.timezone)
