"""TLS that fails: before the request SES has nothing of it, after it nobody knows."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from service.delivery.transports import Outcome, Recipient, Shipment, Verdict
from service.delivery.transports.ses import SesTransport
from service.message.mail import Mail
from tests.sources.certificates import self_signed

SHIPMENT = Shipment(
    mail=Mail.of("n1", "Hi", "<p>Hi</p>", "Hi"),
    sender="report@news.example.org",
    reply_to=None,
    headers={},
    tags={},
)
BROKEN_RECORD = b"\x17\x03\x03\x00\x20" + b"\xff" * 32
"""Application data whose checksum is wrong."""


class Garbled:
    """Takes one request over TLS and answers with what no key decrypts."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.taken = 0
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://localhost:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        raw, _ = self._socket.accept()
        raw.settimeout(10)
        try:
            talk = self._context.wrap_socket(raw, server_side=True)
        except (OSError, ssl.SSLError):  # the caller does not trust us
            raw.close()
            return
        head, _, body = _read_until(talk, b"\r\n\r\n").partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        while len(body) < length:
            body += talk.recv(65_536)
        self.taken += 1
        with socket.socket(fileno=talk.detach()) as plain:
            plain.sendall(BROKEN_RECORD)


def _read_until(talk: ssl.SSLSocket, mark: bytes) -> bytes:
    text = b""
    while mark not in text:
        text += talk.recv(65_536)
    return text


@pytest.fixture
def send(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], tuple[Outcome, int]]:
    """Sends to one reader, trusting the server or not: the outcome, and how many calls it took."""
    context, certificate = self_signed(tmp_path)
    server = Garbled(context)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", server.url)

    def call(trusted: bool) -> tuple[Outcome, int]:
        if trusted:
            monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
        transport = SesTransport(
            mode="bulk", configuration_set="broadsheet", timeout=5, region="eu-west-1"
        )
        [outcome] = transport.send(SHIPMENT, [Recipient("ada@example.org", {})])
        transport.close()
        server.close()
        return outcome, server.taken

    return call


def test_it_does_not_know_what_became_of_a_call_whose_answer_was_garbled(
    send: Callable[[bool], tuple[Outcome, int]],
) -> None:
    outcome, taken = send(True)
    assert taken == 1
    assert outcome.verdict is Verdict.UNKNOWN, "SES had the call: sent again it comes twice"


def test_it_tries_later_when_the_certificate_is_not_to_be_trusted(
    send: Callable[[bool], tuple[Outcome, int]],
) -> None:
    outcome, taken = send(False)
    assert taken == 0
    assert outcome.verdict is Verdict.LATER
