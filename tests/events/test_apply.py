"""What SES says moves our rows: by rank, whatever the order, however often, however early."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.audience.suppression import hash_of
from service.config import settings
from service.db import session_scope
from service.delivery.finish import counts
from service.delivery.record import Sent, settle
from service.delivery.transports import Outcome, Verdict
from service.events.apply import EARLY, apply_events, apply_waiting
from service.events.store import store_events
from service.models import (
    Delivery,
    DeliveryState,
    Event,
    Issue,
    Notice,
    NoticeKind,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)
from tests.events.samples import MESSAGE_ID, READER, event, transient

Planned = Callable[..., Issue]


@pytest.fixture
def delivery(database: Engine, planned_issue: Planned) -> Delivery:
    """One that is being sent: SES has it, and our record of that is not written yet."""
    planned_issue(count=1)
    with Session(database, expire_on_commit=False) as session, session.begin():
        row = session.scalars(select(Delivery)).one()
        row.state, row.attempt = DeliveryState.SENDING, 1
    return row


def hear(now: datetime, *texts: str) -> None:
    with session_scope() as session:
        store_events(session, texts, now)
    apply_waiting(now)


def again(database: Engine, row: Delivery) -> Delivery:
    with Session(database, expire_on_commit=False) as session:
        return session.get_one(Delivery, row.id)


def outcomes(database: Engine) -> dict[str, str | None]:
    with Session(database) as session:
        rows = session.scalars(select(Event)).all()
        return {f"{row.kind} {row.outcome.value}": row.note for row in rows}


def suppressions(database: Engine) -> dict[str, SuppressionReason]:
    with Session(database) as session:
        return {row.email_hash: row.reason for row in session.scalars(select(Suppression))}


@pytest.mark.parametrize("seed", range(4))
def test_it_ends_the_same_in_any_order_and_however_often(
    database: Engine, planned_issue: Planned, now: datetime, seed: int
) -> None:
    stories = {
        DeliveryState.DELIVERED: ["Send", "DeliveryDelay", "Delivery", "Open", "Click"],
        DeliveryState.BOUNCED: ["Send", "Delivery", "Bounce"],
        DeliveryState.COMPLAINED: ["Send", "Delivery", "Complaint", "Bounce"],
        DeliveryState.REJECTED: ["Send", "Rendering Failure"],
        DeliveryState.ACCEPTED: ["Send"],
    }
    issue = planned_issue(count=len(stories))
    with Session(database) as session, session.begin():
        ids = list(session.scalars(select(Delivery.id).order_by(Delivery.id)))
        session.execute(update(Delivery).values(state=DeliveryState.SENDING, attempt=1))
    told = [
        event(kind, {"delivery": row_id}, message_id=f"m{row_id}", recipient=f"r{row_id}@x.org")
        for row_id, kinds in zip(ids, stories.values(), strict=True)
        for kind in kinds
    ]
    order = told * 2
    random.Random(seed).shuffle(order)
    for text in order:
        hear(now, text)

    with Session(database) as session:
        rows = session.scalars(select(Delivery).order_by(Delivery.id)).all()
        assert [row.state for row in rows] == list(stories)
        assert [row.message_id for row in rows] == [f"m{row_id}" for row_id in ids]
        tally = counts(session, issue.id)
        assert sum(tally.values()) == len(stories)
        assert len(session.scalars(select(Event)).all()) == len(told)


def test_it_settles_a_row_before_our_own_record(
    database: Engine, delivery: Delivery, now: datetime
) -> None:
    hear(now, event("Delivery", {"delivery": delivery.id, "attempt": 1}))
    row = again(database, delivery)
    assert (row.state, row.message_id) == (DeliveryState.DELIVERED, MESSAGE_ID)

    with session_scope() as session:  # and now the answer of the call arrives
        settle(session, [Sent(row.id, 1)], [Outcome(Verdict.ACCEPTED, MESSAGE_ID)], now)
    assert again(database, delivery).state is DeliveryState.DELIVERED


@pytest.mark.parametrize("state", [DeliveryState.UNKNOWN, DeliveryState.QUEUED])
def test_it_settles_a_row_that_nobody_could_speak_for(
    database: Engine, delivery: Delivery, now: datetime, state: DeliveryState
) -> None:
    with Session(database) as session, session.begin():
        session.execute(update(Delivery).values(state=state, reason="No answer."))
    hear(now, event("Send", {"delivery": delivery.id, "attempt": 1}))
    row = again(database, delivery)
    assert (row.state, row.message_id, row.reason) == (DeliveryState.ACCEPTED, MESSAGE_ID, None)


def test_it_suppresses_the_address_of_a_hard_bounce(
    database: Engine, delivery: Delivery, now: datetime
) -> None:
    hear(now, event("Bounce", {"delivery": delivery.id}))
    row = again(database, delivery)
    assert row.state is DeliveryState.BOUNCED
    assert row.reason == "Permanent/General: smtp; 550 5.1.1 user unknown"
    assert list(suppressions(database).values()) == [SuppressionReason.BOUNCE]
    with Session(database) as session:
        assert session.scalars(select(Subscription)).one().state is SubscriptionState.ACTIVE


def test_it_suppresses_and_unsubscribes_who_complains(
    database: Engine, delivery: Delivery, now: datetime
) -> None:
    told = event("Complaint", {"delivery": delivery.id})
    hear(now, told)
    hear(now + timedelta(hours=1), told)
    assert again(database, delivery).state is DeliveryState.COMPLAINED
    assert list(suppressions(database).values()) == [SuppressionReason.COMPLAINT]
    with Session(database) as session:
        left = session.scalars(select(Subscription)).one()
        assert (left.state, left.unsubscribed_at) == (SubscriptionState.UNSUBSCRIBED, now)


@pytest.mark.parametrize(
    ("kind", "detail", "state"),
    [
        ("Bounce", transient(), DeliveryState.SOFT_BOUNCED),
        ("Bounce", transient("General"), DeliveryState.SOFT_BOUNCED),
        ("Complaint", {"complaintFeedbackType": "not-spam"}, DeliveryState.SENDING),
        ("DeliveryDelay", {}, DeliveryState.ACCEPTED),
        ("Rendering Failure", {}, DeliveryState.REJECTED),
    ],
)
def test_it_leaves_a_reader_in_peace_who_did_nothing(
    database: Engine,
    delivery: Delivery,
    now: datetime,
    kind: str,
    detail: dict[str, Any],
    state: DeliveryState,
) -> None:
    hear(now, event(kind, {"delivery": delivery.id}, **detail))
    assert again(database, delivery).state is state
    assert suppressions(database) == {}
    with Session(database) as session:
        assert session.scalars(select(Subscription)).one().state is SubscriptionState.ACTIVE


def test_it_suppresses_a_reader_who_deleted_their_data(
    database: Engine, delivery: Delivery, now: datetime
) -> None:
    with Session(database) as session, session.begin():
        session.delete(session.scalars(select(Subscriber)).one())
    hear(now, event("Complaint", {"delivery": delivery.id}))
    assert again(database, delivery).state is DeliveryState.COMPLAINED
    gone = hash_of(parse_address(READER))
    assert suppressions(database) == {gone: SuppressionReason.COMPLAINT}


@pytest.mark.parametrize(
    "text",
    [
        event("Delivery", {"delivery": 999_999}),
        event("Delivery", {"notice": 999_999}),
        event("Delivery", {"invoice": 1}, message_id="somebody else's"),
        event("Bounce", older=True, message_id="somebody else's"),
    ],
)
def test_it_says_of_an_event_that_it_names_nothing_of_ours(
    database: Engine, delivery: Delivery, now: datetime, text: str
) -> None:
    hear(now, text)
    apply_waiting(now + EARLY)
    [(what, note)] = outcomes(database).items()
    assert what.endswith("ignored")
    assert note == "It names no message of this installation."
    assert again(database, delivery).state is DeliveryState.SENDING
    assert suppressions(database) == {}


def test_it_leaves_the_rows_of_another_installation_to_it(
    database: Engine, delivery: Delivery, now: datetime
) -> None:
    tags: dict[str, int | str] = {"delivery": delivery.id, "attempt": 1}
    hear(now, event("Bounce", {**tags, "site": "staging"}))
    assert suppressions(database) == {}
    assert outcomes(database) == {"Bounce ignored": "It names no message of this installation."}
    hear(now, event("Delivery", {**tags, "site": settings().site}))
    with Session(database) as session:
        assert session.get_one(Delivery, delivery.id).state is DeliveryState.DELIVERED


def test_it_says_of_an_event_that_it_proves_nothing(
    database: Engine, delivery: Delivery, now: datetime
) -> None:
    hear(now, event("Subscription", {"delivery": delivery.id}))
    assert outcomes(database) == {
        "Subscription ignored": "It says nothing about what became of the message (Subscription)."
    }


def test_it_finds_the_row_of_an_older_notification_by_its_message(
    database: Engine, delivery: Delivery, now: datetime
) -> None:
    with Session(database) as session, session.begin():
        session.execute(update(Delivery).values(message_id=MESSAGE_ID))
    hear(now, event("Bounce", older=True))
    assert again(database, delivery).state is DeliveryState.BOUNCED


@pytest.mark.parametrize("older", [False, True])
def test_it_moves_service_mail_as_well(
    database: Engine, delivery: Delivery, now: datetime, older: bool
) -> None:
    with Session(database) as session, session.begin():
        subscription = session.scalars(select(Subscription)).one()
        notice = Notice(
            kind=NoticeKind.CONFIRM,
            newsletter_id=subscription.newsletter_id,
            subscription_id=subscription.id,
            address=READER,
            state=DeliveryState.SENDING,
            attempt=1,
            message_id=MESSAGE_ID if older else None,
            due_at=now,
            lease_until=now,
            created_at=now,
            changed_at=now,
        )
        session.add(notice)
        session.flush()
        tags = {"notice": notice.id}
    hear(now, event("Bounce", tags, older=older))
    with Session(database) as session:
        row = session.scalars(select(Notice)).one()
        assert (row.state, row.lease_until) == (DeliveryState.BOUNCED, None)
    assert list(suppressions(database).values()) == [SuppressionReason.BOUNCE]
    assert again(database, delivery).state is DeliveryState.SENDING


def test_it_applies_an_event_once(database: Engine, delivery: Delivery, now: datetime) -> None:
    with session_scope() as session:
        stored = store_events(session, [event("Send", {"delivery": delivery.id})], now)
    assert apply_events(stored, now) == 1
    with Session(database) as session, session.begin():
        session.execute(update(Delivery).values(state=DeliveryState.SENDING))
    assert apply_events(stored, now) == 0
    assert apply_events([stored[0]._replace(id=999_999)], now) == 0
    assert again(database, delivery).state is DeliveryState.SENDING
    assert apply_waiting(now) == 0


def test_it_keeps_count_while_events_come_in(
    database: Engine, planned_issue: Planned, now: datetime
) -> None:
    issue = planned_issue(count=6)
    with Session(database) as session:
        ids = list(session.scalars(select(Delivery.id)))
    for row_id in ids:
        kind = ["Delivery", "Bounce", "Complaint"][row_id % 3]
        hear(now, event(kind, {"delivery": row_id}, message_id=f"m{row_id}"))
        with Session(database) as session:
            assert sum(counts(session, issue.id).values()) == 6
