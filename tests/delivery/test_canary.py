"""A canary: a few readers first, the others when what became of those is known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from service.delivery.claim import claim_batch
from service.models import Delivery, DeliveryBatch, Issue
from tests.delivery.conftest import LEASE

Planned = Callable[..., Issue]


def claimed(database: Engine, now: datetime) -> list[bool]:
    """Whether each batch that can be claimed is of the canary."""
    found = []
    with Session(database) as session, session.begin():
        while claim := claim_batch(session, now, LEASE):
            found.append(session.get_one(DeliveryBatch, claim.batch_id).canary)
    return found


def test_it_writes_to_a_few_first_and_lets_the_others_wait(
    database: Engine, planned_issue: Planned, now: datetime
) -> None:
    issue = planned_issue(count=200, batch_size=50, canary_percent=10.0, canary_minutes=10)
    with Session(database) as session:
        of_canary = session.execute(
            select(func.count())
            .select_from(Delivery)
            .join(DeliveryBatch, DeliveryBatch.id == Delivery.batch_id)
            .where(DeliveryBatch.canary)
        ).scalar_one()
        found = session.get_one(Issue, issue.id)
        assert found.canary_until == now + timedelta(minutes=10)
        assert found.audience_count == 200
    assert 8 <= of_canary <= 32, "about a tenth of 200"
    assert claimed(database, now) == [True]

    with Session(database) as session, session.begin():
        session.get_one(Issue, issue.id).canary_until = None  # as the tick does when all is well
    assert claimed(database, now) == [False] * 4


def test_it_holds_nobody_back_without_one(
    database: Engine, planned_issue: Planned, now: datetime
) -> None:
    issue = planned_issue(count=20)
    with Session(database) as session:
        assert session.get_one(Issue, issue.id).canary_until is None
    assert claimed(database, now) == [False]


def test_it_waits_for_no_canary_when_the_readers_are_too_few_for_one(
    database: Engine, planned_issue: Planned, now: datetime
) -> None:
    issue = planned_issue(count=3, canary_percent=0.01)
    with Session(database) as session:
        assert session.get_one(Issue, issue.id).canary_until is None
    assert claimed(database, now) == [False]
