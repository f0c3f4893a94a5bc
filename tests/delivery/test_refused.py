"""Settings that are wrong: the issue says so, and nothing is lost while someone mends them."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest
from redis import Redis
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from service.config import Settings
from service.delivery.account import AccountRate
from service.delivery.claim import Claim
from service.delivery.send import Sender
from service.delivery.transports import AccountRefused, AccountUnavailable
from service.delivery.transports.choose import make_transport
from service.models import DeliveryState, Issue, IssueState
from service.sandbox import Sandbox
from tests.delivery.rows import states

Planned = Callable[..., Issue]
Claimer = Callable[[], Claim | None]


def test_it_says_which_setting_makes_no_transport(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with pytest.raises(AccountRefused, match="Set AWS_REGION"):
        make_transport(Settings(transport="ses"))


def test_it_holds_the_issue_when_ses_knows_nothing_of_the_keys(
    sender: Sender, planned_issue: Planned, claim: Claimer, redis: Redis, database: Engine
) -> None:
    def refused() -> float:
        raise AccountRefused("SES said AccessDeniedException. Allow these keys ses:GetAccount.")

    issue = planned_issue(count=2)
    sender.rate = refused
    taken = claim()
    assert taken is not None
    assert sender.send_batch(taken) == {}
    with Session(database) as session:
        held = session.get_one(Issue, issue.id)
        assert held.state is IssueState.HELD
        assert "Allow these keys" in (held.reason or "")
        assert states(session, issue.id) == [DeliveryState.QUEUED] * 2


def test_it_holds_the_issue_when_its_sender_is_not_verified(
    sender: Sender, planned_issue: Planned, claim: Claimer, database: Engine
) -> None:
    issue = planned_issue(count=2, from_address="report@news.unverified.example")
    taken = claim()
    assert taken is not None
    assert sender.send_batch(taken) == {"halt": 2}
    with Session(database) as session:
        held = session.get_one(Issue, issue.id)
        assert held.state is IssueState.HELD
        assert "Verify the sender's address" in (held.reason or "")
        assert states(session, issue.id) == [DeliveryState.QUEUED] * 2


def test_it_tells_refused_keys_from_a_ses_that_is_away(
    sender: Sender, redis: Redis, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.stop()
    with pytest.raises(AccountUnavailable):
        AccountRate(sender.transport, redis, share=1, limit=None)()


def test_it_says_what_an_issue_waits_for_and_takes_it_back_when_it_goes_on(
    sender: Sender, planned_issue: Planned, claim: Claimer, sandbox: Sandbox, database: Engine
) -> None:
    def away() -> float:
        raise AccountUnavailable("SES did not answer")

    issue = planned_issue(count=2)
    known, sender.rate = sender.rate, away
    taken = claim()
    assert taken is not None
    sender.send_batch(taken)
    with Session(database) as session:
        waiting = session.get_one(Issue, issue.id)
        assert (waiting.state, waiting.reason) == (
            IssueState.SENDING,
            "Waiting: SES did not answer",
        )

    sender.rate = known
    later = sender.clock().replace(year=2027)
    from service.delivery.claim import claim_batch
    from tests.delivery.conftest import LEASE

    with Session(database) as session, session.begin():
        again = claim_batch(session, later, LEASE)
    assert again is not None
    sender.send_batch(again)
    with Session(database) as session:
        assert session.get_one(Issue, issue.id).reason is None
    assert httpx2.get(f"{sandbox.url}/control/ledger").json()["messages"] == 2
