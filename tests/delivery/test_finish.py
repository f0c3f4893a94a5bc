"""When an issue is sent, held or stopped; and that its counts add up at every moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime
from itertools import cycle

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from service.db import session_scope
from service.delivery.claim import Claim
from service.delivery.control import retry
from service.delivery.finish import counts, drop_stopped, finish_issues, halt_issue, halt_unsent
from service.delivery.send import Sender
from service.delivery.states import UNRESOLVED
from service.delivery.transports import Account, Outcome, Recipient, Shipment, Verdict
from service.models import (
    BatchState,
    Delivery,
    DeliveryBatch,
    DeliveryState,
    Issue,
    IssueState,
)
from tests.delivery.rows import a_newsletter, an_approved_issue

Planned = Callable[..., Issue]
Claimer = Callable[[], Claim | None]


def issue_in(database: Engine, issue: Issue) -> Issue:
    with Session(database, expire_on_commit=False) as session:
        return session.get_one(Issue, issue.id)


@pytest.mark.parametrize("state", list(DeliveryState))
def test_it_is_sent_when_no_row_is_unresolved(
    database: Engine, planned_issue: Planned, now: datetime, state: DeliveryState
) -> None:
    issue = planned_issue(count=2)
    with Session(database) as session, session.begin():
        session.execute(update(DeliveryBatch).values(state=BatchState.DONE))
        session.execute(update(Delivery).values(state=DeliveryState.DELIVERED))
        first = select(Delivery).order_by(Delivery.id).limit(1)
        session.scalars(first).one().state = state
    with session_scope() as session:
        done = finish_issues(session, now)
    assert done == ([] if state in UNRESOLVED else [issue.id])
    assert issue_in(database, issue).finished_at == (None if state in UNRESOLVED else now)


def test_it_is_sent_once(database: Engine, planned_issue: Planned, now: datetime) -> None:
    issue = planned_issue(count=1)
    with Session(database) as session, session.begin():
        session.execute(update(DeliveryBatch).values(state=BatchState.DONE))
        session.execute(update(Delivery).values(state=DeliveryState.ACCEPTED))
        assert finish_issues(session, now) == [issue.id]
        assert finish_issues(session, now) == []


@pytest.mark.parametrize("state", [BatchState.READY, BatchState.CLAIMED])
def test_it_is_not_sent_while_a_batch_is_open(
    database: Engine, planned_issue: Planned, now: datetime, state: BatchState
) -> None:
    planned_issue(count=1)
    with Session(database) as session, session.begin():
        session.execute(update(DeliveryBatch).values(state=state))
        session.execute(update(Delivery).values(state=DeliveryState.ACCEPTED))
        assert finish_issues(session, now) == []


def test_it_is_sent_at_once_when_it_is_for_nobody(
    database: Engine, planned_issue: Planned, now: datetime
) -> None:
    issue = planned_issue(count=0)
    with session_scope() as session:
        assert finish_issues(session, now) == [issue.id]


def test_it_halts_an_issue_that_is_being_sent_with_the_reason(
    database: Engine, planned_issue: Planned
) -> None:
    issue = planned_issue(count=1)
    with session_scope() as session:
        halt_unsent(session, issue.id, "not this one")
    assert issue_in(database, issue).state is IssueState.SENDING
    with session_scope() as session:
        halt_issue(session, issue.id, "The quota is used up.")
    held = issue_in(database, issue)
    assert (held.state, held.reason) == (IssueState.HELD, "The quota is used up.")
    with session_scope() as session:
        assert counts(session, issue.id)[DeliveryState.QUEUED] == 1


def test_it_halts_an_issue_that_cannot_be_planned(
    database: Engine, session: Session, now: datetime
) -> None:
    issue = an_approved_issue(session, a_newsletter(session, now), now)
    session.commit()
    with session_scope() as other:
        halt_issue(other, issue.id, "not this one")
        halt_unsent(other, issue.id, "It could not be rendered.")
    held = issue_in(database, issue)
    assert (held.state, held.reason) == (IssueState.HELD, "It could not be rendered.")


def test_it_drops_only_what_waits_of_a_stopped_issue(
    database: Engine, planned_issue: Planned, now: datetime
) -> None:
    issue = planned_issue(count=3)
    with Session(database) as session, session.begin():
        rows = list(session.scalars(select(Delivery).order_by(Delivery.id)))
        rows[0].state, rows[1].state = DeliveryState.DELIVERED, DeliveryState.UNKNOWN
        session.flush()
        assert drop_stopped(session, now) == 0
        session.execute(update(Issue).values(state=IssueState.STOPPED, finished_at=now))
        assert drop_stopped(session, now) == 1
        assert drop_stopped(session, now) == 0
    with Session(database) as session:
        tally = counts(session, issue.id)
    told = {state.value: count for state, count in tally.items() if count}
    assert told == {"delivered": 1, "unknown": 1, "skipped": 1}


class Watching:
    """A transport that looks at the counts while it is asked, and gives each answer in turn."""

    def __init__(self, database: Engine, issue_id: int) -> None:
        self.max_recipients = 2
        self.seen: list[dict[DeliveryState, int]] = []
        self._database, self._issue_id = database, issue_id
        self._verdicts = cycle([Verdict.UNKNOWN, Verdict.REJECTED, Verdict.RETRY, Verdict.ACCEPTED])

    def send(self, shipment: Shipment, recipients: Sequence[Recipient]) -> list[Outcome]:
        self.look()
        return [Outcome(next(self._verdicts), reason="said so") for _ in recipients]

    def account(self) -> Account:
        return Account(max_rate=None)

    def close(self) -> None:
        pass

    def look(self) -> None:
        with Session(self._database) as session:
            self.seen.append(counts(session, self._issue_id))


def test_its_counts_add_up_at_every_step(
    database: Engine, planned_issue: Planned, claim: Claimer, sender: Sender, now: datetime
) -> None:
    issue = planned_issue(count=7)
    watching = Watching(database, issue.id)
    sender.transport = watching
    while (taken := claim()) is not None:
        sender.send_batch(taken)
        watching.look()
        with Session(database) as session, session.begin():
            session.execute(update(DeliveryBatch).values(due_at=now))
    assert {sum(tally.values()) for tally in watching.seen} == {7}
    assert all(set(tally) == set(DeliveryState) for tally in watching.seen)
    assert any(tally[DeliveryState.SENDING] for tally in watching.seen)
    last = watching.seen[-1]
    assert not last[DeliveryState.QUEUED]
    assert (
        last[DeliveryState.UNKNOWN] + last[DeliveryState.REJECTED] + last[DeliveryState.ACCEPTED]
        == 7
    )


def test_it_leaves_no_batch_of_a_stopped_issue_for_those_who_look_for_one(
    database: Engine, planned_issue: Planned, now: datetime
) -> None:
    planned_issue(count=3, batch_size=1)
    with Session(database) as session, session.begin():
        session.execute(update(Issue).values(state=IssueState.STOPPED, finished_at=now))
        drop_stopped(session, now)
        assert set(session.scalars(select(DeliveryBatch.state))) == {BatchState.DONE}


def test_it_is_not_sent_while_an_editor_tries_again_what_failed(
    database: Engine, planned_issue: Planned, now: datetime
) -> None:
    issue = planned_issue(count=2)
    with Session(database) as session, session.begin():
        session.execute(update(DeliveryBatch).values(state=BatchState.DONE))
        session.execute(update(Delivery).values(state=DeliveryState.REJECTED))
    with ThreadPoolExecutor(1) as other:
        with Session(database) as session, session.begin():
            retry(session, session.get_one(Issue, issue.id), DeliveryState.REJECTED, now)
            finishing = other.submit(_finish, now)
            # On SQLite it waits for us; on PostgreSQL it must neither wait nor take us for done.
            wait([finishing], timeout=1)
        finishing.result(timeout=30)
    found = issue_in(database, issue)
    assert found.state is IssueState.SENDING, "sent, with two messages that still wait"


def _finish(now: datetime) -> None:
    with session_scope() as session:
        finish_issues(session, now)
