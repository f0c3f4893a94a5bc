"""Sending a batch over the real wire: what goes out, and what each refusal leaves behind."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from datetime import datetime, timedelta

import httpx2
import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from service.audience.subscribe import unsubscribe
from service.audience.suppression import suppress
from service.delivery.claim import Claim
from service.delivery.finish import counts, finish_issues
from service.delivery.pace import PaceUnavailable, Turn
from service.delivery.send import Sender
from service.delivery.transports import AccountUnavailable
from service.models import (
    BatchState,
    Delivery,
    DeliveryBatch,
    DeliveryState,
    Issue,
    IssueState,
    Subscriber,
    Subscription,
    SuppressionReason,
)
from service.sandbox import Sandbox
from tests.delivery.rows import states

Planned = Callable[..., Issue]
Claimer = Callable[[], Claim | None]
QUEUED, UNKNOWN, ACCEPTED = DeliveryState.QUEUED, DeliveryState.UNKNOWN, DeliveryState.ACCEPTED


def send(sender: Sender, claim: Claimer) -> dict[str, int]:
    taken = claim()
    assert taken is not None
    return dict(sender.send_batch(taken))


def received(sandbox: Sandbox) -> list[str]:
    found = httpx2.get(f"{sandbox.url}/control/messages?limit=1000").json()
    return sorted(address for message in found["messages"] for address in message["to"])


def fault(sandbox: Sandbox, *faults: dict[str, object]) -> None:
    httpx2.post(
        f"{sandbox.url}/control/faults", json={"fail_next": list(faults)}
    ).raise_for_status()


def test_it_sends_one_message_to_each_reader(
    sender: Sender, planned_issue: Planned, claim: Claimer, sandbox: Sandbox, database: Engine
) -> None:
    issue = planned_issue(count=120)
    assert send(sender, claim) == {"accepted": 120}
    assert received(sandbox) == sorted(f"reader{n}@example.org" for n in range(1, 121))
    with Session(database) as session, session.begin():
        assert set(states(session, issue.id)) == {ACCEPTED}
        assert None not in session.scalars(select(Delivery.message_id)).all()
        assert finish_issues(session, issue.created_at) == [issue.id]


@pytest.mark.parametrize("mode", ["bulk", "single"])
def test_it_sends_what_mailboxes_ask_for(
    mode: str,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    planned_issue: Planned,
    claim: Claimer,
    sandbox: Sandbox,
) -> None:
    monkeypatch.setenv("BROADSHEET_SES_MODE", mode)
    from service.config import settings

    settings.cache_clear()
    sender: Sender = request.getfixturevalue("sender")
    planned_issue(count=2)
    send(sender, claim)

    listed = httpx2.get(f"{sandbox.url}/control/messages").json()["messages"]
    raw = httpx2.get(f"{sandbox.url}/inbox/{listed[0]['seq']}.eml").content
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert not [part.defects for part in mail.walk() if part.defects]
    assert mail["From"] == "The Report <report@news.example.org>"
    assert mail["List-Unsubscribe"].startswith("<http://news.example.org/unsubscribe/")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Id"] == "The Report <report.news.example.org>"
    assert mail["Feedback-ID"].startswith("1:report:1.us-east-1.")
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    link = mail["List-Unsubscribe"].strip("<>")
    assert link in text.get_content()
    assert link in html.get_content()
    assert "SLOT_" not in raw.decode()
    assert "<mj-" not in html.get_content()
    assert len(html.get_content().encode()) < 95_000
    others = httpx2.get(f"{sandbox.url}/inbox/{listed[1]['seq']}.eml").text
    assert link not in others, "one reader's link is in another's mail"


def test_it_drops_who_left_or_was_suppressed_after_the_plan(
    sender: Sender,
    planned_issue: Planned,
    claim: Claimer,
    sandbox: Sandbox,
    database: Engine,
    now: datetime,
) -> None:
    issue = planned_issue(count=5)
    with Session(database) as session, session.begin():
        rows = list(session.scalars(select(Subscription).order_by(Subscription.id)))
        unsubscribe(session, rows[0].id, now, how="page")
        gone = session.get_one(Subscriber, rows[1].subscriber_id)
        suppress(session, gone.email_hash, SuppressionReason.COMPLAINT, "", now)
        rows[2].paused_until = now + timedelta(days=7)
        session.delete(session.get_one(Subscriber, rows[3].subscriber_id))

    assert send(sender, claim) == {"accepted": 1}
    assert received(sandbox) == ["reader5@example.org"]
    with Session(database) as session, session.begin():
        tally = counts(session, issue.id)
        assert tally[DeliveryState.SKIPPED] == 4
        assert sum(tally.values()) == 5
        reasons = set(session.scalars(select(Delivery.reason)))
        assert len(reasons - {None}) == 4, f"each gets its own reason: {reasons}"
        assert finish_issues(session, now) == [issue.id]


@pytest.mark.parametrize(
    ("kind", "state", "batch", "sent"),
    [
        ("throttle", QUEUED, BatchState.READY, 0),
        ("error500", UNKNOWN, BatchState.DONE, 0),
        ("accept_then_500", UNKNOWN, BatchState.DONE, 3),
        ("accept_then_drop", UNKNOWN, BatchState.DONE, 3),
    ],
)
def test_it_says_no_more_than_it_knows(
    kind: str,
    state: DeliveryState,
    batch: BatchState,
    sent: int,
    sender: Sender,
    planned_issue: Planned,
    claim: Claimer,
    sandbox: Sandbox,
    database: Engine,
    now: datetime,
) -> None:
    issue = planned_issue(count=3)
    fault(sandbox, {"kind": kind})
    send(sender, claim)
    assert len(received(sandbox)) == sent, "the SDK or we tried again by ourselves"
    with Session(database) as session, session.begin():
        assert states(session, issue.id) == [state] * 3
        assert session.scalars(select(DeliveryBatch.state)).all() == [batch]
        assert finish_issues(session, now) == [], "an issue with unresolved rows is not sent"


def test_it_waits_no_longer_than_its_time_out_for_an_answer(
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    planned_issue: Planned,
    claim: Claimer,
    sandbox: Sandbox,
    database: Engine,
) -> None:
    monkeypatch.setenv("BROADSHEET_SES_TIMEOUT", "0.5")
    from service.config import settings

    settings.cache_clear()
    sender: Sender = request.getfixturevalue("sender")
    issue = planned_issue(count=2)
    fault(sandbox, {"kind": "hang", "seconds": 3})
    assert send(sender, claim) == {"unknown": 2}
    with Session(database) as session:
        assert states(session, issue.id) == [UNKNOWN] * 2


def test_it_retries_when_ses_cannot_be_reached(
    sender: Sender, planned_issue: Planned, claim: Claimer, sandbox: Sandbox, database: Engine
) -> None:
    issue = planned_issue(count=2)
    sandbox.stop()
    assert send(sender, claim) == {"later": 2}
    with Session(database) as session:
        assert states(session, issue.id) == [QUEUED] * 2


def test_it_holds_the_issue_and_says_what_to_do_when_the_account_is_refused(
    sender: Sender, planned_issue: Planned, claim: Claimer, sandbox: Sandbox, database: Engine
) -> None:
    issue = planned_issue(count=2)
    fault(
        sandbox,
        {"kind": "refuse", "error": "AccountSuspendedException", "message": "Suspended."},
    )
    assert send(sender, claim) == {"halt": 2}
    with Session(database) as session:
        held = session.get_one(Issue, issue.id)
        assert held.state is IssueState.HELD
        assert "Answer the case that AWS opened" in (held.reason or "")
        assert states(session, issue.id) == [QUEUED] * 2
    assert claim() is None, "a held issue is not sent"


def test_it_rejects_only_the_entries_that_ses_rejects(
    sender: Sender, planned_issue: Planned, claim: Claimer, sandbox: Sandbox, database: Engine
) -> None:
    issue = planned_issue(count=3)
    fault(
        sandbox,
        {
            "kind": "entry_status",
            "status": "MESSAGE_REJECTED",
            "recipients": ["reader2@example.org"],
        },
    )
    assert send(sender, claim) == {"accepted": 2, "rejected": 1}
    with Session(database) as session:
        assert states(session, issue.id) == [ACCEPTED, ACCEPTED, DeliveryState.REJECTED]


class NoPace:
    def take(self, count: int, rate: float) -> Turn:
        raise PaceUnavailable("Redis did not answer")

    def take_first(self, rate: float) -> Turn:
        raise PaceUnavailable("Redis did not answer")


def no_rate() -> float:
    raise AccountUnavailable("SES did not tell the account's limits")


@pytest.mark.parametrize("missing", ["pace", "rate"])
def test_it_sends_nothing_without_a_pace(
    missing: str, sender: Sender, planned_issue: Planned, claim: Claimer, sandbox: Sandbox,
    database: Engine,
) -> None:  # fmt: skip
    issue = planned_issue(count=2)
    if missing == "pace":
        sender.pace = NoPace()
    else:
        sender.rate = no_rate
    assert send(sender, claim) == {}
    assert received(sandbox) == []
    with Session(database) as session:
        assert states(session, issue.id) == [QUEUED] * 2
        assert session.scalars(select(DeliveryBatch.state)).all() == [BatchState.READY]


def test_it_stops_when_the_batch_was_taken_from_it(
    sender: Sender, planned_issue: Planned, claim: Claimer, sandbox: Sandbox, database: Engine
) -> None:
    planned_issue(count=2)
    mine = claim()
    assert mine is not None
    with Session(database) as session, session.begin():
        session.execute(update(DeliveryBatch).values(lease_token="another's"))
    assert sender.send_batch(mine) == {}
    assert received(sandbox) == []
    with Session(database) as session:
        assert session.scalars(select(DeliveryBatch.lease_token)).all() == ["another's"]


def test_it_does_not_speak_after_being_frozen_past_its_lease(
    sender: Sender, planned_issue: Planned, claim: Claimer, sandbox: Sandbox, now: datetime
) -> None:
    planned_issue(count=2)
    # Marked at `now`; when the clock is looked at again, the lease is over.
    ticks = iter([now, now + timedelta(hours=1)])
    sender.clock = lambda: next(ticks, now + timedelta(hours=1))
    assert send(sender, claim) == {"later": 2}
    assert received(sandbox) == []


def test_it_lets_one_failing_message_keep_no_others_waiting(
    sender: Sender, planned_issue: Planned, claim: Claimer, sandbox: Sandbox, database: Engine
) -> None:
    issue = planned_issue(count=120)
    one = {"status": "TRANSIENT_FAILURE", "recipients": ["reader3@example.org"]}
    fault(sandbox, {"kind": "entry_status", **one})
    assert send(sender, claim) == {"accepted": 119, "retry": 1}
    with Session(database) as session:
        waiting = session.scalars(select(Delivery).where(Delivery.state == DeliveryState.QUEUED))
        assert [row.attempt for row in waiting] == [1], "it was tried again at once"
        assert counts(session, issue.id)[ACCEPTED] == 119
