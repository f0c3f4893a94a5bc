"""The same issue for those who joined after it was planned: further batches, nobody twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from service.audience.choices import Wanted
from service.audience.subscribe import unsubscribe
from service.db import session_scope
from service.delivery.audience import count_latecomers
from service.delivery.claim import claim_batch
from service.delivery.finish import counts, finish_issues
from service.delivery.late import skip_late
from service.delivery.latecomers import MissingVariants, plan_latecomers
from service.delivery.plan import Planned, plan_issue
from service.models import (
    BatchState,
    Delivery,
    DeliveryBatch,
    DeliveryState,
    Issue,
    IssueState,
    MailFormat,
    Newsletter,
    Subscription,
    Timing,
)
from service.rendering.variants import render_missing_variants
from tests.delivery.conftest import LEASE
from tests.delivery.rows import a_newsletter, add_readers, an_approved_issue

PlannedIssue = Callable[..., Issue]
HOUR = timedelta(hours=1)


@pytest.fixture
def issue(database: Engine, planned_issue: PlannedIssue, now: datetime) -> Issue:
    """Sent to three readers in two batches."""
    made = planned_issue(count=3, batch_size=2)
    with session_scope() as session:
        session.execute(update(Delivery).values(state=DeliveryState.DELIVERED, attempt=1))
        session.execute(update(DeliveryBatch).values(state=BatchState.DONE))
        finish_issues(session, now)
    return made


def join(count: int, at: datetime, **preferences: object) -> None:
    with session_scope() as session:
        owner = session.scalars(select(Newsletter)).one()
        add_readers(session, owner, count, at, name="late", **preferences)


def plan(issue: Issue, now: datetime) -> Planned:
    return plan_latecomers(issue.id, now, batch_size=2)


def found(issue: Issue) -> Issue:
    with session_scope() as session:
        return session.get_one(Issue, issue.id)


def test_it_plans_those_who_joined_since_in_further_batches(
    database: Engine, issue: Issue, now: datetime
) -> None:
    join(3, now + HOUR)
    with session_scope() as session:
        assert count_latecomers(session, session.get_one(Issue, issue.id), now + 2 * HOUR) == 3
    assert plan(issue, now + 2 * HOUR) == Planned(deliveries=3, batches=2)

    again = found(issue)
    assert (again.state, again.finished_at) == (IssueState.SENDING, None)
    assert again.audience_count == 6
    with Session(database) as session:
        assert sum(counts(session, issue.id).values()) == 6
        assert counts(session, issue.id)[DeliveryState.QUEUED] == 3
        numbers = session.scalars(select(DeliveryBatch.number).order_by(DeliveryBatch.number))
        assert numbers.all() == [1, 2, 3, 4]
        readers = select(func.count(Delivery.subscriber_id.distinct()))
        assert session.execute(readers).scalar_one() == 6
        assert claim_batch(session, now + 2 * HOUR, LEASE) is not None


def test_it_changes_nothing_when_done_again(issue: Issue, now: datetime) -> None:
    join(2, now + HOUR)
    assert plan(issue, now + 2 * HOUR) == Planned(2, 1)
    assert plan(issue, now + 2 * HOUR) == Planned(0, 0)
    assert found(issue).audience_count == 5


def test_it_opens_nothing_when_nobody_joined(issue: Issue, now: datetime) -> None:
    assert plan(issue, now + HOUR) == Planned(0, 0)
    assert found(issue).state is IssueState.SENT


def test_it_leaves_out_who_was_there_and_had_paused(
    database: Engine, planned_issue: PlannedIssue, now: datetime
) -> None:
    """They did not want this one; that they are back now makes them no latecomers."""
    with Session(database, expire_on_commit=False) as session, session.begin():
        owner = a_newsletter(session, now - HOUR)
        add_readers(session, owner, 2, now - HOUR)
        session.execute(update(Subscription).values(paused_until=now + HOUR))
        made = an_approved_issue(session, owner, now)
    with Session(database) as session, session.begin():
        assert plan_issue(session, made.id, now, batch_size=10).deliveries == 0
    assert plan(made, now + 2 * HOUR) == Planned(0, 0)


def test_it_leaves_out_who_joined_and_left_again(issue: Issue, now: datetime) -> None:
    join(1, now + HOUR)
    with session_scope() as session:
        newest = session.scalars(select(Subscription.id).order_by(Subscription.id.desc())).first()
        assert newest is not None
        unsubscribe(session, newest, now + HOUR, how="page")
    assert plan(issue, now + 2 * HOUR) == Planned(0, 0)


def test_it_writes_to_them_at_once_whatever_their_hour(database: Engine, now: datetime) -> None:
    with Session(database, expire_on_commit=False) as session, session.begin():
        owner = a_newsletter(session, now)
        add_readers(session, owner, 1, now)
        made = an_approved_issue(session, owner, now, Timing.READER_HOUR)
    with Session(database) as session, session.begin():
        plan_issue(session, made.id, now, batch_size=10)
    join(1, now + HOUR, timezone="Asia/Tokyo", send_hour=7)
    assert plan(made, now + 2 * HOUR).deliveries == 1
    with Session(database) as session:
        due = session.scalars(select(DeliveryBatch.due_at)).all()
        assert all(at <= now + 2 * HOUR for at in due)


def test_it_is_too_late_for_none_of_them(issue: Issue, now: datetime) -> None:
    join(1, now + 20 * HOUR)
    plan(issue, now + 30 * HOUR)
    with session_scope() as session:
        assert skip_late(session, now + 30 * HOUR) == 0


def test_it_writes_nothing_while_a_choice_is_not_rendered(issue: Issue, now: datetime) -> None:
    join(1, now + HOUR, wanted=Wanted(mail_format=MailFormat.TEXT))
    with pytest.raises(MissingVariants):
        plan(issue, now + 2 * HOUR)
    assert found(issue).state is IssueState.SENT
    with session_scope() as session:
        render_missing_variants(session, session.get_one(Issue, issue.id), now)
    assert plan(issue, now + 2 * HOUR) == Planned(1, 1)


@pytest.mark.parametrize(
    ("state", "planned"),
    [
        (IssueState.SENDING, 1),
        (IssueState.SENT, 1),
        (IssueState.HELD, 1),
        (IssueState.STOPPED, 0),
        (IssueState.APPROVED, 0),
    ],
)
def test_it_hangs_on_the_issues_state(
    issue: Issue, now: datetime, state: IssueState, planned: int
) -> None:
    join(1, now + HOUR)
    with session_scope() as session:
        session.get_one(Issue, issue.id).state = state
    assert plan(issue, now + 2 * HOUR).deliveries == planned
    kept = IssueState.SENDING if state is IssueState.SENT else state
    assert found(issue).state is kept


def test_it_waits_for_whoever_is_at_the_issue(issue: Issue, now: datetime) -> None:
    """Two editors who press at once: the second finds nobody left."""
    from concurrent.futures import ThreadPoolExecutor

    join(5, now + HOUR)
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: plan(issue, now + 2 * HOUR).deliveries, range(2)))
    assert sorted(both) == [0, 5]
