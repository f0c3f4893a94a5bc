"""Subscriptions: what a reader wants of a newsletter, and the end of it."""

from __future__ import annotations

from pydantic import Field
from sqlalchemy.orm import Session

from service.audience.choices import BadChoice
from service.audience.preferences import change_preferences, preferences_of
from service.audience.search import Asked, Place, find
from service.audience.subscribe import keep_reason, subscription_with_reader, unsubscribe
from service.models import Subscription, SubscriptionState
from service.staff.tokens import Scope
from service.web.api.blueprint import SUBSCRIPTIONS, api
from service.web.api.callers import caller
from service.web.api.given import tag_of
from service.web.api.replies import Reply, require_unchanged
from service.web.api.shapes import (
    Id,
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
    SubscriptionShown,
    refused,
    subscription_shown,
)
from service.web.asking import now
from service.web.problems import CHANGED_MEANWHILE, NOT_FOUND, Problem

ONE = "/subscriptions/<subscription_id>"


class SubscriptionPath(Shape):
    subscription_id: Id


class Leaving(Shape):
    """Why a reader is taken off."""

    reason: Text = Field(default="", max_length=500)


class SubscriptionsAsked(Paged):
    """Which subscriptions; what is given must all hold."""

    newsletter: Slug | None = None
    state: SubscriptionState | None = None
    tag: Text | None = Field(default=None, max_length=64, description="Of the subscriber.")


class SubscriptionList(Shape):
    """A page of subscriptions, the latest first."""

    items: list[SubscriptionShown]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


@api.at(
    "GET /subscriptions",
    tag=SUBSCRIPTIONS,
    needs=Scope.SUBSCRIBERS_READ,
    answers={200: SubscriptionList},
)
def list_subscriptions(session: Session, query: SubscriptionsAsked) -> Reply:
    """List subscriptions, the latest first"""
    newsletter = query.newsletter and newsletter_named(session, query.newsletter)
    asked = Asked(
        newsletter_id=newsletter.id if newsletter else None,
        state=query.state,
        tag="" if query.tag is None else tag_of(query.tag),
        newest_first=True,
    )
    after = None if query.after is None else Place(query.after)
    found = find(session, asked, now(), after=after, limit=query.limit + 1)
    items = [subscription_shown(one.subscription) for one in found[: query.limit]]
    more = len(found) > query.limit
    return Reply(SubscriptionList(items=items, next=cursor_of(items[-1].id) if more else None))


@api.at(
    f"GET {ONE}",
    tag=SUBSCRIPTIONS,
    needs=Scope.SUBSCRIBERS_READ,
    answers={200: SubscriptionShown},
)
def get_subscription(session: Session, path: SubscriptionPath) -> Reply:
    """Get one subscription"""
    return Reply(subscription_shown(_found(session, path.subscription_id)), tagged=True)


@api.at(
    f"PATCH {ONE}",
    tag=SUBSCRIPTIONS,
    needs=Scope.SUBSCRIBERS_WRITE,
    answers={200: SubscriptionShown},
    fails=[CHANGED_MEANWHILE],
)
def change_subscription(session: Session, path: SubscriptionPath, body: ChoicesAsked) -> Reply:
    """Change what a reader chose

    What is left out stays. Each change is a line of the reader's consent ledger.
    """
    subscription = _found(session, path.subscription_id)
    session.refresh(subscription, with_for_update={"of": Subscription})
    require_unchanged(subscription_shown(subscription))
    try:
        asked = body.on_top_of(preferences_of(subscription))
        by = f"the API token {caller().words}"
        if change_preferences(session, subscription, asked, now(), by):
            fields = sorted(body.model_fields_set)
            noted(
                session,
                "reader.choose",
                f"reader {subscription.subscriber_id}",
                newsletter=subscription.newsletter.slug,
                fields=fields,
            )
    except BadChoice as error:
        raise refused(error, "choices") from error
    return Reply(subscription_shown(subscription), tagged=True)


@api.at(
    f"POST {ONE}/unsubscribe",
    tag=SUBSCRIPTIONS,
    needs=Scope.SUBSCRIBERS_WRITE,
    answers={200: SubscriptionShown},
)
def end_subscription(session: Session, path: SubscriptionPath, body: Leaving) -> Reply:
    """Unsubscribe a reader

    Twice is the same as once. Only the reader can come back.
    """
    subscription = _found(session, path.subscription_id)
    new = subscription.state is not SubscriptionState.UNSUBSCRIBED
    unsubscribe(session, subscription.id, now(), how="admin")
    if body.reason:
        keep_reason(subscription, body.reason)
    if new:
        noted(
            session,
            "reader.unsubscribe",
            f"reader {subscription.subscriber_id}",
            newsletter=subscription.newsletter.slug,
            why=body.reason,
        )
    return Reply(subscription_shown(_found(session, subscription.id)), tagged=True)


def _found(session: Session, subscription_id: int) -> Subscription:
    found = subscription_with_reader(session, subscription_id)
    if found is None:
        raise Problem(NOT_FOUND, f"There is no subscription {subscription_id}.")
    return found
