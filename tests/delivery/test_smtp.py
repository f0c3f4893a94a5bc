"""SMTP: what each answer of the server means for a message, over a real connection."""

from __future__ import annotations

import email
import email.policy
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial

import pytest
from redis import Redis
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from service.config import settings
from service.delivery.claim import Claim
from service.delivery.pace import RedisPace
from service.delivery.send import Sender
from service.delivery.transports import Outcome, Recipient, Shipment, Verdict
from service.delivery.transports.choose import make_transport
from service.delivery.transports.smtp import SmtpTransport
from service.message.mail import Mail
from service.message.slots import mark
from service.models import DeliveryState, Issue
from tests.delivery.rows import states
from tests.servers.smtp import SmtpServer

NONCE = "n1"
SHIPMENT = Shipment(
    mail=Mail.of(NONCE, "Grüße", f"<p>.Hi <a href='{mark(NONCE, 'link')}'>x</a></p>",
                 f".leading dot\n{mark(NONCE, 'link')}\n"),
    sender="The Report <report@news.example.org>",
    reply_to="editor@news.example.org",
    headers={"List-Id": "<report.news.example.org>"},
    tags={},
)  # fmt: skip


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    running = SmtpServer()
    yield running
    running.close()


@pytest.fixture
def transport(server: SmtpServer) -> Iterator[SmtpTransport]:
    made = SmtpTransport(server.url, max_rate=None, timeout=5)
    yield made
    made.close()


def recipients(*names: str) -> list[Recipient]:
    return [
        Recipient(f"{name}@example.org", {"link": f"https://x/{name}?a=1&b=2"}, {"X-Own": name})
        for name in names
    ]


def verdicts(outcomes: list[Outcome]) -> list[Verdict]:
    return [outcome.verdict for outcome in outcomes]


def test_it_sends_each_reader_their_own_copy_on_one_connection(
    server: SmtpServer, transport: SmtpTransport
) -> None:
    first = transport.send(SHIPMENT, recipients("ada", "bob"))
    second = transport.send(SHIPMENT, recipients("cy"))
    assert verdicts(first + second) == [Verdict.ACCEPTED] * 3
    assert server.connections == 1
    assert [message.recipients for message in server.received] == [
        ["ada@example.org"],
        ["bob@example.org"],
        ["cy@example.org"],
    ]
    mail = email.message_from_bytes(server.received[1].data, policy=email.policy.default)
    assert not [part.defects for part in mail.walk() if part.defects]
    assert server.received[1].sender == "report@news.example.org"
    assert mail["From"] == "The Report <report@news.example.org>"
    assert (mail["To"], mail["Subject"]) == ("bob@example.org", "Grüße")
    assert (mail["Reply-To"], mail["X-Own"]) == ("editor@news.example.org", "bob")
    assert mail["List-Id"] == "<report.news.example.org>"
    assert mail["Message-ID"] == first[1].message_id
    text = mail.get_body(("plain",))
    assert text is not None
    assert text.get_content().replace("\r\n", "\n") == ".leading dot\nhttps://x/bob?a=1&b=2\n"
    assert len({outcome.message_id for outcome in first + second}) == 3


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("550 5.1.1 no such user", Verdict.REJECTED),
        ("451 4.7.1 try again later", Verdict.RETRY),
        ("421 4.3.2 closing", Verdict.RETRY),
    ],
)
@pytest.mark.parametrize("when", ["recipients", "data"])
def test_it_keeps_a_refusal_to_the_reader_it_is_about(
    server: SmtpServer, transport: SmtpTransport, answer: str, verdict: Verdict, when: str
) -> None:
    getattr(server.behaviour, when)["bob@example.org"] = answer
    outcomes = transport.send(SHIPMENT, recipients("ada", "bob", "cy"))
    assert verdicts(outcomes) == [Verdict.ACCEPTED, verdict, Verdict.ACCEPTED]
    assert outcomes[1].reason == f"The SMTP server said {answer[:3]}: {answer[4:]}"
    assert [message.recipients for message in server.received] == [
        ["ada@example.org"],
        ["cy@example.org"],
    ]


def test_it_sends_several_chunks_at_a_time_on_a_connection_each(
    server: SmtpServer, transport: SmtpTransport
) -> None:
    chunks = [recipients(*(f"r{chunk}-{number}" for number in range(10))) for chunk in range(8)]
    with ThreadPoolExecutor(4) as lanes:
        outcomes = [one for chunk in lanes.map(partial(transport.send, SHIPMENT), chunks)
                    for one in chunk]  # fmt: skip
    assert verdicts(outcomes) == [Verdict.ACCEPTED] * 80
    copies = {
        message.recipients[0]: email.message_from_bytes(message.data)["X-Own"]
        for message in server.received
    }
    assert copies == {one.address: one.headers["X-Own"] for chunk in chunks for one in chunk}
    assert server.connections <= 4


