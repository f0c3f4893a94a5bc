"""SendEmail, through an unmodified boto3."""

from __future__ import annotations

import email
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from service.sandbox import Sandbox

from .people import ask, simple


def parsed(sandbox: Sandbox, seq: int) -> EmailMessage:
    raw = ask(sandbox.url, f"/inbox/{seq}.eml").body
    message = email.message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def test_it_makes_mime_without_defects_from_simple_content(sandbox: Sandbox, ses: Any) -> None:
    answer = ses.send_email(**simple("Zoë <zoe@mail.example>"))
    message = parsed(sandbox, 1)
    assert [part.defects for part in message.walk()] == [[], [], []]
    assert message["Subject"] == "Crème brûlée"
    assert message["Message-ID"] == f"<{answer['MessageId']}@email.amazonses.com>"
    assert message["To"].addresses[0].display_name == "Zoë"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message.get_body(("plain",)).get_content().strip() == "Schön."


def test_it_keeps_custom_headers_as_they_were_given(sandbox: Sandbox, ses: Any) -> None:
    long = "<https://news.example/unsubscribe/" + "k" * 600 + ">"
    call = simple("ada@mail.example")
    call["Content"]["Simple"]["Headers"] = [{"Name": "List-Unsubscribe", "Value": long}]
    ses.send_email(**call)
    assert parsed(sandbox, 1)["List-Unsubscribe"] == long


def test_it_replaces_date_and_message_id_of_a_raw_message(sandbox: Sandbox, ses: Any) -> None:
    raw = (
        b"From: digest@news.example\r\nTo: ada@mail.example\r\nSubject: Raw\r\n"
        b"Date: Thu, 01 Jan 1970 00:00:00 +0000\r\nMessage-ID: <mine@news.example>\r\n"
        b"X-Kept: folded\r\n value\r\nMIME-Version: 1.0\r\n\r\nThe body,\r\n\r\nwith a gap.\r\n"
    )
    answer = ses.send_email(Content={"Raw": {"Data": raw}})
    message = parsed(sandbox, 1)
    assert message.get_all("Message-ID") == [f"<{answer['MessageId']}@email.amazonses.com>"]
    assert message["Date"].datetime.year > 2000
    assert message["X-Kept"] == "folded value"
    assert message.get_content() == "The body,\r\n\r\nwith a gap.\r\n"
    assert message.defects == []
    assert sandbox.store.by_recipient() == {"ada@mail.example": 1}


def test_it_fills_a_named_template(sandbox: Sandbox, ses: Any) -> None:
    content = {"Subject": "For {{name}}", "Text": "Hello {{name}}"}
    ses.create_email_template(TemplateName="greeting", TemplateContent=content)
    template = {"TemplateName": "greeting", "TemplateData": '{"name": "Ada"}'}
    ses.send_email(**simple("ada@mail.example", Content={"Template": template}))
    assert parsed(sandbox, 1)["Subject"] == "For Ada"


def test_it_lets_templates_be_read_changed_and_deleted(ses: Any) -> None:
    content = {"Subject": "One", "Text": "one"}
    ses.create_email_template(TemplateName="t", TemplateContent=content)
    with pytest.raises(ses.exceptions.AlreadyExistsException):
        ses.create_email_template(TemplateName="t", TemplateContent=content)
    ses.update_email_template(TemplateName="t", TemplateContent={**content, "Subject": "Two"})
    assert ses.get_email_template(TemplateName="t")["TemplateContent"]["Subject"] == "Two"
    ses.delete_email_template(TemplateName="t")
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.get_email_template(TemplateName="t")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"ConfigurationSetName": "unheard-of"}, "NotFoundException"),
        ({"FromEmailAddress": "digest@unverified.example"}, "MessageRejected"),
        ({"FromEmailAddress": "Zoë <digest@news.example>"}, "BadRequestException"),
        ({"Destination": {"ToAddresses": ["nobody"]}}, "BadRequestException"),
        ({"Destination": {}}, "BadRequestException"),
        ({"EmailTags": [{"Name": "delivery", "Value": "a b"}]}, "BadRequestException"),
        ({"Content": {}}, "BadRequestException"),
    ],
)
def test_it_refuses_as_ses_does(
    sandbox: Sandbox, ses: Any, changed: dict[str, Any], error: str
) -> None:
    with pytest.raises(getattr(ses.exceptions, error)):
        ses.send_email(**simple("ada@mail.example", **changed))
    assert sandbox.store.latest() == 0


@pytest.mark.parametrize(
    "header",
    [
        {"Name": "X-Note", "Value": "Schön"},
        {"Name": "X-Note", "Value": "a\nb"},
        {"Name": "X-Note", "Value": "x" * 996},
        {"Name": "X" * 127, "Value": "x"},
        {"Name": "X Note", "Value": "x"},
        {"Name": "Subject", "Value": "x"},
    ],
)
def test_it_refuses_a_header_that_ses_would_refuse(ses: Any, header: dict[str, str]) -> None:
    call = simple("ada@mail.example")
    call["Content"]["Simple"]["Headers"] = [header]
    with pytest.raises(ses.exceptions.BadRequestException):
        ses.send_email(**call)


def test_it_refuses_a_sixteenth_header(ses: Any) -> None:
    call = simple("ada@mail.example")
    headers = [{"Name": f"X-{n}", "Value": "x"} for n in range(16)]
    call["Content"]["Simple"]["Headers"] = headers
    with pytest.raises(ses.exceptions.BadRequestException):
        ses.send_email(**call)
    call["Content"]["Simple"]["Headers"] = headers[:15]
    assert ses.send_email(**call)["MessageId"]


def test_it_gives_ids_that_find_their_message(sandbox: Sandbox, ses: Any) -> None:
    ids = [ses.send_email(**simple(f"p{n}@mail.example"))["MessageId"] for n in range(5)]
    found = [sandbox.store.by_id(message_id) for message_id in ids]
    assert [message.destination.to for message in found if message] == [
        (f"p{n}@mail.example",) for n in range(5)
    ]
    assert sandbox.store.by_id("0100000000000000-not-an-id") is None


def test_it_refuses_what_it_would_have_to_drop(ses: Any) -> None:
    call = simple("ada@mail.example")
    call["Content"]["Simple"]["Attachments"] = [{"FileName": "a.txt", "RawContent": b"x"}]
    with pytest.raises(ses.exceptions.BadRequestException, match="attachments"):
        ses.send_email(**call)
    listed = simple("ada@mail.example", ListManagementOptions={"ContactListName": "all"})
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.send_email(**listed)
