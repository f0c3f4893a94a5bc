"""What may be told, and writing it down in the transaction of what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from service.doorbell import Bell, ring
from service.models import Issue, Newsletter, Subscription, Webhook, WebhookCall, WebhookCallState


class Happening(StrEnum):
    """What a webhook can be told of."""

    SUBSCRIBER_CONFIRMED = "subscriber.confirmed"
    SUBSCRIBER_UNSUBSCRIBED = "subscriber.unsubscribed"
    SUBSCRIBER_BOUNCED = "subscriber.bounced"
    SUBSCRIBER_COMPLAINED = "subscriber.complained"
    ISSUE_SENT = "issue.sent"
    ISSUE_HELD = "issue.held"
    ISSUE_STOPPED = "issue.stopped"
    IMPORT_DONE = "import.done"


EXPLAINED: dict[Happening, str] = {
    Happening.SUBSCRIBER_CONFIRMED: "A reader confirmed a subscription, was added, or came back.",
    Happening.SUBSCRIBER_UNSUBSCRIBED: "A reader left, or was taken off.",
    Happening.SUBSCRIBER_BOUNCED: "An address bounced for good; nothing more goes to it.",
    Happening.SUBSCRIBER_COMPLAINED: "A reader reported an issue as spam.",
    Happening.ISSUE_SENT: "Every message of an issue has been handed on or settled.",
    Happening.ISSUE_HELD: "An issue stopped on its way and waits for somebody.",
    Happening.ISSUE_STOPPED: "An issue was ended for good before all of it had gone out.",
    Happening.IMPORT_DONE: "An import of readers has ended.",
}

TEST = "test"
"""The event of a call that an owner sends by hand."""


def announce(session: Session, event: Happening, data: Mapping[str, Any], now: datetime) -> int:
    """Note that *event* happened for every webhook that wants it; how many do.

    The rows are part of the caller's transaction: what is rolled back is not told, and what is
    committed is. *data* is JSON, the same for every webhook.
    """
    return announce_all(session, event, [data], now)


def announce_all(
    session: Session, event: Happening, data: Sequence[Mapping[str, Any]], now: datetime
) -> int:
    """:func:`announce`, of several that happened together."""
    if not data:
        return 0
    found = session.execute(select(Webhook.id, Webhook.events).where(Webhook.active))
    wanted_by = [webhook_id for webhook_id, events in found if event.value in events]
    for webhook_id in wanted_by:
        put(session, webhook_id, event.value, data, now)
    return len(wanted_by)


def put(
    session: Session,
    webhook_id: int,
    event: str,
    data: Sequence[Mapping[str, Any]],
    now: datetime,
) -> None:
    """Queue calls to one webhook, and ring for whoever makes them."""
    session.execute(
        insert(cast("Table", WebhookCall.__table__)),
        [
            {
                "webhook_id": webhook_id,
                "event": event,
                "payload": {"type": event, "timestamp": now.isoformat(), "data": dict(one)},
                "state": WebhookCallState.WAITING,
                "attempt": 0,
                "due_at": now,
                "answer": "",
                "created_at": now,
                "changed_at": now,
            }
            for one in data
        ],
    )
    ring(session, Bell.WEBHOOK, webhook_id)


def of_subscription(subscription: Subscription, newsletter: Newsletter) -> dict[str, Any]:
    """What is told of a reader's standing with a newsletter."""
    return {
        "subscriber_id": subscription.subscriber_id,
        "subscription_id": subscription.id,
        "email": subscription.subscriber.email,
        "newsletter": newsletter.slug,
        "state": subscription.state.value,
    }


def of_issue(issue: Issue) -> dict[str, Any]:
    """What is told of an issue."""
    return {
        "issue_id": issue.id,
        "newsletter": issue.newsletter.slug,
        "number": issue.number,
        "kind": issue.kind.value,
        "subject": issue.subject,
        "state": issue.state.value,
        "audience": issue.audience_count,
        "reason": issue.reason,
    }