def test_it_does_not_know_what_became_of_a_message_whose_answer_is_lost(
    server: SmtpServer, transport: SmtpTransport
) -> None:
    server.behaviour.drop_after_data = {"bob@example.org"}
    outcomes = transport.send(SHIPMENT, recipients("ada", "bob", "cy"))
    assert verdicts(outcomes) == [Verdict.ACCEPTED, Verdict.UNKNOWN, Verdict.LATER]
    assert len(server.received) == 2, "it was taken, and the one after it was not tried"
    assert verdicts(transport.send(SHIPMENT, recipients("cy"))) == [Verdict.ACCEPTED]
    assert server.connections == 2


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [("553 5.7.1 not your address", Verdict.HALT), ("451 4.3.0 later", Verdict.LATER)],
)
def test_it_halts_when_the_sender_is_refused(
    server: SmtpServer, transport: SmtpTransport, answer: str, verdict: Verdict
) -> None:
    """Were it taken for the reader's fault, every reader would be given up."""
    server.behaviour.sender = answer
    assert verdicts(transport.send(SHIPMENT, recipients("ada"))) == [verdict]


def test_it_logs_in_with_what_the_url_says(server: SmtpServer) -> None:
    url = server.url.replace("smtp://", "smtp://the%40user:p%2Fw@")
    transport = SmtpTransport(url, max_rate=None, timeout=5)
    assert verdicts(transport.send(SHIPMENT, recipients("ada"))) == [Verdict.ACCEPTED]
    transport.close()
    assert server.logins == ["PLAIN AHRoZUB1c2VyAHAvdw=="]  # NUL the@user NUL p/w


def test_it_halts_when_the_password_is_wrong(server: SmtpServer) -> None:
    server.behaviour.login = "535 5.7.8 wrong"
    url = server.url.replace("smtp://", "smtp://user:password@")
    transport = SmtpTransport(url, max_rate=None, timeout=5)
    [outcome] = transport.send(SHIPMENT, recipients("ada"))
    transport.close()
    assert outcome.verdict is Verdict.HALT
    assert "Check BROADSHEET_SMTP_URL" in (outcome.reason or "")


def test_it_connects_again_when_the_server_has_hung_up_meanwhile(server: SmtpServer) -> None:
    transport = SmtpTransport(server.url, max_rate=None, timeout=5)
    transport.send(SHIPMENT, recipients("ada"))
    kept = transport._idle[0]._connection
    assert kept is not None
    assert kept.sock is not None
    kept.sock.shutdown(socket.SHUT_RDWR)
    assert verdicts(transport.send(SHIPMENT, recipients("bob"))) == [Verdict.ACCEPTED]
    transport.close()
    assert server.connections == 2


def test_it_waits_once_for_a_server_that_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        transport = SmtpTransport(url, max_rate=None, timeout=0.3)
        began = time.monotonic()
        outcomes = transport.send(SHIPMENT, recipients(*(f"r{n}" for n in range(50))))
        assert time.monotonic() - began < 5, "a timeout for each of 50 outlives the lease"
    assert verdicts(outcomes) == [Verdict.LATER] * 50
    assert "could not be reached" in (outcomes[0].reason or "")


@pytest.mark.parametrize("url", ["", "mail.example.org:25", "http://mail.example.org", "smtp://"])
def test_it_says_what_the_url_must_look_like(url: str) -> None:
    with pytest.raises(ValueError, match="BROADSHEET_SMTP_URL must look like"):
        SmtpTransport(url, max_rate=None)


def test_it_tells_no_limit_but_the_one_that_is_set() -> None:
    assert SmtpTransport("smtp://127.0.0.1:1", max_rate=3.5).account().max_rate == 3.5


def test_it_carries_an_issue(
    server: SmtpServer,
    redis: Redis,
    planned_issue: Callable[..., Issue],
    claim: Callable[[], Claim | None],
    database: Engine,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BROADSHEET_TRANSPORT", "smtp")
    monkeypatch.setenv("BROADSHEET_SMTP_URL", server.url)
    settings.cache_clear()
    server.behaviour.recipients = {"reader2@example.org": "550 5.1.1 no such user"}
    issue = planned_issue(count=3)
    transport = make_transport(settings())
    sender = Sender(
        transport=transport,
        pace=RedisPace(redis),
        settings=settings(),
        clock=lambda: now,
        rate=lambda: 1000.0,
    )
    taken = claim()
    assert taken is not None
    assert dict(sender.send_batch(taken)) == {"accepted": 2, "rejected": 1}
    transport.close()
    with Session(database) as session:
        assert states(session, issue.id) == [
            DeliveryState.ACCEPTED,
            DeliveryState.ACCEPTED,
            DeliveryState.REJECTED,
        ]
