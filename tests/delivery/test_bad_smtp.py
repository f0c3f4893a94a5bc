"""An SMTP server whose answer cannot be read: the message may have been taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from service.delivery.claim import Claim
from service.delivery.send import Sender
from service.delivery.transports import Verdict
from service.delivery.transports.smtp import SmtpTransport
from service.models import DeliveryState, Issue
from tests.delivery.rows import states
from tests.delivery.test_smtp import SHIPMENT, recipients
from tests.servers.smtp import SmtpServer


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    running = SmtpServer()
    yield running
    running.close()


@pytest.mark.parametrize("answer", ["ok, taken", "251 taken and handed on", "2"])
def test_it_does_not_take_an_answer_for_a_refusal_that_is_none(
    server: SmtpServer, answer: str
) -> None:
    server.behaviour.data["ada@example.org"] = answer
    transport = SmtpTransport(server.url, max_rate=None, timeout=5)
    [outcome] = transport.send(SHIPMENT, recipients("ada"))
    transport.close()
    assert outcome.verdict is Verdict.UNKNOWN
    assert "which is no refusal" in (outcome.reason or "")


def test_it_records_a_chunk_though_the_server_says_what_no_database_keeps(
    server: SmtpServer,
    sender: Sender,
    planned_issue: Callable[..., Issue],
    claim: Callable[[], Claim | None],
    database: Engine,
) -> None:
    label = "a" * 60
    issue = planned_issue(count=2, from_address=f"r@{label}.{label}.{label}.example.org")
    server.behaviour.data["reader2@example.org"] = "550 no\0such thing"
    sender.transport = SmtpTransport(server.url, max_rate=None, timeout=5)
    taken = claim()
    assert taken is not None
    sender.send_batch(taken)
    sender.transport.close()
    with Session(database) as session:
        assert states(session, issue.id) == [DeliveryState.ACCEPTED, DeliveryState.REJECTED]
