"""An SMTP server whose answer cannot be read: the message may have been taken."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.delivery.transports import Verdict
from service.delivery.transports.smtp import SmtpTransport
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
