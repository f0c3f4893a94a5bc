"""What becomes of the others, by what became of the first few."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from service.db import session_scope
from service.delivery.canary import PATIENCE, Finding, Outcomes, judge, judge_canaries
from service.delivery.claim import claim_batch
from service.issues.approve import resume
from service.models import (
    BatchState,
    Delivery,
    DeliveryBatch,
    DeliveryState,
    Issue,
    IssueState,
    Notice,
    Role,
)
from service.staff.users import add_user
from tests.delivery.conftest import LEASE

Planned = Callable[..., Issue]
WAIT, WELL, ILL = Finding.WAIT, Finding.WELL, Finding.ILL
MINUTE = timedelta(minutes=1)
S = DeliveryState


@pytest.mark.parametrize(
    ("outcomes", "overdue", "finding", "said"),
    [
        (Outcomes(fine=100), 0, WELL, ""),
        (Outcomes(), 0, WELL, ""),  # all of them left meanwhile
        (Outcomes(waiting=1, fine=99), 0, WAIT, ""),
        (Outcomes(waiting=1, bounced=99), 600, WAIT, ""),
        (Outcomes(fine=95, bounced=5), 0, WELL, ""),
        (Outcomes(fine=94, bounced=6), 0, ILL, "6 bounced: 6.0 %, more than 5 %."),
        (Outcomes(fine=8, bounced=2), 0, WELL, ""),  # two say nothing
        (Outcomes(fine=7, bounced=3), 0, ILL, "3 bounced: 30.0 %"),
        (Outcomes(unheard=60, bounced=6), 0, ILL, "6 bounced: 9.1 %"),
        (Outcomes(fine=100, complained=1), 0, WELL, ""),
        (Outcomes(fine=1998, complained=2), 0, WELL, ""),
        (Outcomes(fine=1997, complained=2), 0, ILL, "2 were reported as spam: 0.1 %"),
        (Outcomes(fine=90, refused=10), 0, ILL, "10 were refused by SES: 10.0 %"),
        (Outcomes(fine=50, unheard=50), 0, WELL, ""),
        (Outcomes(fine=49, unheard=51), 0, WAIT, ""),
        (Outcomes(fine=49, unheard=51), 59, WAIT, ""),
        (Outcomes(fine=49, unheard=51), 60, ILL, "of only 49 is it known"),
        (Outcomes(unheard=5), 60, ILL, "of only 0 is it known"),
    ],
)
def test_it_judges_by_the_limits_of_ses(
    outcomes: Outcomes, overdue: int, finding: Finding, said: str
) -> None:
    judgement = judge(outcomes, overdue * MINUTE)
    assert judgement.finding is finding
    assert judgement.reason.startswith(said)
    assert bool(judgement.reason) == (finding is ILL)


def test_it_counts_each_state_once() -> None:
    outcomes = Outcomes.of(dict.fromkeys(DeliveryState, 1))
    counted = (outcomes.waiting, outcomes.unheard, outcomes.fine)
    assert counted == (2, 3, 2)
    assert (outcomes.bounced, outcomes.complained, outcomes.refused) == (1, 1, 1)
    assert outcomes.tried == len(DeliveryState) - 3, "queued, sending and skipped were not tried"


@pytest.fixture
def issue(database: Engine, planned_issue: Planned, now: datetime) -> Issue:
    """200 readers, of whom about 20 go first and have had their ten minutes at ``AFTER``."""
    with session_scope() as session:
        add_user(session, "ola@news.example.org", "correct horse battery", Role.OWNER, now)
    return planned_issue(count=200, batch_size=50, canary_percent=10.0, canary_minutes=10)


AFTER = 10 * MINUTE


def become(database: Engine, *states: DeliveryState) -> None:
    """Give the first few these states in turn."""
    with Session(database) as session, session.begin():
        few = session.scalars(
            select(Delivery)
            .join(DeliveryBatch, DeliveryBatch.id == Delivery.batch_id)
            .where(DeliveryBatch.canary)
            .order_by(Delivery.id)
        ).all()
        for place, row in enumerate(few):
            row.state = states[place % len(states)]
        session.execute(
            update(DeliveryBatch).where(DeliveryBatch.canary).values(state=BatchState.DONE)
        )


def judged(at: datetime) -> int:
    with session_scope() as session:
        return judge_canaries(session, at)


def found(issue: Issue) -> Issue:
    with session_scope() as session:
        return session.get_one(Issue, issue.id)


def claimable(database: Engine, at: datetime) -> bool:
    with Session(database) as session:
        return claim_batch(session, at, LEASE) is not None


def test_it_lets_the_others_go_when_all_is_well(
    database: Engine, issue: Issue, now: datetime
) -> None:
    become(database, S.DELIVERED)
    assert judged(now + AFTER - MINUTE) == 0
    assert not claimable(database, now + AFTER)
    assert judged(now + AFTER) == 1
    assert found(issue).canary_until is None
    assert claimable(database, now + AFTER)
    assert judged(now + AFTER) == 0


def test_it_holds_the_issue_with_the_numbers_and_tells_the_owners(
    database: Engine, issue: Issue, now: datetime
) -> None:
    become(database, S.BOUNCED, S.DELIVERED)
    assert judged(now + AFTER) == 1
    held = found(issue)
    assert held.state is IssueState.HELD
    assert held.reason is not None
    assert "Held after the first" in held.reason
    assert "bounced: 5" in held.reason
    with Session(database) as session:
        notice = session.scalars(select(Notice)).one()
        assert held.reason in notice.payload["text"]
        waiting = select(func.count()).where(Delivery.state == S.QUEUED)
        assert session.execute(waiting).scalar_one() > 150, "the others must keep their rows"
    assert judged(now + 2 * AFTER) == 0, "told again"


def test_it_lets_all_others_go_once_an_editor_resumes_it(
    database: Engine, issue: Issue, now: datetime
) -> None:
    become(database, S.BOUNCED)
    judged(now + AFTER)
    with session_scope() as session:
        resume(session, session.get_one(Issue, issue.id), now + AFTER)
    assert judged(now + 2 * AFTER) == 0
    assert claimable(database, now + AFTER)


def test_it_gives_the_first_few_their_time_from_when_they_have_gone(
    database: Engine, issue: Issue, now: datetime
) -> None:
    assert judged(now + AFTER) == 0
    assert found(issue).canary_until == now + 2 * AFTER
    become(database, S.DELIVERED)
    assert judged(now + AFTER + MINUTE) == 0
    assert judged(now + 2 * AFTER) == 1


def test_it_waits_for_events_and_holds_the_issue_when_none_come(
    database: Engine, issue: Issue, now: datetime
) -> None:
    become(database, S.ACCEPTED)
    assert judged(now + AFTER + PATIENCE - MINUTE) == 0
    assert found(issue).state is IssueState.SENDING
    assert judged(now + AFTER + PATIENCE) == 1
    assert "events" in (found(issue).reason or "")


@pytest.mark.parametrize("state", [IssueState.HELD, IssueState.STOPPED])
def test_it_judges_no_issue_that_somebody_held_or_stopped(
    database: Engine, issue: Issue, now: datetime, state: IssueState
) -> None:
    become(database, S.DELIVERED)
    with session_scope() as session:
        session.get_one(Issue, issue.id).state = state
    assert judged(now + AFTER) == 0
    assert found(issue).canary_until is not None
