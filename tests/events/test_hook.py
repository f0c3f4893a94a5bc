"""The HTTPS endpoint: what it answers, and that nothing is answered before it is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx2
import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service import config
from service.delivery.claim import Claim
from service.delivery.send import Sender
from service.events import hook
from service.events.hook import Receipt, receive
from service.models import Delivery, DeliveryState, Event, Issue, Suppression
from service.sandbox import Sandbox
from tests.delivery.rows import states
from tests.events.posts import NOW, TOPIC, certificate, confirmation, notification, signed
from tests.events.samples import event

SANDBOX_TOPIC = "arn:aws:sns:us-east-1:000000000000:broadsheet-events"


@pytest.fixture
def topic(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROADSHEET_SNS_TOPIC_ARNS", f"another, {TOPIC}")
    config.settings.cache_clear()


def post(body: bytes, visit: Callable[[str], bytes] = lambda url: b"") -> Receipt:
    return receive(body, NOW, fetch_certificate=lambda _: certificate(), visit=visit)


def unreachable(url: str) -> bytes:
    raise httpx2.ConnectError(f"{url} does not answer")


def stored(database: Engine) -> int:
    with Session(database) as session:
        return session.execute(select(func.count()).select_from(Event)).scalar_one()


@pytest.mark.usefixtures("topic")
def test_it_keeps_an_event_and_says_so(database: Engine) -> None:
    body = signed(notification(event("Send", {"delivery": 1})))
    assert post(body) == Receipt(200, "Stored.")
    assert post(body).status == 200
    assert stored(database) == 1


@pytest.mark.usefixtures("topic")
def test_it_keeps_what_it_cannot_read(database: Engine) -> None:
    assert post(signed(notification("Successfully validated SNS topic"))).status == 200
    with Session(database) as session:
        assert session.scalars(select(Event.note)).all() == ["not JSON"]


@pytest.mark.usefixtures("topic")
def test_it_claims_nothing_that_was_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> int:
        raise OperationalError("INSERT", {}, Exception("the disk is full"))

    monkeypatch.setattr(hook, "store_events", broken)
    with pytest.raises(OperationalError):  # a 500, so SNS tries again
        post(signed(notification(event("Send"))))


@pytest.mark.usefixtures("topic")
def test_it_refuses_a_forger_and_keeps_nothing(database: Engine) -> None:
    answer = post(signed(notification(TopicArn="theirs")))
    assert answer.status == 403
    assert "theirs" in answer.text
    assert post(b"hello").status == 403
    assert stored(database) == 0


@pytest.mark.usefixtures("topic")
def test_it_asks_to_be_tried_again_when_the_certificate_cannot_be_had(database: Engine) -> None:
    body = signed(notification(event("Send")))
    answer = receive(body, NOW, fetch_certificate=unreachable, visit=unreachable)
    assert answer.status == 503
    assert stored(database) == 0


@pytest.mark.usefixtures("topic")
def test_it_confirms_a_subscription_by_visiting_its_url() -> None:
    visited: list[str] = []

    def visit(url: str) -> bytes:
        visited.append(url)
        return b""

    assert post(signed(confirmation()), visit) == Receipt(200, "Subscribed.")
    assert visited == [confirmation()["SubscribeURL"]]
    assert post(signed(confirmation()), unreachable).status == 503


@pytest.mark.usefixtures("topic")
def test_it_does_not_subscribe_again_when_a_subscription_ends() -> None:
    body = signed(confirmation(Type="UnsubscribeConfirmation"))
    assert post(body, unreachable) == Receipt(200, "Noted.")


class Endpoint:
    """An HTTP server that hands each post to :func:`receive`, as the web app does."""

    def __init__(self) -> None:
        outer = self
        self.answers: list[Receipt] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = receive(body, datetime.now(UTC))
                outer.answers.append(answer)
                self.send_response(answer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = False  # closing waits for what is being stored
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/ses"
        self.thread = Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def endpoint(
    database: Engine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Endpoint]:
    monkeypatch.setenv("BROADSHEET_SNS_TOPIC_ARNS", SANDBOX_TOPIC)
    config.settings.cache_clear()
    running = Endpoint()
    yield running
    running.close()


def until(look: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 15
    while not look():
        assert time.monotonic() < deadline, f"not within 15 s: {what}"
        time.sleep(0.02)


@pytest.mark.parametrize("version", ["1", "2"])
def test_it_hears_from_a_topic_what_became_of_an_issue(
    endpoint: Endpoint,
    sender: Sender,
    planned_issue: Callable[..., Issue],
    claim: Callable[[], Claim | None],
    sandbox: Sandbox,
    database: Engine,
    version: str,
) -> None:
    control = f"{sandbox.url}/control"
    asked = {"endpoint": endpoint.url, "signature_version": version}
    httpx2.post(f"{control}/sns/subscribe", json=asked).raise_for_status()
    until(lambda: endpoint.answers, "the request to confirm")
    assert endpoint.answers == [Receipt(200, "Subscribed.")]

    outcomes = {"reader1@example.org": "bounce", "reader2@example.org": "complaint"}
    httpx2.post(
        f"{control}/faults",
        json={"outcomes": outcomes, "events": {"double": True, "shuffle": True}},
    ).raise_for_status()
    issue = planned_issue(count=3)
    taken = claim()
    assert taken is not None
    sender.send_batch(taken)

    def settled() -> bool:
        with Session(database) as session:
            return states(session, issue.id) == [
                DeliveryState.BOUNCED,
                DeliveryState.COMPLAINED,
                DeliveryState.DELIVERED,
            ]

    until(settled, "a bounce, a complaint and a delivery")
    assert {answer.status for answer in endpoint.answers} == {200}
    with Session(database) as session:
        assert len(session.scalars(select(Suppression)).all()) == 2
        assert None not in session.scalars(select(Delivery.message_id)).all()
