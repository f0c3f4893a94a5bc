"""Readers whose hour is long past before anything was tried get nothing, and the owners hear it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from service.db import session_scope
from service.delivery.claim import claim_batch, release_expired
from service.delivery.finish import finish_issues
from service.delivery.late import is_late, skip_late
from service.delivery.plan import plan_issue
from service.issues.approve import hold, resume
from service.models import (
    BatchState,
    Delivery,
    DeliveryBatch,
    DeliveryState,
    Issue,
    IssueState,
    Notice,
    Role,
    Timing,
)
from service.staff.users import add_user
from tests.delivery.rows import a_newsletter, add_readers, an_approved_issue, states

Planned = Callable[..., Issue]
HOUR = timedelta(hours=1)
LIMIT = 12 * HOUR
QUEUED, SKIPPED = DeliveryState.QUEUED, DeliveryState.SKIPPED


def skipped(now: datetime) -> int:
    with session_scope() as session:
        return skip_late(session, now)


@pytest.mark.parametrize(
    ("due", "released", "late"),
    [
        (-13, None, True),
        (-12, None, False),
        (-13, -13, True),
        (-13, -1, False),  # resumed an hour ago: nothing could go before
        (-1, -13, False),
        (+5, -20, False),  # its hour has not come
    ],
)
def test_it_counts_from_the_hour_or_from_when_the_issue_was_let_go(
    due: int, released: int | None, late: bool
) -> None:
    at = datetime(2026, 11, 20, 7, tzinfo=UTC)
    let_go = None if released is None else at + released * HOUR
    assert is_late(at + due * HOUR, let_go, LIMIT, at) is late


def test_it_skips_whoever_would_get_old_news_and_the_issue_ends(
    database: Engine, planned_issue: Planned, now: datetime
) -> None:
    with session_scope() as session:
        add_user(session, "ola@news.example.org", "correct horse battery", Role.OWNER, now)
    issue = planned_issue(count=3, lateness_hours=12)
    assert skipped(now + LIMIT) == 0
    assert skipped(now + LIMIT + HOUR) == 3
    assert skipped(now + LIMIT + HOUR) == 0
    with Session(database) as session, session.begin():
        assert set(states(session, issue.id)) == {SKIPPED}
        (reason,) = set(session.scalars(select(Delivery.reason)))
        assert reason == "Too late: it could not begin within 12 hours of the reader's hour."
        (notice,) = session.scalars(select(Notice))
        assert "3 readers were not written to" in notice.payload["text"]
        assert finish_issues(session, now) == [issue.id]


def test_it_skips_only_the_zones_that_were_missed(database: Engine, now: datetime) -> None:
    with Session(database, expire_on_commit=False) as session, session.begin():
        owner = a_newsletter(session, now, lateness_hours=3)
        add_readers(session, owner, 1, now, name="here")
        add_readers(session, owner, 1, now, name="tokyo", timezone="Asia/Tokyo", send_hour=22)
        issue = an_approved_issue(session, owner, now, Timing.READER_HOUR)
    with Session(database) as session, session.begin():
        plan_issue(session, issue.id, now, batch_size=10)
    # 22:00 in Tokyo is 13:00 UTC: at 14:00 one is seven hours late, the other one hour.
    assert skipped(now + 7 * HOUR) == 1
    with Session(database) as session:
        assert states(session, issue.id) == [QUEUED, SKIPPED]


def test_it_lets_a_slow_send_go_on(database: Engine, planned_issue: Planned, now: datetime) -> None:
    issue = planned_issue(count=4, batch_size=2)
    with Session(database) as session, session.begin():
        session.execute(
            update(DeliveryBatch).where(DeliveryBatch.number == 1).values(state=BatchState.DONE)
        )
    assert skipped(now + 2 * LIMIT) == 0
    with Session(database) as session:
        assert set(states(session, issue.id)) == {QUEUED}


def test_it_lets_a_batch_go_on_whose_first_rows_were_tried(
    database: Engine, planned_issue: Planned, now: datetime
) -> None:
    planned_issue(count=4)
    with Session(database) as session, session.begin():
        first = session.scalars(select(Delivery).order_by(Delivery.id)).first()
        assert first is not None
        first.state, first.attempt = DeliveryState.ACCEPTED, 1
    assert skipped(now + 2 * LIMIT) == 0


def test_it_skips_the_rest_though_the_canary_went_in_time(
    database: Engine, planned_issue: Planned, now: datetime
) -> None:
    planned_issue(count=200, canary_percent=10.0)
    with Session(database) as session, session.begin():
        first = select(DeliveryBatch.id).where(DeliveryBatch.canary).scalar_subquery()
        session.execute(
            update(Delivery)
            .where(Delivery.batch_id == first)
            .values(state=DeliveryState.DELIVERED, attempt=1)
        )
        session.execute(
            update(DeliveryBatch).where(DeliveryBatch.canary).values(state=BatchState.DONE)
        )
        left = len(session.scalars(select(Delivery.id).where(Delivery.state == QUEUED)).all())
    assert 0 < left < 200
    assert skipped(now + 2 * LIMIT) == left


def test_it_is_late_for_nobody_who_waits_for_the_quota(
    database: Engine, planned_issue: Planned, now: datetime
) -> None:
    issue = planned_issue(count=2)
    with Session(database) as session, session.begin():
        session.get_one(Issue, issue.id).parked_until = now + 30 * HOUR
    assert skipped(now + 20 * HOUR) == 0
    with Session(database) as session, session.begin():
        session.get_one(Issue, issue.id).parked_until = None
    assert skipped(now + 21 * HOUR) == 0, "there was no room until an hour ago"
    assert skipped(now + 33 * HOUR) == 2


def test_it_is_late_for_nobody_when_an_editor_held_the_issue(
    database: Engine, planned_issue: Planned, now: datetime
) -> None:
    issue = planned_issue(count=2)
    with Session(database) as session, session.begin():
        hold(session, session.get_one(Issue, issue.id), "Wait.")
    assert skipped(now + 20 * HOUR) == 0
    with Session(database) as session, session.begin():
        resume(session, session.get_one(Issue, issue.id), now + 20 * HOUR)
    assert skipped(now + 21 * HOUR) == 0


@pytest.mark.parametrize("state", [state for state in IssueState if state != IssueState.SENDING])
def test_it_touches_only_issues_that_are_being_sent(
    database: Engine, planned_issue: Planned, now: datetime, state: IssueState
) -> None:
    issue = planned_issue(count=1)
    with Session(database) as session, session.begin():
        session.get_one(Issue, issue.id).state = state
    assert skipped(now + 2 * LIMIT) == 0


def test_it_calls_nobody_late_who_waits_behind_a_slow_wave(database: Engine, now: datetime) -> None:
    with session_scope() as session:
        owner = a_newsletter(session, now)
        add_readers(session, owner, 3, now, name="early")
        hour = {"timezone": "Europe/Berlin", "send_hour": 9}
        add_readers(session, owner, 2, now, name="hour", **hour)
        issue = an_approved_issue(session, owner, now, Timing.READER_HOUR)
    with Session(database) as session, session.begin():
        plan_issue(session, issue.id, now, batch_size=1)
    later = now + timedelta(hours=30)
    with session_scope() as session:  # the first wave is still under way
        assert claim_batch(session, later, timedelta(minutes=2))
        assert skip_late(session, later) == 0
    with session_scope() as session:  # nobody is at it any more, and nobody was for a day
        gone = later + timedelta(hours=30)
        assert release_expired(session, gone) == 1
        assert skip_late(session, gone) > 0
