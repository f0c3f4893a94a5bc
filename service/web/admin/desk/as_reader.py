"""A mail as one reader gets it: their own variant, by their own choice."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from service.audience.addresses import BadAddress, parse_address
from service.audience.choices import Wanted, section_specs, wanted_by
from service.models import (
    Delivery,
    DeliveryBatch,
    Issue,
    MailFormat,
    Newsletter,
    Subscriber,
    Subscription,
    SubscriptionState,
    Variant,
)


class NoSuchReader(ValueError):
    """Nobody of that address has a subscription; the text says so."""


@dataclass(frozen=True)
class Chosen:
    """A reader, and what they want of a newsletter."""

    address: str
    subscriber_id: int
    wanted: Wanted
    said: str
    """Their choice in words, for the editor."""


def chosen_by(session: Session, newsletter: Newsletter, address: str) -> Chosen:
    """Raises :class:`NoSuchReader`."""
    try:
        key = parse_address(address).key
    except BadAddress as error:
        raise NoSuchReader(f"“{address}” is no address: {error}") from error
    found = session.scalars(
        select(Subscription)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscriber.email_key == key, Subscription.newsletter_id == newsletter.id)
        .options(joinedload(Subscription.choice), joinedload(Subscription.subscriber))
    ).one_or_none()
    if found is None:
        raise NoSuchReader(f"{address} has no subscription to {newsletter.name}.")
    wanted = wanted_by(found.choice)
    email = found.subscriber.email
    return Chosen(email, found.subscriber_id, wanted, _said(found, wanted, newsletter))


def variant_for(session: Session, issue: Issue, subscriber_id: int) -> Variant | None:
    """What was rendered for them, as it was or will be sent; None while nothing is planned."""
    return session.scalars(
        select(Variant)
        .join(DeliveryBatch, DeliveryBatch.variant_id == Variant.id)
        .join(Delivery, Delivery.batch_id == DeliveryBatch.id)
        .where(Delivery.issue_id == issue.id, Delivery.subscriber_id == subscriber_id)
    ).one_or_none()


def _said(subscription: Subscription, wanted: Wanted, newsletter: Newsletter) -> str:
    headings = {spec.slug: spec.heading for spec in section_specs(newsletter)}
    form = "plain text" if wanted.mail_format is MailFormat.TEXT else "HTML"
    if wanted.sections is None:
        what = "all sections"
    else:
        what = ", ".join(headings.get(slug, slug) for slug in wanted.sections)
    topics = f"; topics {', '.join(wanted.topics)}" if wanted.topics else ""
    state = subscription.state
    stands = "" if state is SubscriptionState.ACTIVE else f" They are {state.value}."
    return f"{subscription.cadence.value.capitalize()}, as {form}: {what}{topics}.{stands}"
