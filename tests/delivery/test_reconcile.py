"""Rows whose outcome nobody told: the policy speaks for them after the grace period, once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from service.db import session_scope
from service.delivery.chunk import mark_chunk
from service.delivery.claim import Claim, claim_batch, give_back, release_expired
from service.delivery.finish import counts, finish_issues
from service.delivery.reconcile import decide, reconcile_unknown
from service.delivery.record import MAX_ATTEMPTS, Sent, settle
from service.delivery.transports import Outcome, Verdict
from service.models import (
    BatchState,
    Delivery,
    DeliveryBatch,
    DeliveryState,
    Issue,
    IssueState,
    UnknownPolicy,
)
from tests.delivery.conftest import LEASE
from tests.delivery.rows import states

Planned = Callable[..., Issue]
Claimer = Callable[[], Claim | None]
GRACE = timedelta(minutes=20)
LATER = GRACE + timedelta(seconds=1)
S = DeliveryState


def in_flight(claim: Claimer, now: datetime, size: int = 50) -> tuple[Claim, list[Sent]]:
    """A chunk as it is while SES is asked: marked and committed, no answer yet."""
    taken = claim()
    assert taken is not None
    with session_scope() as session:
        return taken, mark_chunk(session, taken, size, now, now + LEASE).sent


def answer(sent: list[Sent], verdict: Verdict, now: datetime) -> None:
    outcome = Outcome(verdict, "m1" if verdict is Verdict.ACCEPTED else None, "reason")
    with session_scope() as session:
        settle(session, sent, [outcome] * len(sent), now)


def reconciled(now: datetime) -> tuple[int, int]:
    with session_scope() as session:
        release_expired(session, now)
        return reconcile_unknown(session, now, GRACE)


def found(database: Engine, issue: Issue) -> list[DeliveryState]:
    with Session(database) as session:
        assert sum(counts(session, issue.id).values()) == issue_size(session, issue)
        return states(session, issue.id)


def issue_size(session: Session, issue: Issue) -> int:
    return session.get_one(Issue, issue.id).audience_count or 0


@pytest.mark.parametrize(
    ("policy", "resends", "heard", "again"),
    [
        (UnknownPolicy.SKIP, 0, False, False),
        (UnknownPolicy.SKIP, 0, True, False),
        (UnknownPolicy.RETRY, 0, False, True),
        (UnknownPolicy.RETRY, 1, False, False),
        (UnknownPolicy.RETRY, 2, False, False),
        (UnknownPolicy.RETRY, 3, True, True),
        (UnknownPolicy.RETRY, 4, True, False),
    ],
)
def test_it_decides_by_policy_and_with_an_end(
    policy: UnknownPolicy, resends: int, heard: bool, again: bool
) -> None:
    assert decide(policy, resends, heard=heard) is again


def test_it_says_nothing_before_the_grace_period_is_over(
    database: Engine, planned_issue: Planned, claim: Claimer, now: datetime
) -> None:
    issue = planned_issue(count=2)
    _, sent = in_flight(claim, now)
    answer(sent, Verdict.UNKNOWN, now)
    assert reconciled(now + GRACE) == (0, 0)
    assert found(database, issue) == [S.UNKNOWN, S.UNKNOWN]
    with session_scope() as session:
        assert finish_issues(session, now) == []


def test_it_skips_by_default_and_the_issue_is_sent(
    database: Engine, planned_issue: Planned, claim: Claimer, now: datetime
) -> None:
    issue = planned_issue(count=2)
    taken, sent = in_flight(claim, now)
    answer(sent, Verdict.UNKNOWN, now)
    with session_scope() as session:
        give_back(session, taken, due_at=None)
    assert reconciled(now + LATER) == (0, 2)
    assert reconciled(now + LATER * 2) == (0, 0)
    assert found(database, issue) == [S.GIVEN_UP, S.GIVEN_UP]
    with Session(database) as session, session.begin():
        assert set(session.scalars(select(Delivery.reason))) == {
            "SES never told whether it went out. By policy it is not sent again."
        }
        assert finish_issues(session, now) == [issue.id]


def test_it_sends_once_more_by_policy_and_never_again(
    database: Engine, planned_issue: Planned, claim: Claimer, now: datetime
) -> None:
    issue = planned_issue(count=2, unknown_policy=UnknownPolicy.RETRY)
    taken, sent = in_flight(claim, now)
    answer(sent, Verdict.UNKNOWN, now)
    with session_scope() as session:
        give_back(session, taken, due_at=None)

    assert reconciled(now + LATER) == (2, 0)
    assert found(database, issue) == [S.QUEUED, S.QUEUED]
    with session_scope() as session:
        second = claim_batch(session, now + LATER, LEASE)
        assert second is not None, "the batch was not opened again"
        marked = mark_chunk(session, second, 50, now + LATER, now + LATER + LEASE).sent
    assert [one.attempt for one in marked] == [2, 2]
    answer(marked, Verdict.UNKNOWN, now + LATER)

    assert reconciled(now + LATER * 3) == (0, 2)
    assert found(database, issue) == [S.GIVEN_UP, S.GIVEN_UP]


def test_it_calls_what_a_dead_worker_held_unknown_first(
    database: Engine, planned_issue: Planned, claim: Claimer, now: datetime
) -> None:
    issue = planned_issue(count=3, unknown_policy=UnknownPolicy.RETRY)
    in_flight(claim, now, size=2)
    late = now + LEASE + timedelta(seconds=1)
    assert reconciled(late) == (0, 0)
    assert found(database, issue) == [S.QUEUED, S.UNKNOWN, S.UNKNOWN]
    assert reconciled(late + LATER) == (2, 0)


@pytest.mark.parametrize(
    ("state", "becomes", "given_up"),
    [(IssueState.HELD, S.UNKNOWN, 0), (IssueState.STOPPED, S.GIVEN_UP, 1)],
)
def test_it_sends_nothing_again_of_an_issue_that_is_not_to_go_on(
    database: Engine,
    planned_issue: Planned,
    claim: Claimer,
    now: datetime,
    state: IssueState,
    becomes: S,
    given_up: int,
) -> None:
    issue = planned_issue(count=1, unknown_policy=UnknownPolicy.RETRY)
    _, sent = in_flight(claim, now)
    answer(sent, Verdict.UNKNOWN, now)
    with session_scope() as session:
        session.execute(update(Issue).values(state=state))
    assert reconciled(now + LATER) == (0, given_up)
    assert found(database, issue) == [becomes]


def test_it_takes_a_late_answer_for_the_truth_after_the_row_was_queued_again(
    database: Engine, planned_issue: Planned, claim: Claimer, now: datetime
) -> None:
    issue = planned_issue(count=1, unknown_policy=UnknownPolicy.RETRY)
    _, first = in_flight(claim, now)
    late = now + LEASE + timedelta(seconds=1)
    reconciled(late)
    assert reconciled(late + LATER) == (1, 0)
    assert found(database, issue) == [S.QUEUED]

    answer(first, Verdict.ACCEPTED, late + LATER)
    assert found(database, issue) == [S.ACCEPTED]
    with session_scope() as session:
        again = claim_batch(session, late + LATER, LEASE)
        assert again is not None
        assert mark_chunk(session, again, 50, late + LATER, late + LATER + LEASE).sent == []
    with Session(database) as session:
        assert session.scalars(select(Delivery.message_id)).one() == "m1"


@pytest.mark.parametrize("verdict", [Verdict.REJECTED, Verdict.UNKNOWN, Verdict.RETRY])
def test_it_does_not_take_the_answer_to_one_attempt_for_that_to_another(
    database: Engine, planned_issue: Planned, claim: Claimer, now: datetime, verdict: Verdict
) -> None:
    issue = planned_issue(count=1, unknown_policy=UnknownPolicy.RETRY)
    _, first = in_flight(claim, now)
    late = now + LEASE + timedelta(seconds=1)
    reconciled(late)
    reconciled(late + LATER)
    with session_scope() as session:
        again = claim_batch(session, late + LATER, LEASE)
        assert again is not None
        second = mark_chunk(session, again, 50, late + LATER, late + LATER + LEASE).sent
    answer(first, verdict, late + LATER)
    assert found(database, issue) == [S.SENDING]
    answer(second, Verdict.ACCEPTED, late + LATER)
    assert found(database, issue) == [S.ACCEPTED]


def test_it_sends_what_surely_was_not_sent_though_nobody_holds_its_batch(
    database: Engine, planned_issue: Planned, claim: Claimer, now: datetime
) -> None:
    """The worker was slow, its lease ran out, another finished the batch; then SES said no."""
    issue = planned_issue(count=1)
    _, sent = in_flight(claim, now)
    late = now + LEASE + timedelta(seconds=1)
    reconciled(late)
    with session_scope() as session:
        other = claim_batch(session, late, LEASE)
        assert other is not None
        give_back(session, other, due_at=None)
    answer(sent, Verdict.RETRY, late)
    assert found(database, issue) == [S.QUEUED]

    reconciled(late)
    with session_scope() as session:
        assert claim_batch(session, late, LEASE) is not None, "queued in a batch that is done"


def test_it_opens_no_batch_that_has_nothing_to_send(
    database: Engine, planned_issue: Planned, claim: Claimer, now: datetime
) -> None:
    planned_issue(count=2)
    taken, sent = in_flight(claim, now)
    answer(sent, Verdict.ACCEPTED, now)
    with session_scope() as session:
        give_back(session, taken, due_at=None)
    reconciled(now + LATER)
    with Session(database) as session:
        assert session.scalars(select(DeliveryBatch.state)).one() is BatchState.DONE


def test_it_gives_up_a_message_that_is_put_off_again_and_again(
    database: Engine, planned_issue: Planned, claim: Claimer, now: datetime
) -> None:
    issue = planned_issue(count=1)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        taken, sent = in_flight(claim, now)
        assert [one.attempt for one in sent] == [attempt]
        answer(sent, Verdict.RETRY, now)
        with session_scope() as session:
            give_back(session, taken, due_at=now)
    assert found(database, issue) == [S.REJECTED]
    with Session(database) as session:
        assert session.scalars(select(Delivery.reason)).one() == (
            f"Given up after {MAX_ATTEMPTS} tries. reason"
        )


def test_it_leaves_alone_what_an_event_settled_meanwhile(
    database: Engine, planned_issue: Planned, claim: Claimer, now: datetime
) -> None:
    settled = [S.ACCEPTED, S.SOFT_BOUNCED, S.DELIVERED, S.BOUNCED, S.COMPLAINED, S.REJECTED]
    cases = [(state, verdict) for state in settled for verdict in Verdict]
    planned_issue(count=len(cases))
    _, sent = in_flight(claim, now)
    with Session(database) as session, session.begin():
        for one, (state, _) in zip(sent, cases, strict=True):
            session.get_one(Delivery, one.delivery_id).state = state
    for one, (_, verdict) in zip(sent, cases, strict=True):
        answer([one], verdict, now)
    with Session(database) as session:
        for one, (state, verdict) in zip(sent, cases, strict=True):
            now_in = session.get_one(Delivery, one.delivery_id).state
            assert now_in is state, f"{state} became {now_in} by the answer {verdict}"
