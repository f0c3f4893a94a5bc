"""Each thing that webhooks can be told of is told when it happens, and once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from service.audience import sign_up, subscribe
from service.audience.addresses import parse_address
from service.audience.erasure import erase
from service.audience.joining import Reader, add_all_confirmed, add_confirmed
from service.db import session_scope
from service.delivery.finish import finish_issues, halt_issue, halt_unsent
from service.doorbell import Bell
from service.issues.approve import hold, stop
from service.models import (
    BatchState,
    Delivery,
    DeliveryBatch,
    DeliveryState,
    Issue,
    Newsletter,
    Subscriber,
    Subscription,
    Webhook,
    WebhookCall,
)
from tests.delivery.conftest import planned_issue
from tests.delivery.rows import a_newsletter, an_approved_issue
from tests.events.samples import event
from tests.events.test_apply import hear
from workers.tend import due_rings

Planned = Callable[..., Issue]

__all__ = ["planned_issue"]


def told() -> list[tuple[str, dict[str, Any]]]:
    with session_scope() as session:
        found = session.scalars(select(WebhookCall).order_by(WebhookCall.id))
        return [(call.event, call.payload["data"]) for call in found]


@pytest.fixture
def subscription_id(database: Engine, webhook: Webhook, now: datetime) -> int:
    """ann asked for a newsletter, and has not confirmed."""
    with session_scope() as session:
        newsletter = a_newsletter(session, now)
        sign_up.sign_up(session, newsletter, "ann@example.org", now=now)
        return session.scalars(select(Subscription.id)).one()


def test_it_tells_who_confirmed_left_and_came_back(subscription_id: int, now: datetime) -> None:
    later = now + timedelta(hours=1)
    for _ in range(2):
        with session_scope() as session:
            subscribe.confirm(session, subscription_id, now, now)
    with session_scope() as session:
        subscribe.unsubscribe(session, subscription_id, later, how="one_click")
    with session_scope() as session:
        subscribe.undo_unsubscribe(session, subscription_id, later, later)
    assert [(name, data["state"], data.get("how")) for name, data in told()] == [
        ("subscriber.confirmed", "active", None),
        ("subscriber.unsubscribed", "unsubscribed", "one_click"),
        ("subscriber.confirmed", "active", None),
    ]


def test_it_tells_of_a_reader_who_was_added_and_not_of_many(
    webhook: Webhook, database: Engine, now: datetime
) -> None:
    with session_scope() as session:
        newsletter = a_newsletter(session, now)
        add_confirmed(session, newsletter, Reader(parse_address("ann@example.org")), now)
        others = [Reader(parse_address(f"{name}@example.org")) for name in ("ben", "cem")]
        add_all_confirmed(session, newsletter, others, now)
    assert [(name, data["email"]) for name, data in told()] == [
        ("subscriber.confirmed", "ann@example.org")
    ]


def test_it_keeps_no_address_of_a_reader_who_deleted_their_data(
    subscription_id: int, now: datetime
) -> None:
    with session_scope() as session:
        subscribe.confirm(session, subscription_id, now, now)
    with session_scope() as session:
        erase(session, session.scalars(select(Subscriber)).one(), now)
    assert [(name, data["email"], data.get("how")) for name, data in told()] == [
        ("subscriber.confirmed", "(deleted)", None),
        ("subscriber.unsubscribed", "(deleted)", "deleted"),
    ]


def test_it_tells_of_a_bounce_once(webhook: Webhook, planned_issue: Planned, now: datetime) -> None:
    planned_issue(count=1)
    with session_scope() as session:
        delivery = session.scalars(select(Delivery)).one()
        delivery.state, delivery.attempt = DeliveryState.ACCEPTED, 1
        row_id = delivery.id
    for number in range(2):
        hear(now, event("Bounce", {"delivery": row_id}, message_id=f"m{number}"))
    ((name, data),) = told()
    assert name == "subscriber.bounced"
    assert "user unknown" in data["reason"]
    assert data["issue_id"]
    assert "@" in data["email"]


def test_it_tells_of_a_complaint_and_of_the_leaving_that_it_is(
    webhook: Webhook, planned_issue: Planned, now: datetime
) -> None:
    planned_issue(count=1)
    with session_scope() as session:
        delivery = session.scalars(select(Delivery)).one()
        delivery.state, delivery.attempt = DeliveryState.DELIVERED, 1
        row_id = delivery.id
    hear(now, event("Complaint", {"delivery": row_id}, message_id="m1"))
    assert sorted((name, data.get("how")) for name, data in told()) == [
        ("subscriber.complained", None),
        ("subscriber.unsubscribed", "complaint"),
    ]


def test_it_tells_that_an_issue_is_sent_once(
    database: Engine, webhook: Webhook, planned_issue: Planned, now: datetime
) -> None:
    issue = planned_issue(count=2)
    with Session(database) as session, session.begin():
        session.execute(update(DeliveryBatch).values(state=BatchState.DONE))
        session.execute(update(Delivery).values(state=DeliveryState.DELIVERED))
    for _ in range(2):
        with session_scope() as session:
            finish_issues(session, now)
    ((name, data),) = told()
    assert name == "issue.sent"
    assert (data["issue_id"], data["state"], data["audience"]) == (issue.id, "sent", 2)


def test_it_tells_why_an_issue_is_held_or_stopped(
    webhook: Webhook, planned_issue: Planned, now: datetime
) -> None:
    issue = planned_issue(count=1)
    for _ in range(2):
        with session_scope() as session:
            halt_issue(session, issue.id, "SES refuses the account.")
    with session_scope() as session:
        newsletter = session.scalars(select(Newsletter)).one()
        unsent, paused = (an_approved_issue(session, newsletter, now) for _ in range(2))
    with session_scope() as session:
        halt_unsent(session, unsent.id, "It could not be rendered.")
        hold(session, session.get_one(Issue, paused.id), "Paused by ann.")
        stop(session, session.get_one(Issue, paused.id), "Stopped by ann.", now)
    assert [(name, data["reason"]) for name, data in told()] == [
        ("issue.held", "SES refuses the account."),
        ("issue.held", "It could not be rendered."),
        ("issue.held", "Paused by ann."),
        ("issue.stopped", "Stopped by ann."),
    ]


def test_it_rings_for_calls_that_are_due(
    redis: Redis, subscription_id: int, webhook: Webhook, now: datetime
) -> None:
    with session_scope() as session:
        assert (Bell.WEBHOOK, webhook.id) not in list(due_rings(session, now))
        subscribe.confirm(session, subscription_id, now, now)
    assert redis.llen("webhook") == 1, "nobody rang at the commit"
    with session_scope() as session:
        assert (Bell.WEBHOOK, webhook.id) in list(due_rings(session, now))
