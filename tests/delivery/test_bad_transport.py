"""A way out that fails for long, is slow, or cannot make the message: nobody is given up for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

import httpx2
import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service.config import settings
from service.db import session_scope
from service.delivery import record
from service.delivery import send as sending
from service.delivery.claim import Claim
from service.delivery.record import MAX_ATTEMPTS
from service.delivery.send import RETRY_AFTER, Sender
from service.delivery.transports import (
    Account,
    AccountUnavailable,
    NotMade,
    Outcome,
    Recipient,
    Shipment,
    Verdict,
)
from service.delivery.transports.serial import PATIENCE, one_by_one
from service.delivery.transports.ses import SesTransport
from service.message.mail import Mail
from service.models import BatchState, Delivery, DeliveryBatch, DeliveryState, Issue, IssueState
from service.models import Variant as VariantRow
from service.sandbox import Sandbox
from tests.delivery.rows import states

Planned = Callable[..., Issue]
Claimer = Callable[[], Claim | None]
QUEUED, ACCEPTED = DeliveryState.QUEUED, DeliveryState.ACCEPTED


def received(sandbox: Sandbox) -> list[str]:
    found = httpx2.get(f"{sandbox.url}/control/messages?limit=1000").json()
    return sorted(address for message in found["messages"] for address in message["to"])


def fault(sandbox: Sandbox, *faults: dict[str, object]) -> None:
    httpx2.post(
        f"{sandbox.url}/control/faults", json={"fail_next": list(faults)}
    ).raise_for_status()


def send(sender: Sender, claim: Claimer) -> dict[str, int]:
    taken = claim()
    assert taken is not None
    return dict(sender.send_batch(taken))


def due_again(database: Engine, now: datetime) -> None:
    with Session(database) as session, session.begin():
        session.execute(update(DeliveryBatch).values(due_at=now))


def test_it_gives_no_reader_up_while_ses_throttles(
    sender: Sender, planned_issue: Planned, claim: Claimer, sandbox: Sandbox, database: Engine,
    now: datetime,
) -> None:  # fmt: skip
    issue = planned_issue(count=2)
    fault(sandbox, {"kind": "throttle", "times": MAX_ATTEMPTS + 2})
    for _ in range(MAX_ATTEMPTS + 2):
        assert send(sender, claim) == {"later": 2}
        due_again(database, now)
    assert send(sender, claim) == {"accepted": 2}
    assert len(received(sandbox)) == 2
    with Session(database) as session:
        assert states(session, issue.id) == [ACCEPTED] * 2


def test_it_gives_no_reader_up_while_ses_cannot_be_reached(
    sender: Sender, planned_issue: Planned, claim: Claimer, sandbox: Sandbox, database: Engine,
    now: datetime,
) -> None:  # fmt: skip
    issue = planned_issue(count=2)
    sandbox.stop()
    for _ in range(MAX_ATTEMPTS + 1):
        assert send(sender, claim) == {"later": 2}
        due_again(database, now)
    with Session(database) as session:
        assert states(session, issue.id) == [QUEUED] * 2


def test_it_gives_a_message_up_that_ses_fails_on_again_and_again(
    sender: Sender, planned_issue: Planned, claim: Claimer, sandbox: Sandbox, database: Engine,
    now: datetime,
) -> None:  # fmt: skip
    issue = planned_issue(count=2)
    failing = {"kind": "entry_status", "status": "FAILED", "recipients": ["reader1@example.org"]}
    fault(sandbox, {**failing, "times": MAX_ATTEMPTS})
    for _ in range(MAX_ATTEMPTS):
        send(sender, claim)
        due_again(database, now)
    with Session(database) as session:
        assert states(session, issue.id) == [ACCEPTED, DeliveryState.REJECTED]
        reason = session.scalars(select(Delivery.reason).order_by(Delivery.id)).first()
    assert (reason or "").startswith(f"Given up after {MAX_ATTEMPTS} tries.")


@pytest.mark.parametrize("mode", ["bulk", "single"])
def test_it_holds_an_issue_whose_messages_cannot_be_made(
    mode: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest,
    planned_issue: Planned, claim: Claimer, sandbox: Sandbox, database: Engine,
) -> None:  # fmt: skip
    """A slot that nobody fills: SES was not called, so nothing is unknown."""
    monkeypatch.setenv("BROADSHEET_SES_MODE", mode)
    settings.cache_clear()
    sender: Sender = request.getfixturevalue("sender")
    issue = planned_issue(count=3)
    with Session(database) as session, session.begin():
        variant = session.scalars(select(VariantRow)).one()
        variant.text += f"SLOT_{variant.nonce}_nobodyFills_"
    assert send(sender, claim) == {"halt": 3}
    assert received(sandbox) == []
    with Session(database) as session:
        held = session.get_one(Issue, issue.id)
        assert held.state is IssueState.HELD
        assert "nobodyFills" in (held.reason or "")
        assert states(session, issue.id) == [QUEUED] * 3
        assert session.scalars(select(DeliveryBatch.state)).all() == [BatchState.READY]


def test_it_holds_an_issue_whose_headers_cannot_be_made(
    sender: Sender, planned_issue: Planned, claim: Claimer, sandbox: Sandbox, database: Engine
) -> None:
    issue = planned_issue(count=1, from_address="zeitung@grüße.example")
    assert send(sender, claim) == {}
    with Session(database) as session:
        held = session.get_one(Issue, issue.id)
        assert (held.state, states(session, issue.id)) == (IssueState.HELD, [QUEUED])
        assert "From" in (held.reason or "")
        assert session.scalars(select(DeliveryBatch.state)).all() == [BatchState.READY]


def test_it_does_not_go_on_while_answers_are_lost(
    sender: Sender, planned_issue: Planned, claim: Claimer, sandbox: Sandbox, database: Engine,
    now: datetime,
) -> None:  # fmt: skip
    """What is sent into silence may be lost for good: one chunk of it is enough."""
    issue = planned_issue(count=120)
    fault(sandbox, {"kind": "error500", "times": 3})
    assert send(sender, claim) == {"unknown": 50}
    with Session(database) as session:
        assert states(session, issue.id).count(QUEUED) == 70
        batch = session.scalars(select(DeliveryBatch)).one()
        assert (batch.state, batch.due_at) == (BatchState.READY, now + RETRY_AFTER)


RECIPIENTS = [Recipient(f"reader{number}@example.org", {}) for number in range(4)]


@pytest.mark.parametrize(
    ("verdict", "called"),
    [
        (Verdict.ACCEPTED, 4),
        (Verdict.REJECTED, 4),
        (Verdict.RETRY, 4),
        (Verdict.LATER, 2),
        (Verdict.HALT, 2),
        (Verdict.UNKNOWN, 2),
    ],
)
def test_it_calls_for_the_others_only_when_the_answer_was_about_one_reader(
    verdict: Verdict, called: int
) -> None:
    calls: list[Recipient] = []

    def call(recipient: Recipient) -> Outcome:
        calls.append(recipient)
        return Outcome(verdict if len(calls) == 2 else Verdict.ACCEPTED, reason="It says so.")

    outcomes = one_by_one(RECIPIENTS, call, clock=lambda: 0.0)
    assert len(calls) == called
    assert [outcome.verdict for outcome in outcomes[called:]] == [Verdict.LATER] * (4 - called)
    assert all(outcome.reason == "Not tried. It says so." for outcome in outcomes[called:])


def test_it_does_not_speak_for_longer_than_its_lease_allows() -> None:
    """Frozen between two calls, or slowed down: the rest is surely not sent, and can wait."""
    moments = iter([0.0, 1.0, PATIENCE + 1.0])
    outcomes = one_by_one(
        RECIPIENTS, lambda _: Outcome(Verdict.ACCEPTED), clock=lambda: next(moments)
    )
    verdicts = [outcome.verdict for outcome in outcomes]
    assert verdicts == [Verdict.ACCEPTED] * 2 + [Verdict.LATER] * 2


def test_it_sends_no_reader_alone_when_another_message_cannot_be_made(sandbox: Sandbox) -> None:
    """Made before any is sent: then "none of them went out" can be said."""
    mail = Mail.of("n1", "Hello", None, "SLOT_n1_link_")
    shipment = Shipment(mail, "report@news.example.org", None, {}, {})
    readers = [Recipient("a@example.org", {"link": "x"}), Recipient("b@example.org", {})]
    transport = SesTransport(mode="single", configuration_set="", timeout=5, region="us-east-1")
    with pytest.raises(NotMade, match="link"):
        transport.send(shipment, readers)
    transport.close()
    assert received(sandbox) == []


def test_it_holds_no_issue_for_one_address_that_ses_cannot_stand(sandbox: Sandbox) -> None:
    """One call a recipient: SES has no word for a bad address but the one for a bad mail."""
    mail = Mail.of("n1", "Hello", None, "Hello.")
    shipment = Shipment(mail, "report@news.example.org", None, {}, {})
    good, bad = Recipient("a@example.org", {}), Recipient("no mailbox", {})
    transport = SesTransport(mode="single", configuration_set="", timeout=5, region="us-east-1")
    found = [outcome.verdict for outcome in transport.send(shipment, [bad, bad, good])]
    assert found == [Verdict.HALT, Verdict.HALT, Verdict.LATER], "it may be the mail"
    found = [outcome.verdict for outcome in transport.send(shipment, [bad, good])]
    assert found == [Verdict.REJECTED, Verdict.ACCEPTED]
    found = [outcome.verdict for outcome in transport.send(shipment, [bad, bad, good])]
    assert found == [Verdict.REJECTED, Verdict.REJECTED, Verdict.LATER]
    other = Shipment(Mail.of("n1", "Other", None, "."), "report@news.example.org", None, {}, {})
    assert transport.send(other, [bad])[0].verdict is Verdict.HALT, "another mail proves nothing"
    transport.close()
    assert received(sandbox) == ["a@example.org"]


class Silent:
    """A transport that takes everything."""

    max_recipients = 50

    def send(self, shipment: Shipment, recipients: Sequence[Recipient]) -> list[Outcome]:
        return [Outcome(Verdict.ACCEPTED, f"m{number}") for number in range(len(recipients))]

    def account(self) -> Account:
        return Account(max_rate=None)

    def close(self) -> None:
        pass


def test_it_writes_an_answer_down_though_the_database_was_away_for_a_moment(
    sender: Sender, planned_issue: Planned, claim: Claimer, database: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    issue = planned_issue(count=2)
    sender.transport.close()
    sender.transport = Silent()
    waits: list[float] = []
    sender.sleep = waits.append
    failures = iter([True, True])
    settle = record.settle

    def failing(
        session: Session, chunk: Sequence[record.Sent], outcomes: Sequence[Outcome], at: datetime
    ) -> None:
        settle(session, chunk, outcomes, at)
        if next(failures, False):
            raise OperationalError("UPDATE", {}, Exception("deadlock detected"))

    monkeypatch.setattr(record, "settle", failing)
    assert send(sender, claim) == {"accepted": 2}
    with Session(database) as session:
        assert states(session, issue.id) == [ACCEPTED] * 2
    assert len(waits) == 2
    assert timedelta(seconds=sum(waits)) < timedelta(seconds=30)


def test_it_gives_nobody_up_at_the_first_failure_after_a_long_throttle(
    sender: Sender, planned_issue: Planned, claim: Claimer, sandbox: Sandbox, database: Engine,
    now: datetime,
) -> None:  # fmt: skip
    issue = planned_issue(count=1)
    fault(sandbox, {"kind": "throttle", "times": MAX_ATTEMPTS + 2})
    for _ in range(MAX_ATTEMPTS + 2):
        send(sender, claim)
        due_again(database, now)
    fault(sandbox, {"kind": "entry_status", "status": "TRANSIENT_FAILURE"})
    assert send(sender, claim) == {"retry": 1}
    with Session(database) as session:
        assert states(session, issue.id) == [QUEUED]


def test_it_sends_what_was_marked_though_nobody_heard_of_the_commit(
    sender: Sender, planned_issue: Planned, claim: Claimer, sandbox: Sandbox, database: Engine,
    now: datetime, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """SES was not called: nothing about these readers is unknown."""
    issue = planned_issue(count=2)
    sender.sleep = lambda _: None
    lost = iter([True])

    @contextmanager
    def unheard() -> Iterator[Session]:
        with session_scope() as session:
            yield session
            marked = session.scalars(
                select(Delivery.id).where(Delivery.state == DeliveryState.SENDING)
            ).first()
        if marked and next(lost, False):
            raise OperationalError("COMMIT", {}, Exception("the connection is lost"))

    monkeypatch.setattr(sending, "session_scope", unheard)
    assert send(sender, claim) == {}
    with Session(database) as session:
        assert states(session, issue.id) == [QUEUED] * 2
    due_again(database, now)
    assert send(sender, claim) == {"accepted": 2}
    assert len(received(sandbox)) == 2


class Page(BaseHTTPRequestHandler):
    """A proxy's own page in place of SES's answer."""

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        page = b"<html>Please log in.</html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    for name, value in {
        "AWS_ENDPOINT_URL_SESV2": f"http://127.0.0.1:{server.server_address[1]}",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
    }.items():
        monkeypatch.setenv(name, value)
    yield
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("mode", ["bulk", "single"])
def test_it_takes_no_page_of_a_proxy_for_the_word_of_ses(
    proxy: None, mode: Literal["bulk", "single"]
) -> None:
    transport = SesTransport(mode=mode, configuration_set="", timeout=5, region="us-east-1")
    shipment = Shipment(
        Mail.of("n1", "Hello", None, "Hello."), "report@news.example.org", None, {}, {}
    )
    outcomes = transport.send(shipment, [Recipient("a@example.org", {})])
    assert [outcome.verdict for outcome in outcomes] == [Verdict.UNKNOWN]
    with pytest.raises(AccountUnavailable):
        transport.account()
    transport.close()


def test_it_keeps_what_ses_says_in_a_form_that_every_database_takes() -> None:
    message_id, reason = record.said(
        Outcome(Verdict.REJECTED, message_id="m" * 300, reason="half a \ud800 sign\0" + "!" * 5000)
    )
    assert message_id == "m" * 200
    assert reason is not None
    assert reason.startswith("half a ? sign\ufffd!")
    assert len(reason) == 1000
    assert record.said(Outcome(Verdict.UNKNOWN)) == (None, None)
