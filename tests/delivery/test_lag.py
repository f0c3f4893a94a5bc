"""Whether SES's events come in as they should, and how long a message waits for its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from service.config import Settings
from service.db import session_scope
from service.delivery.claim import Claim, give_back
from service.delivery.lag import Lag, behind, measure, patience, patience_for, what_is_behind
from service.delivery.reconcile import reconcile_unknown
from service.models import (
    BatchState,
    Delivery,
    DeliveryBatch,
    DeliveryState,
    Event,
    EventOutcome,
    Issue,
    Newsletter,
    UnknownPolicy,
)
from service.sandbox import Sandbox

Planned = Callable[..., Issue]
S = DeliveryState
GRACE = timedelta(minutes=20)
LONG = timedelta(hours=2)
MINUTE = timedelta(minutes=1)
HEARS = Settings(sqs_queue_url="http://127.0.0.1/queue", grace_minutes=20)


@pytest.mark.parametrize(
    ("lag", "said", "grace"),
    [
        (Lag(), None, GRACE),
        (Lag(heard=1000), None, GRACE),
        (Lag(heard=90, silent=10, silent_for=LONG), None, GRACE),  # slow hosts, lost ones
        (
            Lag(heard=89, silent=11, silent_for=30 * MINUTE),
            "SES has said nothing about 11 of the last 100 messages for up to 30 minutes",
            LONG,
        ),
        (
            Lag(silent=1, silent_for=6 * MINUTE),
            "SES has said nothing about 1 of the last 1 messages for up to 6 minutes",
            LONG,
        ),
        (Lag(heard=1000, waiting_for=5 * MINUTE), None, GRACE),
        (
            Lag(heard=1000, waiting_for=6 * MINUTE),
            "stored events have waited 6 minutes to be applied",
            LONG,
        ),
        (Lag(heard=1000, under_way=5 * MINUTE), None, GRACE),
        (
            Lag(heard=1000, under_way=6 * MINUTE),
            "the latest events were 6 minutes old when they came",
            LONG,
        ),
    ],
)
def test_it_waits_longer_while_events_are_behind(
    lag: Lag, said: str | None, grace: timedelta
) -> None:
    assert behind(lag, GRACE) == said
    assert patience_for(lag, GRACE) == (grace, lag.heard > 0 and said is None)


@pytest.fixture
def sent(
    database: Engine, planned_issue: Planned, claim: Callable[[], Claim | None], now: datetime
) -> list[int]:
    """Ten messages that SES took, the last with an answer that was lost; nothing is heard yet."""
    planned_issue(count=10)
    taken = claim()
    assert taken is not None
    with session_scope() as session:
        give_back(session, taken, due_at=None)
        session.execute(
            update(Delivery).values(state=S.ACCEPTED, attempt=1, message_id="m", changed_at=now)
        )
        ids = list(session.scalars(select(Delivery.id).order_by(Delivery.id)))
        session.execute(update(Delivery).where(Delivery.id == ids[-1]).values(state=S.UNKNOWN))
    return ids


def heard_of(ids: list[int], now: datetime, outcome: EventOutcome = EventOutcome.APPLIED) -> None:
    with session_scope() as session:
        session.add_all(
            Event(
                dedupe_key=f"{outcome.value}{row_id}",
                received_at=now,
                raw="{}",
                kind="Send",
                delivery_id=row_id,
                outcome=outcome,
            )
            for row_id in ids
        )


def measured(now: datetime) -> Lag:
    with session_scope() as session:
        return measure(session, now, GRACE)


def decided(now: datetime, settings: Settings = HEARS) -> tuple[int, int]:
    with session_scope() as session:
        return reconcile_unknown(session, now, *patience(session, settings, now))


def test_it_leaves_events_a_few_minutes(sent: list[int], now: datetime) -> None:
    assert measured(now + 5 * MINUTE) == Lag()
    assert measured(now + 6 * MINUTE) == Lag(silent=9, silent_for=6 * MINUTE)


def test_it_counts_who_was_heard_of_in_any_way(
    database: Engine, sent: list[int], now: datetime
) -> None:
    heard_of(sent[:4], now)
    with Session(database) as session, session.begin():
        moved = update(Delivery).where(Delivery.id.in_(sent[4:6]))
        session.execute(moved.values(state=S.DELIVERED))
    assert measured(now + 6 * MINUTE) == Lag(heard=6, silent=3, silent_for=6 * MINUTE)


def test_it_speaks_of_a_message_when_the_others_were_heard_of(
    sent: list[int], now: datetime
) -> None:
    heard_of(sent[:9], now)
    assert decided(now + GRACE) == (0, 0)
    assert decided(now + GRACE + MINUTE) == (0, 1)


def test_it_holds_its_tongue_while_nothing_was_heard_of_any(sent: list[int], now: datetime) -> None:
    later = now + GRACE + MINUTE
    assert decided(later) == (0, 0)
    assert decided(now + LONG) == (0, 0)
    heard_of(sent[:9], later)
    assert decided(later) == (0, 1), "events are back, and none is about this one"


def test_it_does_not_wait_for_ever_for_events_that_never_come(
    sent: list[int], now: datetime
) -> None:
    assert decided(now + LONG + MINUTE) == (0, 1)


def test_it_holds_its_tongue_while_stored_events_wait(sent: list[int], now: datetime) -> None:
    heard_of(sent[:9], now)
    heard_of(sent[:1], now, EventOutcome.WAITING)
    assert measured(now + 6 * MINUTE).waiting_for == 6 * MINUTE
    assert decided(now + GRACE + MINUTE) == (0, 0)


@pytest.mark.parametrize(
    "deaf",
    [
        Settings(transport="smtp", smtp_url="smtp://127.0.0.1", sqs_queue_url="http://x/q"),
        Settings(sqs_queue_url="", sns_topic_arns=""),
    ],
    ids=["smtp", "no events set up"],
)
def test_it_waits_no_longer_where_no_events_come(
    sent: list[int], now: datetime, deaf: Settings
) -> None:
    assert decided(now + GRACE + MINUTE, deaf) == (0, 1)
    with session_scope() as session:
        assert what_is_behind(session, deaf, now + LONG) is None


def test_it_tells_an_operator_what_is_behind_and_what_to_look_at(
    sent: list[int], now: datetime
) -> None:
    with session_scope() as session:
        assert what_is_behind(session, HEARS, now) is None
        assert what_is_behind(session, HEARS, now + 30 * MINUTE) == (
            "Events of SES are behind: SES has said nothing about 9 of the last 9 messages for up "
            "to 30 minutes. Messages with an unknown outcome wait 120 minutes instead of 20 "
            "minutes. See that `broadsheet events` runs, or that SNS reaches /hooks/ses."
        )


def test_it_looks_at_what_was_sent_lately_alone(
    database: Engine, sent: list[int], now: datetime
) -> None:
    assert measured(now + timedelta(hours=7)) == Lag()
    with Session(database) as session, session.begin():
        session.execute(update(DeliveryBatch).values(state=BatchState.CLAIMED))
    assert measured(now + 6 * MINUTE) == Lag(), "it is being sent"


def test_it_waits_longer_at_each_tick(
    database: Engine, sent: list[int], sandbox: Sandbox, now: datetime
) -> None:
    from workers.tend import sweep

    def state() -> DeliveryState:
        with Session(database) as session:
            return session.get_one(Delivery, sent[-1]).state

    sweep(now + GRACE + MINUTE)
    assert state() is S.UNKNOWN
    heard_of(sent[:9], now)
    sweep(now + GRACE + MINUTE)
    assert state() is S.GIVEN_UP


def came(ages: list[timedelta], now: datetime, kind: str = "Send") -> None:
    """Events that were *ages* old when they came, all of them just now."""
    with session_scope() as session:
        session.add_all(
            Event(
                dedupe_key=f"came{place}",
                received_at=now,
                raw=json.dumps({"mail": {"timestamp": (now - age).isoformat()}}),
                kind=kind,
                outcome=EventOutcome.APPLIED,
            )
            for place, age in enumerate(ages)
        )


def test_it_sees_that_events_stood_in_a_queue_though_nothing_else_is_sent(
    database: Engine, now: datetime
) -> None:
    came([6 * MINUTE, 7 * MINUTE, 8 * MINUTE], now)
    lag = measured(now + MINUTE)
    assert lag.under_way == 7 * MINUTE
    assert patience_for(lag, GRACE) == (LONG, False)
    assert measured(now + timedelta(hours=3)) == Lag(), "that was long ago"


def test_it_judges_no_queue_by_a_few_that_came_late(database: Engine, now: datetime) -> None:
    came([timedelta(hours=1), *[timedelta(seconds=2)] * 4], now)
    assert measured(now).under_way == timedelta(seconds=2)


def test_it_judges_no_queue_by_a_host_that_let_a_message_wait(
    database: Engine, now: datetime
) -> None:
    came([timedelta(hours=1)] * 3, now, kind="Delivery")
    assert measured(now) == Lag()


@pytest.mark.parametrize("raw", ["", "[]", '{"mail": null}', '{"mail": {"timestamp": "soon"}}'])
def test_it_passes_over_an_event_that_tells_no_time(
    database: Engine, now: datetime, raw: str
) -> None:
    with session_scope() as session:
        session.add(Event(dedupe_key="k", received_at=now, raw=raw, kind="Send",
                          outcome=EventOutcome.APPLIED))  # fmt: skip
    assert measured(now) == Lag()


def test_it_tries_again_and_again_while_the_others_are_heard_of(
    database: Engine, sent: list[int], now: datetime
) -> None:
    """A call that SES swallowed twice is no reason to leave its readers out."""
    heard_of(sent[:-1], now)
    lost = sent[-1]
    with session_scope() as session:
        session.execute(update(Newsletter).values(unknown_policy=UnknownPolicy.RETRY))
    for again in (1, 1, 1, 1, 0):
        with session_scope() as session:
            row = session.get_one(Delivery, lost)
            row.state, row.changed_at = DeliveryState.UNKNOWN, now
            session.execute(update(DeliveryBatch).values(state=BatchState.DONE))
        assert decided(now + GRACE + MINUTE) == (again, 1 - again)


def test_it_is_not_misled_by_what_a_fast_clock_left_behind(
    database: Engine, sent: list[int], now: datetime
) -> None:
    """Batches that were done while a worker's clock ran ahead are not the latest ones."""
    heard_of(sent, now)
    with session_scope() as session:
        session.execute(update(DeliveryBatch).values(due_at=now + timedelta(hours=1)))
    assert measured(now + 6 * MINUTE) == Lag()
