"""The tick: what it rings for, and that it is harmless twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from redis import Redis
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from service.delivery.plan import plan_issue
from service.doorbell import QUEUES, Bell
from service.models import (
    BatchState,
    Delivery,
    DeliveryBatch,
    DeliveryState,
    Examination,
    Issue,
    IssueKind,
    IssueState,
    Newsletter,
    Notice,
    NoticeKind,
    Source,
    SourceState,
    Timing,
)
from tests.delivery.rows import a_newsletter, add_readers, an_approved_issue

SECOND = timedelta(seconds=1)


@pytest.fixture
def everything_due(database: Engine, now: datetime) -> dict[Bell, int]:
    """One row for each bell that has just come due; its id."""
    with Session(database, expire_on_commit=False) as session, session.begin():
        owner = a_newsletter(session, now, next_run=now)
        add_readers(session, owner, 2, now)
        sending, approved = (an_approved_issue(session, owner, now) for _ in range(2))
        source = Source(
            newsletter_id=owner.id, slug="lab", kind="feed", name="Lab", url="x", section="labs",
            next_check_at=now,
        )  # fmt: skip
        notice = Notice(
            kind=NoticeKind.CONFIRM, newsletter_id=owner.id, address="ada@example.org",
            due_at=now, created_at=now, changed_at=now,
        )  # fmt: skip
        asked = Issue(
            newsletter_id=owner.id, kind=IssueKind.DAILY, number=90, subject="x", timing=Timing.NOW,
            created_at=now, draft_asked_at=now,
        )  # fmt: skip
        examination = Examination(asked_at=now)
        session.add_all([source, notice, asked, examination])
    with Session(database) as session, session.begin():
        plan_issue(session, sending.id, now, batch_size=500)
    return {
        Bell.NOTICE: notice.id,
        Bell.BATCH: sending.id,
        Bell.DISPATCH: approved.id,
        Bell.BUILD: owner.id,
        Bell.DRAFT: asked.id,
        Bell.EXAMINE: examination.id,
        Bell.COLLECT: source.id,
    }


def rings(database: Engine, now: datetime) -> list[tuple[Bell, int]]:
    from workers.tend import due_rings

    with Session(database) as session:
        return list(due_rings(session, now))


def test_it_rings_for_all_that_is_due_the_most_urgent_first(
    database: Engine, everything_due: dict[Bell, int], now: datetime
) -> None:
    assert rings(database, now) == list(everything_due.items())
    assert rings(database, now) == list(everything_due.items()), "looking changed something"


def test_it_rings_for_nothing_that_is_not_due_yet(
    database: Engine, everything_due: dict[Bell, int], now: datetime
) -> None:
    assert rings(database, now - SECOND) == []


@pytest.mark.parametrize(
    ("kind", "values", "silent"),
    [
        *((Notice, {"state": state}, Bell.NOTICE) for state in DeliveryState if state != "queued"),
        (DeliveryBatch, {"state": BatchState.CLAIMED}, Bell.BATCH),
        (DeliveryBatch, {"state": BatchState.DONE}, Bell.BATCH),
        (Newsletter, {"next_run": None}, Bell.BUILD),
        (Issue, {"draft_asked_at": None}, Bell.DRAFT),
        (Issue, {"draft_begun_at": datetime(2026, 1, 1, tzinfo=UTC)}, Bell.DRAFT),
        (Examination, {"begun_at": datetime(2026, 1, 1, tzinfo=UTC)}, Bell.EXAMINE),
        (Examination, {"asked_at": datetime(2026, 1, 1, tzinfo=UTC)}, Bell.EXAMINE),
        (Source, {"state": SourceState.PAUSED}, Bell.COLLECT),
        (Source, {"state": SourceState.MUTED}, Bell.COLLECT),
    ],
)  # fmt: skip
def test_it_rings_for_nothing_that_is_not_waiting(
    database: Engine,
    everything_due: dict[Bell, int],
    now: datetime,
    kind: type[Any],
    values: dict[str, object],
    silent: Bell,
) -> None:
    with Session(database) as session, session.begin():
        session.execute(update(kind).values(values))
    assert [bell for bell, _ in rings(database, now)] == [b for b in everything_due if b != silent]


@pytest.mark.parametrize("state", list(IssueState))
def test_it_rings_for_an_issue_by_its_state(
    database: Engine, everything_due: dict[Bell, int], now: datetime, state: IssueState
) -> None:
    with Session(database) as session, session.begin():
        session.execute(update(Issue).values(state=state, planned_at=now))
    found = [bell for bell, _ in rings(database, now) if bell in {Bell.BATCH, Bell.DISPATCH}]
    expected = {IssueState.SENDING: [Bell.BATCH], IssueState.APPROVED: [Bell.DISPATCH] * 2}
    assert found == expected.get(state, [])


def test_it_rings_for_an_issue_of_which_only_the_first_are_planned(
    database: Engine, everything_due: dict[Bell, int], now: datetime
) -> None:
    with Session(database) as session, session.begin():
        session.execute(update(Issue).values(state=IssueState.SENDING, planned_at=None))
        issues = list(session.scalars(select(Issue.id)))
    rung = [identity for bell, identity in rings(database, now) if bell is Bell.DISPATCH]
    assert sorted(rung) == sorted(issues)


def test_it_rings_for_a_source_that_was_never_checked(
    database: Engine, everything_due: dict[Bell, int], now: datetime
) -> None:
    with Session(database) as session, session.begin():
        session.execute(update(Source).values(next_check_at=None))
    assert rings(database, now - SECOND) == [(Bell.COLLECT, everything_due[Bell.COLLECT])]


def test_it_rings_into_the_queues_and_twice_is_harmless(
    database: Engine, redis: Redis, everything_due: dict[Bell, int], now: datetime
) -> None:
    from workers.tend import tick

    with time_machine.travel(now, tick=False):
        before = rows(database)
        tick()
        lengths = {queue: redis.llen(queue) for queue in set(QUEUES.values())}
        once = {"notice": 1, "send": 1, "collect": 1, "draft": 1, "examine": 1}
        assert {queue: rung for queue, rung in lengths.items() if rung} == {**once, "publish": 2}
        tick()
        assert rows(database) == before, "a second tick changed rows"


def test_it_builds_once_however_often_it_is_rung(
    database: Engine, redis: Redis, everything_due: dict[Bell, int], now: datetime
) -> None:
    from workers.publish import build_issue

    with time_machine.travel(now, tick=False):
        for _ in range(3):
            build_issue(everything_due[Bell.BUILD])
    with Session(database) as session:
        assert len(session.scalars(select(Issue).where(Issue.local_date.is_not(None))).all()) == 1
        tomorrow = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)  # seven o'clock in Berlin
        assert session.scalars(select(Newsletter.next_run)).one() == tomorrow


def test_it_plans_once_however_often_it_is_rung(
    database: Engine, redis: Redis, everything_due: dict[Bell, int], now: datetime
) -> None:
    from workers.publish import dispatch_issue

    issue_id = everything_due[Bell.DISPATCH]
    with time_machine.travel(now, tick=False):
        for _ in range(3):
            dispatch_issue(issue_id)
        dispatch_issue(999_999)
    with Session(database) as session:
        planned = select(Delivery.subscriber_id).where(Delivery.issue_id == issue_id)
        readers = list(session.scalars(planned))
        assert len(readers) == len(set(readers)) == 2
        assert session.get_one(Issue, issue_id).state is IssueState.SENDING


def test_it_sweeps_though_redis_is_away(
    database: Engine, everything_due: dict[Bell, int], now: datetime
) -> None:
    from workers.tend import tick

    with Session(database) as session, session.begin():
        session.execute(
            update(DeliveryBatch).values(
                state=BatchState.CLAIMED, lease_token="t", lease_until=now - SECOND
            )
        )
        session.execute(update(Delivery).values(state=DeliveryState.SENDING, attempt=1))
    with time_machine.travel(now, tick=False):
        tick()
    with Session(database) as session:
        assert set(session.scalars(select(Delivery.state))) == {DeliveryState.UNKNOWN}
        assert session.scalars(select(DeliveryBatch.state)).one() is BatchState.READY


def rows(database: Engine) -> list[list[tuple[Any, ...]]]:
    kinds = (Notice, DeliveryBatch, Delivery, Issue, Newsletter, Source)
    with database.connect() as connection:
        return [
            [tuple(row) for row in connection.execute(select(kind.__table__))] for kind in kinds
        ]
