"""A batch is in one worker's hands at a time, and comes back when that worker dies."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from service.delivery.claim import Claim, claim_batch, extend, give_back, release_expired
from service.models import BatchState, Delivery, DeliveryBatch, DeliveryState, Issue, IssueState
from tests.delivery.conftest import LEASE
from tests.delivery.rows import states

Planned = Callable[..., Issue]
Claimer = Callable[[], Claim | None]


def test_it_gives_each_batch_to_one_of_many_workers(
    database: Engine, planned_issue: Planned, now: datetime
) -> None:
    planned_issue(count=6, batch_size=1)

    def work(_: int) -> list[int]:
        mine: list[int] = []
        while True:
            with Session(database) as session, session.begin():
                claim = claim_batch(session, now, LEASE)
            if claim is None:
                return mine
            mine.append(claim.batch_id)

    with ThreadPoolExecutor(4) as pool:
        claimed = [batch for batches in pool.map(work, range(4)) for batch in batches]
    assert len(claimed) == len(set(claimed)) == 6


def test_it_gives_nothing_before_its_hour(
    database: Engine, planned_issue: Planned, claim: Claimer, now: datetime
) -> None:
    planned_issue()
    with Session(database) as session, session.begin():
        session.execute(update(DeliveryBatch).values(due_at=now + timedelta(seconds=1)))
    assert claim() is None


def test_it_gives_nothing_of_an_issue_that_is_held(
    database: Engine, planned_issue: Planned, claim: Claimer
) -> None:
    planned_issue()
    with Session(database) as session, session.begin():
        session.execute(update(Issue).values(state=IssueState.HELD))
    assert claim() is None


def test_it_takes_a_batch_back_when_its_lease_has_run_out(
    database: Engine, planned_issue: Planned, claim: Claimer, now: datetime
) -> None:
    issue = planned_issue(count=2)
    first = claim()
    assert first is not None
    with Session(database) as session, session.begin():
        one = session.query(Delivery).first()
        assert one is not None
        one.state, one.attempt = DeliveryState.SENDING, 1

    with Session(database) as session, session.begin():
        assert release_expired(session, now + LEASE - timedelta(seconds=1)) == 0
        assert release_expired(session, now + LEASE + timedelta(seconds=1)) == 1

    with Session(database) as session:
        assert states(session, issue.id) == [DeliveryState.QUEUED, DeliveryState.UNKNOWN]
    second = claim()
    assert second is not None
    assert second.batch_id == first.batch_id


def test_it_refuses_a_worker_whose_lease_went_to_another(
    database: Engine, planned_issue: Planned, claim: Claimer, now: datetime
) -> None:
    planned_issue()
    first = claim()
    assert first is not None
    with Session(database) as session, session.begin():
        release_expired(session, now + LEASE * 2)
    second = claim()
    assert second is not None
    with Session(database) as session, session.begin():
        assert not extend(session, first, now + LEASE)
        assert not give_back(session, first, due_at=None)
        assert extend(session, second, now + LEASE)
    with Session(database) as session:
        assert session.get_one(DeliveryBatch, second.batch_id).state is BatchState.CLAIMED


def test_it_gives_each_of_many_who_come_at_once_a_batch_while_there_is_one(
    database: Engine, planned_issue: Planned, now: datetime
) -> None:
    planned_issue(count=16, batch_size=1)
    together = Barrier(16)

    def take(_: int) -> int | None:
        together.wait()
        with Session(database) as session, session.begin():
            taken = claim_batch(session, now, LEASE)
        return taken.batch_id if taken else None

    with ThreadPoolExecutor(16) as lanes:
        taken = list(lanes.map(take, range(16)))
    assert None not in taken, "someone idles though a batch waits"
    assert len(set(taken)) == 16
