"""Events applied together: what fails, what another holds, and what comes before its row."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.orm import Session

from service.db import session_scope
from service.events import settle
from service.events.apply import EARLY, apply_events, apply_waiting
from service.events.batch import Told
from service.events.store import store_events, waiting_events
from service.models import Delivery, DeliveryState, Event, EventOutcome, Issue
from tests.events.samples import event
from tests.events.test_apply import hear

Planned = Callable[..., Issue]
S = DeliveryState


@pytest.fixture
def deliveries(database: Engine, planned_issue: Planned) -> list[int]:
    """Ids of some that were sent."""
    planned_issue(count=6)
    with Session(database) as session, session.begin():
        session.execute(update(Delivery).values(state=S.ACCEPTED, attempt=1))
        return list(session.scalars(select(Delivery.id).order_by(Delivery.id)))


def delivered(row_id: int, kind: str = "Delivery") -> str:
    return event(kind, {"delivery": row_id}, message_id=f"m{row_id}", recipient=f"r{row_id}@x.org")


def states(database: Engine) -> list[DeliveryState]:
    with Session(database) as session:
        return list(session.scalars(select(Delivery.state).order_by(Delivery.id)))


@pytest.fixture
def statements(database: Engine) -> Iterator[list[str]]:
    """What is asked of the database."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    sqlalchemy_event.listen(database, "before_cursor_execute", note)
    yield seen
    sqlalchemy_event.remove(database, "before_cursor_execute", note)


def test_it_takes_as_many_statements_for_many_events_as_for_two(
    deliveries: list[int], statements: list[str], now: datetime
) -> None:
    hear(now, *map(delivered, deliveries[:2]))
    few = len(statements)
    statements.clear()
    hear(now, *map(delivered, deliveries[2:]))
    assert len(statements) == few


def test_it_keeps_no_event_out_for_a_bad_one(
    database: Engine, deliveries: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database refuses what one of them comes to, whatever that is."""
    bad = deliveries[2]

    def refuses(session: Session, told: list[Told], _now: datetime) -> None:
        if any(one.row.id == bad for one in told):
            session.execute(text("SELECT no_such_column FROM event"))

    monkeypatch.setattr(settle.leave_alone, "leave_alone", refuses)
    hear(now, *(delivered(row_id, "Bounce") for row_id in deliveries))
    assert states(database) == [S.BOUNCED, S.BOUNCED, S.ACCEPTED, S.BOUNCED, S.BOUNCED, S.BOUNCED]
    with Session(database) as session:
        [left] = waiting_events(session)
        assert left.event.delivery_id == bad

    monkeypatch.undo()
    assert apply_waiting(now) == 1
    assert set(states(database)) == {S.BOUNCED}


def test_it_looks_beyond_the_first_few_that_cannot_be_applied(
    database: Engine, deliveries: list[int], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.events.apply.AT_ONCE", 2)
    with session_scope() as session:
        store_events(session, [delivered(row_id) for row_id in deliveries], now)
    with session_scope() as session:  # as an older version of ours, which could read them
        session.execute(update(Event).where(Event.delivery_id.in_(deliveries[:3])).values(raw="?"))
    apply_waiting(now)
    assert states(database) == [S.ACCEPTED] * 3 + [S.DELIVERED] * 3


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_it_applies_the_rest_while_another_holds_a_row(
    database: Engine, deliveries: list[int], now: datetime
) -> None:
    """A sender holds the rows of its chunk; whoever waits for one with others in hand, in another
    order, has the two wait for each other."""
    with session_scope() as session:
        stored = store_events(session, [delivered(row_id) for row_id in deliveries], now)
    held = deliveries[2]
    with Session(database) as sender, sender.begin():
        sender.execute(select(Delivery.id).where(Delivery.id == held).with_for_update())
        applying = threading.Thread(target=apply_events, args=(stored, now))
        applying.start()
        deadline = time.monotonic() + 20
        while states(database).count(S.DELIVERED) < 5:
            assert time.monotonic() < deadline, states(database)
            time.sleep(0.02)
        assert states(database)[2] is S.ACCEPTED
    applying.join(20)
    assert set(states(database)) == {S.DELIVERED}


def test_it_waits_for_the_row_of_an_early_event_that_has_no_tag(
    database: Engine, deliveries: list[int], now: datetime
) -> None:
    """The older notifications name SES's id alone, which we may be about to write down."""
    hear(now, event("Bounce", older=True, message_id="late"))
    with Session(database) as session, session.begin():
        assert session.scalars(select(Event.outcome)).one() is EventOutcome.WAITING
        session.execute(
            update(Delivery).where(Delivery.id == deliveries[0]).values(message_id="late")
        )
    assert apply_waiting(now + timedelta(seconds=30)) == 1
    assert states(database)[0] is S.BOUNCED


def test_it_waits_for_no_row_for_ever(
    database: Engine, deliveries: list[int], now: datetime
) -> None:
    hear(now, event("Bounce", older=True, message_id="somebody else's"))
    assert apply_waiting(now + EARLY - timedelta(seconds=1)) == 0
    assert apply_waiting(now + EARLY) == 1
    with Session(database) as session:
        assert session.scalars(select(Event.outcome)).one() is EventOutcome.IGNORED


def test_it_applies_each_once_when_two_are_at_it(
    database: Engine, deliveries: list[int], now: datetime
) -> None:
    with session_scope() as session:
        stored = store_events(session, [delivered(row_id) for row_id in deliveries], now)
    applied: list[int] = []
    both = threading.Barrier(2)

    def apply() -> None:
        both.wait()
        applied.append(apply_events(stored, now))

    threads = [threading.Thread(target=apply) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(applied) == len(stored)
    assert set(states(database)) == {S.DELIVERED}
