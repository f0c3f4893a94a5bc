"""The account's daily quota: an issue rests by itself and goes on by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import httpx2
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from service.delivery.claim import Claim, claim_batch, due_issues_with_batches
from service.delivery.send import PARK_FOR, Sender
from service.delivery.transports import QuotaUsedUp
from service.models import DeliveryState, Issue, IssueState
from service.sandbox import Sandbox
from tests.delivery.conftest import LEASE
from tests.delivery.rows import states

Planned = Callable[..., Issue]
Claimer = Callable[[], Claim | None]


def test_it_rests_at_the_daily_quota_and_goes_on_by_itself(
    sender: Sender,
    planned_issue: Planned,
    claim: Claimer,
    sandbox: Sandbox,
    database: Engine,
    now: datetime,
) -> None:
    issue = planned_issue(count=5, batch_size=2)
    refuse = {"kind": "refuse", "error": "TooManyRequestsException", "status": 429,
              "message": "Daily message quota exceeded."}  # fmt: skip
    httpx2.post(f"{sandbox.url}/control/faults", json={"fail_next": [refuse]}).raise_for_status()
    taken = claim()
    assert taken is not None
    assert sender.send_batch(taken) == {"park": 2}

    with Session(database) as session, session.begin():
        parked = session.get_one(Issue, issue.id)
        assert parked.state is IssueState.SENDING, "nobody has to resume it"
        assert "goes on by itself" in (parked.reason or "")
        assert set(states(session, issue.id)) == {DeliveryState.QUEUED}
        assert due_issues_with_batches(session, now) == []

    later = now + PARK_FOR + timedelta(seconds=1)
    sender.clock = lambda: later
    for _ in range(3):
        with Session(database) as session, session.begin():
            taken = claim_batch(session, later, LEASE)
        assert taken is not None
        sender.send_batch(taken)
    with Session(database) as session, session.begin():
        assert set(states(session, issue.id)) == {DeliveryState.ACCEPTED}
        done = session.get_one(Issue, issue.id)
        assert (done.reason, done.parked_until) == (None, None)


def test_it_does_not_even_ask_when_the_account_says_that_its_quota_is_used_up(
    sender: Sender, planned_issue: Planned, claim: Claimer, database: Engine
) -> None:
    issue = planned_issue(count=3)

    def used_up() -> float:
        raise QuotaUsedUp("The account has sent 200 of the 200 messages that it may in 24 hours.")

    sender.rate = used_up
    taken = claim()
    assert taken is not None
    assert sender.send_batch(taken) == {}
    with Session(database) as session:
        parked = session.get_one(Issue, issue.id)
        assert parked.parked_until is not None
        assert "200 of the 200" in (parked.reason or "")


def test_it_tells_all_workers_to_slow_down_when_it_is_throttled(
    sender: Sender, planned_issue: Planned, claim: Claimer, sandbox: Sandbox
) -> None:
    planned_issue(count=3)
    told: list[bool] = []
    sender.slow_down = lambda: told.append(True)
    httpx2.post(
        f"{sandbox.url}/control/faults", json={"fail_next": [{"kind": "throttle"}]}
    ).raise_for_status()
    taken = claim()
    assert taken is not None
    assert sender.send_batch(taken) == {"later": 3}
    assert told == [True]
