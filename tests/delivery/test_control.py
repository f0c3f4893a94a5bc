"""What a stop leaves unsent, to the message, and what is tried again when an editor asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from service.db import session_scope
from service.delivery import chunk as chunks
from service.delivery.claim import Claim
from service.delivery.control import NothingToRetry, leave_unsent, retry
from service.delivery.finish import counts, finish_issues
from service.delivery.plan import plan_issue, plan_rest
from service.delivery.reconcile import reopen_batches
from service.delivery.send import Sender
from service.issues.approve import hold, resume, stop
from service.models import BatchState, Delivery, DeliveryBatch, DeliveryState, Issue, IssueState
from tests.delivery.rows import a_newsletter, add_readers, an_approved_issue

Planned = Callable[..., Issue]
Claimer = Callable[[], Claim | None]
S = DeliveryState
LATER = timedelta(hours=1)


def tally(issue: Issue) -> dict[str, int]:
    with session_scope() as session:
        return {state.value: n for state, n in counts(session, issue.id).items() if n}


def stopped(issue: Issue, now: datetime) -> int:
    with session_scope() as session:
        stop(session, session.get_one(Issue, issue.id), "Stopped.", now)
    with session_scope() as session:
        return leave_unsent(session, issue.id, now)


def test_it_says_exactly_how_many_a_stop_leaves_unsent(
    sender: Sender, planned_issue: Planned, claim: Claimer, now: datetime
) -> None:
    issue = planned_issue(count=5, batch_size=2)
    taken = claim()
    assert taken is not None
    assert sender.send_batch(taken) == {"accepted": 2}
    assert stopped(issue, now) == 3
    assert tally(issue) == {"accepted": 2, "skipped": 3}
    assert claim() is None
    with session_scope() as session:
        assert set(session.scalars(select(DeliveryBatch.state))) == {BatchState.DONE}
        assert leave_unsent(session, issue.id, now) == 0


def test_it_counts_those_too_who_were_not_planned_yet(
    database: Engine, session: Session, now: datetime
) -> None:
    newsletter = a_newsletter(session, now)
    add_readers(session, newsletter, 5, now)
    issue = an_approved_issue(session, newsletter, now)
    session.commit()
    with session_scope() as other:
        assert plan_issue(other, issue.id, now, batch_size=2, first=2).deliveries == 2
    assert stopped(issue, now) == 5
    with session_scope() as other:
        assert plan_rest(other, issue.id, now, batch_size=2).deliveries == 0


def test_it_counts_right_while_a_worker_marks_a_chunk(
    database: Engine, planned_issue: Planned, claim: Claimer, now: datetime
) -> None:
    """The chunk is marked in a transaction that began before the stop and ends after it."""
    issue = planned_issue(count=5)
    taken = claim()
    assert taken is not None
    with ThreadPoolExecutor(1) as pool:
        with Session(database) as marking, marking.begin():
            marked = chunks.mark_chunk(marking, taken, 2, now, now + LATER)
            assert len(marked.parcels) == 2
            unsent = pool.submit(stopped, issue, now)
        assert unsent.result(timeout=30) == 3
    assert tally(issue) == {"sending": 2, "skipped": 3}


def test_it_leaves_an_issue_alone_that_is_not_stopped(
    planned_issue: Planned, now: datetime
) -> None:
    issue = planned_issue(count=2)
    with session_scope() as session:
        assert leave_unsent(session, issue.id, now) == 0
    assert tally(issue) == {"queued": 2}


def test_a_paused_issue_gives_nothing_out_and_goes_on_where_it_was(
    sender: Sender, planned_issue: Planned, claim: Claimer, now: datetime
) -> None:
    issue = planned_issue(count=4, batch_size=2)
    taken = claim()
    assert taken is not None
    with session_scope() as session:
        hold(session, session.get_one(Issue, issue.id), "Paused.")
    assert sender.send_batch(taken) == {}, "a claimed batch must stop at its next chunk"
    assert claim() is None
    assert tally(issue) == {"queued": 4}
    with session_scope() as session:
        resume(session, session.get_one(Issue, issue.id), now)
    sent: Counter[str] = Counter()
    while taken := claim():
        sent += sender.send_batch(taken)
    assert sent == {"accepted": 4}


@pytest.fixture
def sent_issue(planned_issue: Planned, now: datetime) -> Issue:
    """Sent; one of its four messages in each of these states."""
    issue = planned_issue(count=4)
    with session_scope() as session:
        states = (S.DELIVERED, S.REJECTED, S.GIVEN_UP, S.SKIPPED)
        for row, state in zip(session.scalars(select(Delivery)), states, strict=True):
            row.state, row.attempt, row.reason = state, 1, "said so"
        session.execute(update(DeliveryBatch).values(state=BatchState.DONE))
        assert finish_issues(session, now) == [issue.id]
    return issue


@pytest.mark.parametrize(("failed", "resends"), [(S.REJECTED, 0), (S.GIVEN_UP, 1)])
def test_it_tries_again_what_failed_and_nothing_else(
    sender: Sender,
    claim: Claimer,
    sent_issue: Issue,
    now: datetime,
    failed: DeliveryState,
    resends: int,
) -> None:
    with session_scope() as session:
        assert retry(session, session.get_one(Issue, sent_issue.id), failed, now) == 1
    with session_scope() as session:
        again = session.get_one(Issue, sent_issue.id)
        assert (again.state, again.finished_at) == (IssueState.SENDING, None)
        row = session.scalars(select(Delivery).where(Delivery.state == S.QUEUED)).one()
        assert (row.attempt, row.resends) == (1, resends)
    taken = claim()
    assert taken is not None
    assert sender.send_batch(taken) == {"accepted": 1}
    with session_scope() as session:
        assert session.get_one(Delivery, row.id).attempt == 2, "an attempt is never numbered twice"
        assert finish_issues(session, now) == [sent_issue.id]


def test_it_leaves_a_sent_issue_sent_when_there_is_nothing_to_try(
    planned_issue: Planned, sent_issue: Issue, now: datetime
) -> None:
    with session_scope() as session:
        found = session.get_one(Issue, sent_issue.id)
        retry(session, found, S.REJECTED, now)
        assert retry(session, found, S.REJECTED, now) == 0
    with session_scope() as session:
        assert reopen_batches(session, now) == 0


@pytest.mark.parametrize("state", [IssueState.STOPPED, IssueState.APPROVED, IssueState.DRAFT])
def test_it_tries_nothing_again_of_an_issue_that_is_not_to_go(
    sent_issue: Issue, now: datetime, state: IssueState
) -> None:
    with session_scope() as session:
        found = session.get_one(Issue, sent_issue.id)
        found.state = state
        with pytest.raises(NothingToRetry, match=state.value):
            retry(session, found, S.REJECTED, now)


def test_it_tries_nothing_again_of_a_newsletter_that_has_ended(
    sent_issue: Issue, now: datetime
) -> None:
    with session_scope() as session:
        found = session.get_one(Issue, sent_issue.id)
        found.newsletter.archived_at = now
        with pytest.raises(NothingToRetry, match="is archived, so nothing of it is sent"):
            retry(session, found, S.REJECTED, now)


def test_what_failed_of_a_held_issue_waits_until_it_is_resumed(
    claim: Claimer, sent_issue: Issue, now: datetime
) -> None:
    with session_scope() as session:
        found = session.get_one(Issue, sent_issue.id)
        found.state = IssueState.HELD
        assert retry(session, found, S.REJECTED, now) == 1
    assert claim() is None
    with session_scope() as session:
        resume(session, session.get_one(Issue, sent_issue.id), now)
    assert claim() is not None
