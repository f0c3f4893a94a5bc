"""Subscribers: found, changed, tagged, deleted."""

from __future__ import annotations

from pydantic import Field
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from service.audience.erasure import erase
from service.audience.tags import BadTag, clean_tag, tag, tags_of, untag
from service.models import Subscriber, SubscriberTag
from service.staff.tokens import Scope
from service.web.api.blueprint import SUBSCRIBERS, api
from service.web.api.given import Language, Name, Tags, clean, parsed, put_on, tag_of
from service.web.api.replies import Reply, require_unchanged
from service.web.api.shapes import (
    Address,
    Id,
    Paged,
    Shape,
    Text,
    cursor_of,
    noted,
)
from service.web.api.standing import (
    SubscriberShown,
    subscriber_shown,
    subscribers_shown,
)
from service.web.asking import now
from service.web.problems import CHANGED_MEANWHILE, NOT_FOUND, NOT_POSSIBLE, Problem

ONE = "/subscribers/<subscriber_id>"


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
    tag: Text


class SubscriberChange(Shape):
    """What to change; what is left out stays as it is."""

    name: Name = ""
    language: Language | None = None
    tags: Tags = Field(default=[], description="All of them: others are taken off.")


@api.at(
    "GET /subscribers",
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
    f"GET {ONE}",
    tag=SUBSCRIBERS,
    needs=Scope.SUBSCRIBERS_READ,
    answers={200: SubscriberShown},
)
def get_subscriber(session: Session, path: SubscriberPath) -> Reply:
    """Get one subscriber"""
    return Reply(subscriber_shown(session, path.subscriber_id), tagged=True)


@api.at(
    f"PATCH {ONE}",
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
        _set_tags(session, subscriber, clean(body.tags))
    if given:
        noted(session, "reader.change", f"reader {subscriber.id}", fields=sorted(given))
    return Reply(subscriber_shown(session, subscriber.id), tagged=True)


@api.at(
    f"DELETE {ONE}",
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
    noted(session, "reader.erase", f"reader {subscriber.id}")
    erase(session, subscriber, now())
    return Reply(None)


@api.at(
    f"PUT {ONE}/tags/<tag>",
    tag=SUBSCRIBERS,
    needs=Scope.SUBSCRIBERS_WRITE,
    answers={200: SubscriberShown},
    fails=[NOT_POSSIBLE],
)
def tag_subscriber(session: Session, path: TagPath) -> Reply:
    """Put a tag on a subscriber"""
    subscriber = _locked(session, path.subscriber_id)
    try:
        wanted = clean_tag(path.tag)
        new = tag(session, subscriber.id, [wanted])
    except BadTag as error:
        raise Problem(NOT_POSSIBLE, f"tag: {error}") from error
    if new:
        noted(session, "reader.tag", f"reader {subscriber.id}", tags=[wanted])
    return Reply(subscriber_shown(session, subscriber.id), tagged=True)


@api.at(
    f"DELETE {ONE}/tags/<tag>",
    tag=SUBSCRIBERS,
    needs=Scope.SUBSCRIBERS_WRITE,
    answers={200: SubscriberShown},
)
def untag_subscriber(session: Session, path: TagPath) -> Reply:
    """Take a tag off a subscriber"""
    subscriber = _locked(session, path.subscriber_id)
    off = " ".join(path.tag.split()).lower()
    if not untag(session, subscriber.id, off):
        raise Problem(NOT_FOUND, f"This subscriber has no tag “{off}”.")
    noted(session, "reader.untag", f"reader {subscriber.id}", tags=[off])
    return Reply(subscriber_shown(session, subscriber.id), tagged=True)


def _matching(asked: SubscribersAsked) -> Select[int]:
    """Ids of the subscribers that were asked for, the latest first."""
    query = select(Subscriber.id).order_by(Subscriber.id.desc())
    if asked.after is not None:
        query = query.where(Subscriber.id < asked.after)
    if asked.email is not None:
        query = query.where(Subscriber.email_key == parsed(asked.email).key)
    if asked.tag is not None:
        query = query.join(SubscriberTag, SubscriberTag.subscriber_id == Subscriber.id).where(
            SubscriberTag.tag == tag_of(asked.tag)
        )
    return query


def _set_tags(session: Session, subscriber: Subscriber, tags: list[str]) -> None:
    for gone in set(tags_of(session, [subscriber.id]).get(subscriber.id, [])) - set(tags):
        untag(session, subscriber.id, gone)
    put_on(session, subscriber, tags)


def _locked(session: Session, subscriber_id: int) -> Subscriber:
    found = session.get(Subscriber, subscriber_id, with_for_update=True)
    if found is None:
        raise Problem(NOT_FOUND, f"There is no subscriber {subscriber_id}.")
    return found
