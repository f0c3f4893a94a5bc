"""How subscribers and their subscriptions are shown, and the shapes of what they choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import AfterValidator, Field
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from service.audience.choices import BadChoice, Wanted
from service.audience.preferences import Preferences
from service.audience.tags import tags_of
from service.models import (
    Cadence,
    MailFormat,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)
from service.web.api.shapes import Moment, Shape, Text
from service.web.problems import NOT_FOUND, Problem, bad_field

Names = Annotated[list[Annotated[Text, Field(min_length=1, max_length=100)]], Field(max_length=100)]
SendHour = Annotated[int, Field(ge=0, le=23)]


def _off(tracked: bool) -> bool:
    if tracked:
        raise ValueError("Only the reader can turn tracking on.")
    return tracked


class SubscriptionShown(Shape):
    """A subscriber's standing with one newsletter."""

    id: int
    subscriber_id: int
    email: str
    newsletter: str
    state: SubscriptionState
    cadence: Cadence
    mail_format: MailFormat
    sections: list[str] | None = Field(description="Null: all, also those that come later.")
    topics: list[str] = Field(description="None named means all.")
    send_hour: int | None = Field(description="Null: the newsletter's own hour.")
    timezone: str | None
    paused_until: Moment | None
    tracked: bool = Field(description="Opens and clicks are kept, where the newsletter keeps any.")
    created_at: Moment
    confirmed_at: Moment | None
    unsubscribed_at: Moment | None
    unsubscribe_reason: str | None


class SubscriberShown(Shape):
    """A person with a mailbox."""

    id: int
    email: str
    name: str
    language: str | None = Field(description="Null: each newsletter's own.")
    tags: list[str]
    suppressed: SuppressionReason | None = Field(
        description="Why nothing is sent to this address; null when mail may go."
    )
    created_at: Moment
    subscriptions: list[SubscriptionShown]


class ChoicesAsked(Shape):
    """What a reader wants. What is left out stays as it is."""

    cadence: Cadence = Cadence.DAILY
    mail_format: MailFormat = MailFormat.HTML
    sections: Names | None = Field(default=None, description="Slugs; null for all of them.")
    topics: Names = Field(default=[], description="An empty list for all of them.")
    send_hour: SendHour | None = Field(default=None, description="Needs `timezone`.")
    timezone: Text | None = Field(default=None, max_length=64, examples=["Europe/Berlin"])
    paused_until: Moment | None = None
    tracked: Annotated[bool, AfterValidator(_off)] = Field(
        default=False,
        description="False: keep no opens and clicks. Only the reader can turn it on again.",
        json_schema_extra={"const": False},
    )

    def on_top_of(self, was: Preferences) -> Preferences:
        """*was*, with all that was asked for put in its place."""
        given = self.model_fields_set
        of_itself = {"cadence", "send_hour", "timezone", "paused_until", "tracked"}
        sections = None if self.sections is None else tuple(self.sections)
        wanted = Wanted(
            self.mail_format if "mail_format" in given else was.wanted.mail_format,
            sections if "sections" in given else was.wanted.sections,
            tuple(self.topics) if "topics" in given else was.wanted.topics,
        )
        return replace(
            was, wanted=wanted, **{name: getattr(self, name) for name in of_itself & given}
        )


def refused(error: BadChoice, field: str) -> Problem:
    """A choice that cannot be had, as a problem of *field*."""
    return bad_field(field, error)


def subscription_shown(subscription: Subscription) -> SubscriptionShown:
    choice = subscription.choice
    return SubscriptionShown(
        id=subscription.id,
        subscriber_id=subscription.subscriber_id,
        email=subscription.subscriber.email,
        newsletter=subscription.newsletter.slug,
        state=subscription.state,
        cadence=subscription.cadence,
        mail_format=choice.mail_format,
        sections=choice.sections,
        topics=choice.topics,
        send_hour=subscription.send_hour,
        timezone=subscription.timezone,
        paused_until=subscription.paused_until,
        tracked=subscription.tracked,
        created_at=subscription.created_at,
        confirmed_at=subscription.confirmed_at,
        unsubscribed_at=subscription.unsubscribed_at,
        unsubscribe_reason=subscription.unsubscribe_reason,
    )


def subscribers_shown(session: Session, subscriber_ids: Sequence[int]) -> list[SubscriberShown]:
    """The subscribers of some ids (a page of them at most), in the order of the ids."""
    session.flush()
    found = {
        subscriber.id: subscriber
        for subscriber in session.scalars(
            select(Subscriber)
            .where(Subscriber.id.in_(subscriber_ids))
            .options(
                selectinload(Subscriber.subscriptions).options(
                    joinedload(Subscription.newsletter), joinedload(Subscription.choice)
                )
            )
            .execution_options(populate_existing=True)
        )
    }
    hashes = [subscriber.email_hash for subscriber in found.values()]
    suppressed: dict[str, SuppressionReason] = dict(
        session.execute(
            select(Suppression.email_hash, Suppression.reason).where(
                Suppression.email_hash.in_(hashes)
            )
        ).all()
    )
    tags = tags_of(session, found)
    return [
        SubscriberShown(
            id=subscriber.id,
            email=subscriber.email,
            name=subscriber.name,
            language=subscriber.language,
            tags=tags.get(subscriber.id, []),
            suppressed=suppressed.get(subscriber.email_hash),
            created_at=subscriber.created_at,
            subscriptions=[
                subscription_shown(one)
                for one in sorted(subscriber.subscriptions, key=lambda one: one.id)
            ],
        )
        for subscriber in (found[one] for one in subscriber_ids if one in found)
    ]


def subscriber_shown(session: Session, subscriber_id: int) -> SubscriberShown:
    """One subscriber; a 404 when there is none."""
    found = subscribers_shown(session, [subscriber_id])
    if not found:
        raise Problem(NOT_FOUND, f"There is no subscriber {subscriber_id}.")
    return found[0]
