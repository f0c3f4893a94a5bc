from __future__ import annotations

from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import pytest
from hypothesis import given

from service.message.headers import mailbox
from service.message.mail import Mail
from service.message.mime import Fields, encode
from tests.message.texts import NONCE, PART, TEXT, VALUES

DATE = datetime(2026, 4, 27, 7, 0, tzinfo=UTC)
NO_VALUES = {"unsubscribeUrl": "https://a.example/u", "preferencesUrl": "", "address": ""}


def fields(values: dict[str, str]) -> Fields:
    return {
        "sender": mailbox("The Report", "news@example.org"),
        "recipient": "ada@example.org",
        "headers": {"List-Post": "NO"},
        "values": values,
        "date": DATE,
        "message_id": "<1@example.org>",
    }


def message(mail: Mail, values: dict[str, str]) -> bytes:
    return encode(mail).message(**fields(values))


def parsed(raw: bytes) -> EmailMessage:
    found = BytesParser(policy=policy.default).parsebytes(raw)
    assert isinstance(found, EmailMessage)
    return found


def lines(text: str) -> str:
    """What a part must hold: line ends are CRLF in mail, a lone surrogate is no text."""
    joined = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    return joined.encode("utf-8", "replace").decode()


def part(found: EmailMessage, kind: str) -> str:
    body = found.get_body((kind,))
    assert body is not None, f"no {kind} part"
    assert not body.defects
    content = body.get_content()
    assert isinstance(content, str)
    return content


@given(TEXT, PART, PART, VALUES)
def test_it_survives_the_round_trip_with_no_defects(
    subject: str, html: str, text: str, values: dict[str, str]
) -> None:
    mail = Mail.of(NONCE, subject, html, text)
    filled = mail.fill(values)
    assert filled.html is not None
    found = parsed(message(mail, values))
    assert not found.defects
    assert found["subject"] == filled.subject.encode("utf-8", "replace").decode()
    assert not found["subject"].defects
    assert part(found, "plain") == lines(filled.text)
    assert part(found, "html") == lines(filled.html)


def test_it_lets_no_text_end_a_part() -> None:
    boundary = parsed(message(Mail.of(NONCE, "s", "h", "t"), NO_VALUES)).get_boundary()
    text = f"before\n--{boundary}\nbetween\n--{boundary}--\nafter"
    found = parsed(message(Mail.of(NONCE, "s", text, text), NO_VALUES))
    assert (part(found, "plain"), part(found, "html")) == (lines(text), lines(text))


@given(PART, VALUES)
def test_it_sends_text_alone_to_readers_of_text(text: str, values: dict[str, str]) -> None:
    mail = Mail.of(NONCE, "s", None, text)
    found = parsed(message(mail, values))
    assert not found.is_multipart()
    assert found.get_content_type() == "text/plain"
    assert part(found, "plain") == lines(mail.fill(values).text)


@given(TEXT, PART, PART, VALUES)
def test_it_keeps_every_line_short_and_in_ascii(
    subject: str, html: str, text: str, values: dict[str, str]
) -> None:
    raw = message(Mail.of(NONCE, subject, html, text), values)
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    body = raw.partition(b"\r\n\r\n")[2]
    assert max(len(line) for line in body.split(b"\r\n")) <= 76
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


@pytest.mark.parametrize("length", range(70, 80))
@pytest.mark.parametrize("blank", [" ", "\t"])
def test_it_keeps_a_line_short_that_ends_in_a_blank(length: int, blank: str) -> None:
    text = "a" * length + blank + "\nb"
    raw = message(Mail.of(NONCE, "s", None, text), NO_VALUES)
    assert max(len(line) for line in raw.partition(b"\r\n\r\n")[2].split(b"\r\n")) <= 76
    assert part(parsed(raw), "plain") == lines(text)


def test_it_puts_the_given_headers_once() -> None:
    found = parsed(message(Mail.of(NONCE, "Hello", "<p>h</p>", "t"), NO_VALUES))
    assert {name: found.get_all(name) for name in ("From", "To", "Subject", "List-Post")} == {
        "From": ["The Report <news@example.org>"],
        "To": ["ada@example.org"],
        "Subject": ["Hello"],
        "List-Post": ["NO"],
    }
    assert found["Date"] == "Mon, 27 Apr 2026 07:00:00 +0000"
    assert found["Message-ID"] == "<1@example.org>"


@pytest.mark.parametrize(
    "change",
    [
        {"recipient": "a@b.example\r\nBcc: c@d.example"},
        {"message_id": "<1>\nX: y"},
        {"headers": {"X-Long": "a" * 996}},
        {"headers": {"X-Utf8": "é"}},
    ],
)
def test_it_refuses_a_header_that_is_not_one_ascii_line(change: Any) -> None:
    mail = encode(Mail.of(NONCE, "s", None, "t"))
    with pytest.raises(ValueError, match="header"):
        mail.message(**{**fields({}), **change})


def test_it_gives_each_reader_their_own_values() -> None:
    encoded = encode(Mail.of(NONCE, "s", f"<a href='SLOT_{NONCE}_actionUrl_'>x</a>", "t"))
    first, second = (
        encoded.message(**fields({"actionUrl": f"https://b.example/{name}"}))
        for name in ("ada", "bob")
    )
    assert b"/ada" in first
    assert b"/ada" not in second
