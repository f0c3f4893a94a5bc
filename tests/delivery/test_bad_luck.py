"""Two transactions at one row, in the order that hurts most."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime

from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from service.audience.subscribe import unsubscribe
from service.delivery.chunk import mark_chunk
from service.delivery.claim import Claim
from service.delivery.send import Sender
from service.models import (
    Delivery,
    DeliveryState,
    Issue,
    Newsletter,
    Subscriber,
    Subscription,
)
from tests.delivery.conftest import LEASE
from tests.delivery.rows import add_readers, states

Planned = Callable[..., Issue]
Claimer = Callable[[], Claim | None]


def mark_in_its_own_thread(
    pool: ThreadPoolExecutor, database: Engine, claim: Claim, now: datetime
) -> Future[int]:
    def mark() -> int:
        with Session(database) as session, session.begin():
            return len(mark_chunk(session, claim, 50, now, now + LEASE).sent)

    return pool.submit(mark)


def wait_until_it_waits(database: Engine) -> None:
    """Until another connection stands at a lock of ours; SQLite's stands at its first step."""
    if database.dialect.name == "sqlite":
        return
    deadline = time.monotonic() + 20
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with database.connect() as connection:
        while not connection.execute(waiting).scalar_one():
            connection.rollback()
            assert time.monotonic() < deadline, "nobody waits for the row"
            time.sleep(0.01)


def test_it_does_not_send_what_an_event_proves_sent_while_the_chunk_is_marked(
    planned_issue: Planned, claim: Claimer, database: Engine, now: datetime
) -> None:
    issue = planned_issue(count=3)
    mine = claim()
    assert mine is not None
    with ThreadPoolExecutor(1) as pool:
        with Session(database) as session, session.begin():
            first = session.scalars(select(Delivery.id).order_by(Delivery.id)).first()
            session.execute(
                update(Delivery)
                .where(Delivery.id == first)
                .values(state=DeliveryState.DELIVERED, attempt=1)
            )
            marked = mark_in_its_own_thread(pool, database, mine, now)
            wait_until_it_waits(database)
        assert marked.result(timeout=60) == 2
    with Session(database) as session:
        sending, delivered = DeliveryState.SENDING, DeliveryState.DELIVERED
        assert states(session, issue.id) == [delivered, sending, sending]


def test_it_sends_nothing_to_who_left_while_the_chunk_waited_for_another_row(
    planned_issue: Planned, claim: Claimer, database: Engine, now: datetime
) -> None:
    issue = planned_issue(count=2)
    mine = claim()
    assert mine is not None
    with ThreadPoolExecutor(1) as pool:
        with Session(database) as session, session.begin():
            session.execute(update(Delivery).values(reason="An event is being applied."))
            marked = mark_in_its_own_thread(pool, database, mine, now)
            wait_until_it_waits(database)
            reader = session.scalars(select(Subscription.id).order_by(Subscription.id)).first()
            assert reader is not None
            unsubscribe(session, reader, now, how="one_click")
        assert marked.result(timeout=60) == 1
    with Session(database) as session:
        assert states(session, issue.id) == [DeliveryState.SENDING, DeliveryState.SKIPPED]


def test_it_gives_nobody_the_number_of_a_reader_who_deleted_their_data(
    planned_issue: Planned, claim: Claimer, sender: Sender, database: Engine, now: datetime
) -> None:
    """What was planned for them, their links and late bounces would be the next reader's."""
    issue = planned_issue(count=2)
    with Session(database) as session, session.begin():
        last = session.scalars(select(Subscriber).order_by(Subscriber.id.desc())).first()
        session.delete(last)
    with Session(database) as session, session.begin():
        owner = session.get_one(Newsletter, issue.newsletter_id)
        add_readers(session, owner, 1, now, name="newcomer")
    mine = claim()
    assert mine is not None
    assert sender.send_batch(mine) == {"accepted": 1}
    with Session(database) as session:
        assert states(session, issue.id) == [DeliveryState.ACCEPTED, DeliveryState.SKIPPED]
