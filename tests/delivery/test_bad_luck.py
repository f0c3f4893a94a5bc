"""Two transactions at one row, in the order that hurts most."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from service.audience.subscribe import unsubscribe
from service.delivery.chunk import mark_chunk
from service.delivery.claim import Claim
from service.delivery.notices import tend_notices
from service.delivery.reconcile import reconcile_unknown
from service.delivery.send import Sender
from service.events.store import store_events
from service.models import (
    Delivery,
    DeliveryState,
    Issue,
    Newsletter,
    Notice,
    NoticeKind,
    Subscriber,
    Subscription,
    UnknownPolicy,
)
from tests.delivery.conftest import LEASE
from tests.delivery.rows import add_readers, states
from tests.events.samples import event

GRACE = timedelta(minutes=20)

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


def test_it_does_not_send_again_while_an_event_waits_to_be_applied(
    planned_issue: Planned, database: Engine, now: datetime
) -> None:
    """More events than a tick applies: what SES said is here, and only not read yet."""
    issue = planned_issue(count=2, unknown_policy=UnknownPolicy.RETRY)
    with Session(database, expire_on_commit=False) as session, session.begin():
        rows = session.scalars(select(Delivery).order_by(Delivery.id)).all()
        notice = Notice(
            kind=NoticeKind.TEST, newsletter_id=issue.newsletter_id, address="ada@example.org",
            due_at=now, created_at=now, changed_at=now,
        )  # fmt: skip
        session.add(notice)
        session.flush()
        for table in (Delivery, Notice):
            session.execute(
                update(table).values(state=DeliveryState.UNKNOWN, changed_at=now - GRACE * 2)
            )
        told = [event("Delivery", {"delivery": rows[0].id}, message_id="m1"),
                event("Delivery", {"notice": notice.id}, message_id="m2")]  # fmt: skip
        assert len(store_events(session, told, now)) == 2
    with Session(database) as session, session.begin():
        assert reconcile_unknown(session, now, GRACE) == (1, 0)
        assert tend_notices(session, now, GRACE) == 0
        unread = session.get_one(Delivery, rows[0].id)
        assert unread.state is DeliveryState.UNKNOWN
