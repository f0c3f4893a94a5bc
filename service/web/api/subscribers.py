"""Subscribers: found, added, changed, tagged, deleted."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, IPvAnyAddress
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from service.audience.addresses import Address as ParsedAddress
from service.audience.addresses import BadAddress, parse_address
from service.audience.choices import BadChoice
from service.audience.consent import NOBODY, Visitor
from service.audience.erasure import erase
from service.audience.joining import Joined, Reader, add_confirmed
from service.audience.preferences import Preferences
from service.audience.subscribe import sign_up
from service.audience.tags import BadTag, clean_tag, tag, tags_of, untag
from service.models import Newsletter, Subscriber, SubscriberTag, Subscription
from service.staff.tokens import Scope
from service.web.api import SUBSCRIBERS, api
from service.web.api.callers import caller
from service.web.api.replies import Reply, require_unchanged
from service.web.api.shapes import (
    Address,
    Id,
    Moment,
    Paged,
    Shape,
    Slug,
    Text,
    cursor_of,
    newsletter_named,
    noted,
)
from service.web.api.standing import (
    ChoicesAsked,
    Name,
    SubscriberShown,
    refused,
    subscriber_shown,
    subscribers_shown,
)
from service.web.asking import now
from service.web.problems import CHANGED_MEANWHILE, NOT_FOUND, NOT_POSSIBLE, Problem, bad_field
from service.webhooks.announce import Happening, announce, of_subscription

ONE = "/subscribers/<subscriber_id>"
Language = Annotated[
    str, Field(max_length=16, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", examples=["de"])
]
Tags = Annotated[list[Annotated[Text, Field(min_length=1, max_length=64)]], Field(max_length=50)]

REFUSED = {
    Joined.LEFT: "This reader unsubscribed. Only they can come back: leave out `consent`, and "
    "they are asked to confirm.",
    Joined.SUPPRESSED: "Nothing is sent to this address: its mail bounced, it was reported, or "
    "somebody suppressed it.",
}


class SubscribersAsked(Paged):
    """Which subscribers; what is given must all hold."""

    tag: Text | None = Field(default=None, max_length=64)
    email: Address | None = Field(default=None, description="The whole address.")


class SubscriberList(Shape):
    """A page of subscribers, the latest first."""

    items: list[SubscriberShown]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


class SubscriberPath(Shape):
    subscriber_id: Id


class TagPath(SubscriberPath):
    tag: str


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


class SubscriberChange(Shape):
    """What to change; what is left out stays as it is."""

    name: Name = ""
    language: Language | None = None
    tags: Tags = Field(default=[], description="All of them: others are taken off.")


@api.at(
    "GET",
    "/subscribers",
    tag=SUBSCRIBERS,
    needs=Scope.SUBSCRIBERS_READ,
    answers={200: SubscriberList},
)
def list_subscribers(session: Session, query: SubscribersAsked) -> Reply:
    """List subscribers, the latest first

    By newsletter and state, list their subscriptions.
    """
    ids = list(session.scalars(_matching(query).limit(query.limit + 1)))
    page = ids[: query.limit]
    return Reply(
        SubscriberList(
            items=subscribers_shown(session, page),
            next=cursor_of(page[-1]) if len(ids) > query.limit else None,
        )
    )


@api.at(
    "POST",
    "/subscribers",
    tag=SUBSCRIBERS,
    needs=Scope.SUBSCRIBERS_WRITE,
    answers={200: Enrolled, 201: Enrolled, 202: Enrolled},
    fails=[NOT_POSSIBLE],
)
def create_subscriber(session: Session, body: NewSubscriber) -> Reply:
    """Sign somebody up

    Without `consent` the reader gets a mail and must confirm (double opt-in); the answer is the
    same for a known address. With `consent` they are confirmed at once, and what you say of it is
    written into their consent ledger. Who unsubscribed cannot be brought back that way.
    """
    newsletter = newsletter_named(session, body.newsletter)
    address = _address(body.email)
    tags = _clean(body.tags)
    if body.consent is not None:
        return _add(session, newsletter, address, body, tags)
    if body.choices is not None:
        raise bad_field("choices", "Give `consent` as well, or let the reader choose.")
    visitor = NOBODY if body.visitor is None else body.visitor.as_said()
    sign_up(session, newsletter, address.email, now=now(), visitor=visitor)
    _describe(session, address, body, tags)
    return Reply(Enrolled(outcome="asked", subscriber=None), 202)


@api.at(
    "GET",
    ONE,
    tag=SUBSCRIBERS,
    needs=Scope.SUBSCRIBERS_READ,
    answers={200: SubscriberShown},
)
def get_subscriber(session: Session, path: SubscriberPath) -> Reply:
    """Get one subscriber"""
    return Reply(subscriber_shown(session, path.subscriber_id), tagged=True)


@api.at(
    "PATCH",
    ONE,
    tag=SUBSCRIBERS,
    needs=Scope.SUBSCRIBERS_WRITE,
    answers={200: SubscriberShown},
    fails=[CHANGED_MEANWHILE],
)
def change_subscriber(session: Session, path: SubscriberPath, body: SubscriberChange) -> Reply:
    """Change name, language or tags

    The address cannot be changed here: its owner does that on the preference page, and confirms.
    """
    subscriber = _locked(session, path.subscriber_id)
    require_unchanged(subscriber_shown(session, subscriber.id))
    given = body.model_fields_set
    if "name" in given:
        subscriber.name = body.name
    if "language" in given:
        subscriber.language = body.language
    if "tags" in given:
        _set_tags(session, subscriber, _clean(body.tags))
    noted(session, "reader.change", f"subscriber {subscriber.id}", fields=sorted(given))
    return Reply(subscriber_shown(session, subscriber.id), tagged=True)


@api.at(
    "DELETE",
    ONE,
    tag=SUBSCRIBERS,
    needs=Scope.SUBSCRIBERS_WRITE,
    answers={204: None},
)
def delete_subscriber(session: Session, path: SubscriberPath) -> Reply:
    """Delete a subscriber's data

    As at their own wish: the address, their choices and what was sent to them are gone. What
    stays names nobody: the consent ledger and a suppression, by a keyed hash.
    """
    subscriber = _locked(session, path.subscriber_id)
    noted(session, "reader.erase", f"subscriber {subscriber.id}")
    erase(session, subscriber, now())
    return Reply(None)


@api.at(
    "PUT",
    f"{ONE}/tags/<tag>",
    tag=SUBSCRIBERS,
    needs=Scope.SUBSCRIBERS_WRITE,
    answers={200: SubscriberShown},
    fails=[NOT_POSSIBLE],
)
def tag_subscriber(session: Session, path: TagPath) -> Reply:
    """Put a tag on a subscriber"""
    subscriber = _locked(session, path.subscriber_id)
    try:
        tag(session, subscriber.id, [clean_tag(path.tag)])
    except BadTag as error:
        raise Problem(NOT_POSSIBLE, f"tag: {error}") from error
    noted(session, "reader.tag", f"subscriber {subscriber.id}", tag=path.tag)
    return Reply(subscriber_shown(session, subscriber.id), tagged=True)


@api.at(
    "DELETE",
    f"{ONE}/tags/<tag>",
    tag=SUBSCRIBERS,
    needs=Scope.SUBSCRIBERS_WRITE,
    answers={200: SubscriberShown},
)
def untag_subscriber(session: Session, path: TagPath) -> Reply:
    """Take a tag off a subscriber"""
    subscriber = _locked(session, path.subscriber_id)
    if not untag(session, subscriber.id, path.tag):
        raise Problem(NOT_FOUND, f"This subscriber has no tag “{path.tag}”.")
    noted(session, "reader.untag", f"subscriber {subscriber.id}", tag=path.tag)
    return Reply(subscriber_shown(session, subscriber.id), tagged=True)


def _matching(asked: SubscribersAsked) -> Select[int]:
    """Ids of the subscribers that were asked for, the latest first."""
    query = select(Subscriber.id).order_by(Subscriber.id.desc())
    if asked.after is not None:
        query = query.where(Subscriber.id < asked.after)
    if asked.email is not None:
        query = query.where(Subscriber.email_key == _address(asked.email).key)
    if asked.tag is not None:
        query = query.join(SubscriberTag, SubscriberTag.subscriber_id == Subscriber.id).where(
            SubscriberTag.tag == asked.tag
        )
    return query


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
    except BadChoice as error:
        raise refused(error, "choices") from error
    if outcome in REFUSED:
        raise Problem(NOT_POSSIBLE, REFUSED[outcome])
    subscriber = _describe(session, address, body, tags)
    assert subscriber is not None
    if outcome is Joined.ADDED:
        subscription = session.scalars(
            select(Subscription).where(
                Subscription.subscriber_id == subscriber.id,
                Subscription.newsletter_id == newsletter.id,
            )
        ).one()
        data = of_subscription(subscription, newsletter)
        announce(session, Happening.SUBSCRIBER_CONFIRMED, data, at)
        noted(session, "reader.add", f"subscriber {subscriber.id}", newsletter=newsletter.slug)
    return Reply(
        Enrolled(outcome=outcome.value, subscriber=subscriber_shown(session, subscriber.id)),
        status=201 if outcome is Joined.ADDED else 200,
        location=f"/api/v1/subscribers/{subscriber.id}",
    )


def _describe(
    session: Session, address: ParsedAddress, body: NewSubscriber, tags: list[str]
) -> Subscriber | None:
    """Put name, language and tags on the subscriber, if there is one, where they are given."""
    subscriber = session.scalars(
        select(Subscriber).where(Subscriber.email_key == address.key)
    ).one_or_none()
    if subscriber is None:
        return None
    if body.name:
        subscriber.name = body.name
    if body.language:
        subscriber.language = body.language
    _put_on(session, subscriber, tags)
    return subscriber


def _set_tags(session: Session, subscriber: Subscriber, tags: list[str]) -> None:
    for gone in set(tags_of(session, [subscriber.id]).get(subscriber.id, [])) - set(tags):
        untag(session, subscriber.id, gone)
    _put_on(session, subscriber, tags)


def _put_on(session: Session, subscriber: Subscriber, tags: list[str]) -> None:
    has = set(tags_of(session, [subscriber.id]).get(subscriber.id, []))
    try:
        tag(session, subscriber.id, [one for one in tags if one not in has])
    except BadTag as error:
        raise bad_field("tags", error) from error


def _clean(tags: list[str]) -> list[str]:
    clean = []
    for place, text in enumerate(tags):
        try:
            clean.append(clean_tag(text))
        except BadTag as error:
            raise bad_field(f"tags.{place}", error) from error
    return sorted(set(clean))


def _address(text: str) -> ParsedAddress:
    try:
        return parse_address(text)
    except BadAddress as error:
        raise bad_field("email", error) from error


def _locked(session: Session, subscriber_id: int) -> Subscriber:
    found = session.get(Subscriber, subscriber_id, with_for_update=True)
    if found is None:
        raise Problem(NOT_FOUND, f"There is no subscriber {subscriber_id}.")
    return found
