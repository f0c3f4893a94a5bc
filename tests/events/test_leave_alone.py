"""Who is to be left alone after what SES said, for how long, and who lets mail go to them again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.audience.joining import Joined, Reader, add_all_confirmed
from service.audience.sign_up import sign_up
from service.audience.suppression import hash_of, is_suppressed, lift
from service.db import session_scope
from service.delivery.plan import plan_issue
from service.models import (
    ConsentEvent,
    Delivery,
    DeliveryState,
    Issue,
    Newsletter,
    Notice,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)
from tests.delivery.rows import an_approved_issue
from tests.events.samples import READER, event
from tests.events.test_apply import hear, suppressions

Planned = Callable[..., Issue]
S, BOUNCE, COMPLAINT = DeliveryState, SuppressionReason.BOUNCE, SuppressionReason.COMPLAINT
HASHED = parse_address(READER)


@pytest.fixture
def deliveries(database: Engine, planned_issue: Planned) -> list[int]:
    """Ids of some that were sent, the first to ``READER``."""
    planned_issue(count=4)
    with Session(database) as session, session.begin():
        session.execute(update(Delivery).values(state=S.ACCEPTED, attempt=1))
        return list(session.scalars(select(Delivery.id).order_by(Delivery.subscriber_id)))


def told(kind: str, row_id: int, **detail: Any) -> str:
    return event(kind, {"delivery": row_id}, message_id=f"m{row_id}", **detail)


def next_issue(now: datetime) -> int:
    """How many readers another issue goes to."""
    with session_scope() as session:
        issue = an_approved_issue(session, session.scalars(select(Newsletter)).one(), now)
    with session_scope() as session:
        plan_issue(session, issue.id, now, batch_size=500)
        return session.get_one(Issue, issue.id).audience_count or 0


@pytest.mark.parametrize(
    ("kind", "detail", "reason"),
    [
        (
            "Bounce",
            {"bounceSubType": "OnAccountSuppressionList"},
            "Permanent/OnAccountSuppressionList: smtp; 550 5.1.1 user unknown",
        ),
        (
            "Complaint",
            {"complaintSubType": "OnAccountSuppressionList", "complaintFeedbackType": None},
            "Complaint/OnAccountSuppressionList",
        ),
    ],
)
def test_it_takes_an_address_on_ses_own_list_for_a_bounce(
    database: Engine,
    deliveries: list[int],
    now: datetime,
    kind: str,
    detail: dict[str, Any],
    reason: str,
) -> None:
    """SES took the call and sent nothing; the reader did nothing today."""
    hear(now, told(kind, deliveries[0], **detail))
    with Session(database) as session:
        row = session.get_one(Delivery, deliveries[0])
        assert (row.state, row.reason) == (S.BOUNCED, reason)
        assert set(session.scalars(select(Subscription.state))) == {SubscriptionState.ACTIVE}
    assert list(suppressions(database).values()) == [BOUNCE]


def test_it_leaves_many_alone_at_once_each_for_their_own_reason(
    database: Engine, deliveries: list[int], now: datetime
) -> None:
    first, second, third, fourth = deliveries
    whose = {row: f"reader{number}@example.org" for number, row in enumerate(deliveries, start=1)}
    said = [
        ("Bounce", first),
        ("Bounce", second),
        ("Complaint", second),
        ("Complaint", third),
        ("Bounce", third),
        ("Delivery", fourth),
    ]
    hear(now, *(told(kind, row, recipient=whose[row]) for kind, row in said))
    with Session(database) as session:
        states = select(Delivery.state).order_by(Delivery.subscriber_id)
        assert session.scalars(states).all() == [
            S.BOUNCED,
            S.COMPLAINED,
            S.COMPLAINED,
            S.DELIVERED,
        ]
        standing = select(Subscription.state).order_by(Subscription.subscriber_id)
        active, left = SubscriptionState.ACTIVE, SubscriptionState.UNSUBSCRIBED
        assert session.scalars(standing).all() == [active, left, left, active]
        reasons = select(Suppression.reason, Subscriber.id).join(
            Subscriber, Subscriber.email_hash == Suppression.email_hash
        )
        found = session.execute(reasons.order_by(Subscriber.id)).all()
        assert [reason for reason, _ in found] == [BOUNCE, COMPLAINT, COMPLAINT]
        lines = session.scalars(select(ConsentEvent.detail)).all()
        assert sum(line.get("how") == "complaint" for line in lines) == 2
    assert next_issue(now + timedelta(days=1)) == 1


def test_it_leaves_an_address_alone_beyond_the_deletion_of_its_data(
    database: Engine, deliveries: list[int], now: datetime
) -> None:
    hear(now, told("Bounce", deliveries[0]))
    with session_scope() as session:
        gone = session.scalars(select(Subscriber).where(Subscriber.email == READER)).one()
        session.delete(gone)
    with session_scope() as session:
        newsletter = session.scalars(select(Newsletter)).one()
        sign_up(session, newsletter, READER.upper(), now=now)
        notice = session.scalars(select(Notice)).one()
        assert (notice.state, notice.reason) == (S.SKIPPED, "suppressed")
        joined = add_all_confirmed(session, newsletter, [Reader(HASHED)], now)
        assert joined == [Joined.SUPPRESSED]


def test_it_sends_the_next_issue_to_whom_an_operator_let_go(
    database: Engine, deliveries: list[int], now: datetime
) -> None:
    hear(now, told("Bounce", deliveries[0]))
    assert next_issue(now + timedelta(days=1)) == 3
    with session_scope() as session:
        assert lift(session, hash_of(HASHED), "The mailbox was moved", now)
    assert next_issue(now + timedelta(days=2)) == 4
    hear(now + timedelta(days=2), told("Bounce", deliveries[0]))
    with Session(database) as session:
        assert not is_suppressed(session, hash_of(HASHED)), "the same event, told again"


@pytest.mark.parametrize("feedback", ["not-spam", "auth-failure"])
def test_it_takes_no_report_for_a_complaint_that_is_none(
    database: Engine, deliveries: list[int], now: datetime, feedback: str
) -> None:
    hear(now, told("Complaint", deliveries[0], complaintFeedbackType=feedback))
    assert suppressions(database) == {}
    with Session(database) as session:
        assert session.get_one(Delivery, deliveries[0]).state is S.ACCEPTED
        assert set(session.scalars(select(Subscription.state))) == {SubscriptionState.ACTIVE}
