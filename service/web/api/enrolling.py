"""Signing somebody up: with a mail to confirm, or with a consent that was given elsewhere."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, IPvAnyAddress
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audience.addresses import Address as ParsedAddress
from service.audience.choices import BadChoice
from service.audience.consent import NOBODY, Visitor
from service.audience.joining import Joined, Reader, add_confirmed
from service.audience.preferences import Preferences, change_preferences
from service.audience.sign_up import sign_up
from service.audience.subscribe import confirm_elsewhere
from service.audience.suppression import mailbox_hash
from service.audience.tags import tags_of
from service.config import settings
from service.models import Newsletter, Subscriber, Subscription
from service.staff.tokens import Scope
from service.web.api.blueprint import SUBSCRIBERS, api
from service.web.api.callers import caller
from service.web.api.given import Language, Name, Tags, clean, parsed, put_on
from service.web.api.replies import Reply
from service.web.api.shapes import (
    Address,
    Moment,
    Shape,
    Slug,
    Text,
    newsletter_named,
    noted,
    running,
)
from service.web.api.standing import (
    ChoicesAsked,
    SubscriberShown,
    refused,
    subscriber_shown,
)
from service.web.asking import now
from service.web.limits import Limit, network, wait
from service.web.problems import NOT_POSSIBLE, TOO_MANY, Problem, bad_field

REFUSED = {
    Joined.LEFT: "This reader unsubscribed. Only they can come back: leave out `consent`, and "
    "they are asked to confirm.",
    Joined.SUPPRESSED: "Nothing is sent to this address: its mail bounced, it was reported, or "
    "somebody suppressed it.",
}


class ConsentGiven(Shape):
    """How the reader agreed, elsewhere, to get this newsletter. It is kept as proof."""

    statement: Text = Field(
        min_length=10,
        max_length=2000,
        description="What they agreed to, where and how.",
        examples=["Ticked “Send me the newsletter” at checkout on shop.example.org."],
    )
    at: Moment | None = Field(default=None, description="When; null means now.")


class VisitorGiven(Shape):
    """The reader's browser, when they signed up on a page of yours; kept as proof."""

    ip: IPvAnyAddress | None = None
    user_agent: Text | None = Field(default=None, max_length=500)

    def as_said(self) -> Visitor:
        return Visitor(None if self.ip is None else str(self.ip), self.user_agent)


class NewSubscriber(Shape):
    """Somebody who wants a newsletter."""

    newsletter: Slug
    email: Address
    name: Name = ""
    language: Language | None = None
    tags: Tags = Field(default=[])
    visitor: VisitorGiven | None = None
    consent: ConsentGiven | None = Field(
        default=None, description="Null: they get a mail and confirm by themselves."
    )
    choices: ChoicesAsked | None = Field(default=None, description="Needs `consent`.")


class Enrolled(Shape):
    """What became of it."""

    outcome: Annotated[str, Field(json_schema_extra={"enum": ["asked", "added", "present"]})] = (
        Field(
            description="`asked`: a confirmation goes out if one may, known address or not; "
            "`added`: they get the next issue; `present`: they had a subscription already."
        )
    )
    subscriber: SubscriberShown | None = Field(description="Null when the outcome is `asked`.")


@api.at(
    "POST /subscribers",
    tag=SUBSCRIBERS,
    needs=Scope.SUBSCRIBERS_WRITE,
    answers={200: Enrolled, 201: Enrolled, 202: Enrolled},
    fails=[NOT_POSSIBLE],
)
def create_subscriber(session: Session, body: NewSubscriber) -> Reply:
    """Sign somebody up

    Without `consent` the reader gets a mail and must confirm (double opt-in). The answer is the
    same for a known address, and name, language and tags of a known reader stay as they are:
    nobody has shown yet that it is them. How many are asked within an hour is limited, as it is
    for the forms here: give `visitor`, so that one of them is told from all.

    With `consent` they are confirmed at once, and what you say of it is written into their consent
    ledger. Who unsubscribed cannot be brought back that way.
    """
    newsletter = running(newsletter_named(session, body.newsletter))
    address = parsed(body.email)
    tags = clean(body.tags)
    if body.consent is not None:
        return _add(session, newsletter, address, body, tags)
    if body.choices is not None:
        raise bad_field("choices", "Give `consent` as well, or let the reader choose.")
    visitor = NOBODY if body.visitor is None else body.visitor.as_said()
    _spare_strangers(address, visitor)
    sign_up(session, newsletter, address.email, now=now(), visitor=visitor)
    if not _has_confirmed(session, address):
        _describe(session, address, body, tags)
    return Reply(Enrolled(outcome="asked", subscriber=None), 202)


def _has_confirmed(session: Session, address: ParsedAddress) -> bool:
    """Whether an address is somebody's who proved it: what a stranger typed changes nothing."""
    query = (
        select(Subscription.id)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscriber.email_key == address.key, Subscription.confirmed_at.is_not(None))
        .limit(1)
    )
    return session.scalar(query) is not None


def _spare_strangers(address: ParsedAddress, visitor: Visitor) -> None:
    """429 when too many were asked to confirm: a form of yours may be fed by a script too.

    An address and a browser's network are counted with the forms here, all else by token.
    """
    most, token = settings(), caller().token_id
    limits = [
        Limit("sign-up-to", mailbox_hash(address), most.sign_ups_per_address),
        Limit("sign-up-at", f"{address.domain} by {token}", most.sign_ups_per_domain),
        Limit("sign-up", f"all by {token}", most.sign_ups_overall),
    ]
    if visitor.ip is not None:
        limits.insert(0, Limit("sign-up", network(visitor.ip), most.sign_ups_per_network))
    if seconds := wait(limits):
        why = "So many confirmations were asked for that this one waits. Nothing was sent."
        raise Problem(TOO_MANY, why, headers={"Retry-After": str(seconds)})


def _add(
    session: Session,
    newsletter: Newsletter,
    address: ParsedAddress,
    body: NewSubscriber,
    tags: list[str],
) -> Reply:
    assert body.consent is not None
    at = now()
    choices = body.choices or ChoicesAsked()
    agreed = body.consent.at or at
    if agreed > at:
        raise bad_field("consent.at", "That moment is still to come.")
    origin = f"{caller().name}: {body.consent.statement} ({agreed:%Y-%m-%d %H:%M} UTC)"
    try:
        reader = Reader(address, choices.on_top_of(Preferences()))
        outcome = add_confirmed(session, newsletter, reader, at, origin)
        if outcome is Joined.PRESENT and _agree(session, newsletter, reader, at, origin):
            outcome = Joined.ADDED
    except BadChoice as error:
        raise refused(error, "choices") from error
    if outcome in REFUSED:
        raise Problem(NOT_POSSIBLE, REFUSED[outcome])
    subscriber = _describe(session, address, body, tags)
    assert subscriber is not None
    if outcome is Joined.ADDED:
        noted(session, "reader.add", f"reader {subscriber.id}", newsletter=newsletter.slug)
    return Reply(
        Enrolled(outcome=outcome.value, subscriber=subscriber_shown(session, subscriber.id)),
        status=201 if outcome is Joined.ADDED else 200,
        location=f"/api/v1/subscribers/{subscriber.id}",
    )


def _agree(
    session: Session, newsletter: Newsletter, reader: Reader, at: datetime, origin: str
) -> bool:
    """Confirm who has not done so by mail; False when there is nothing to confirm."""
    subscription = session.scalars(
        select(Subscription)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(
            Subscriber.email_key == reader.address.key, Subscription.newsletter_id == newsletter.id
        )
    ).one()
    if not confirm_elsewhere(session, subscription.id, at, origin):
        return False
    change_preferences(session, subscription, reader.preferences, at, origin)
    return True


def _describe(
    session: Session, address: ParsedAddress, body: NewSubscriber, tags: list[str]
) -> Subscriber | None:
    """Put name, language and tags on the subscriber, if there is one, where they are given."""
    subscriber = session.scalars(
        select(Subscriber).where(Subscriber.email_key == address.key)
    ).one_or_none()
    if subscriber is None:
        return None
    new = set(tags) - set(tags_of(session, [subscriber.id]).get(subscriber.id, []))
    changed = ["tags"] if new else []
    for field in ("name", "language"):
        value = getattr(body, field)
        if value and value != getattr(subscriber, field):
            setattr(subscriber, field, value)
            changed.append(field)
    put_on(session, subscriber, tags)
    if changed:
        noted(session, "reader.change", f"reader {subscriber.id}", fields=sorted(changed))
    return subscriber
