from __future__ import annotations

import re
from dataclasses import replace
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.message.headers import (
    Mailing,
    issue_headers,
    list_headers,
    mailbox,
    one_click_headers,
    service_headers,
)
from tests.message.texts import TEXT

MAILING = Mailing("https://news.example.org", "inference", "The Inference Report", "daily", 12)


def test_it_gives_an_issue_the_headers_that_providers_ask_for() -> None:
    headers = issue_headers(MAILING, "https://news.example.org/unsubscribe/t0k3n")
    assert headers == {
        "List-Unsubscribe": "<https://news.example.org/unsubscribe/t0k3n>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": "The Inference Report <inference.news.example.org>",
        "List-Archive": "<https://news.example.org/n/inference/archive>",
        "List-Help": "<https://news.example.org/n/inference/>",
        "List-Post": "NO",
        "Feedback-ID": "12:inference:daily:broadsheet",
        "Precedence": "bulk",
    }


def test_it_marks_service_mail_as_automatic() -> None:
    headers = service_headers(newsletter="inference", kind="confirm")
    assert headers["Auto-Submitted"] == "auto-generated"
    assert "List-Unsubscribe" not in headers


@given(TEXT)
def test_it_lets_no_name_add_a_header_or_leave_ascii(name: str) -> None:
    headers = list_headers(replace(MAILING, name=name))
    assert all(re.fullmatch(r"[\x20-\x7e]{1,995}", value) for value in headers.values())
    assert headers["List-Id"].endswith("<inference.news.example.org>")


@given(st.text(max_size=60))
def test_it_keeps_any_name_of_a_sender(name: str) -> None:
    # Not the newer parser: it leaves a space between two encoded words of a display name.
    phrase, address = parseaddr(mailbox(name, "news@example.org"))
    assert address == "news@example.org"
    shown = str(make_header(decode_header(phrase)))
    assert shown.split() == re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", name).split()


@pytest.mark.parametrize(
    "url", ["https://a.example/x y", "https://a.example/>,<mailto:b@c.example", "a\r\nB: c"]
)
def test_it_refuses_an_unsubscribe_url_that_leaves_its_brackets(url: str) -> None:
    with pytest.raises(ValueError, match="List-Unsubscribe"):
        one_click_headers(url)


def test_it_writes_an_international_host_in_ascii() -> None:
    headers = list_headers(replace(MAILING, base_url="https://zeitung.bücher.example:8443/x"))
    assert headers["List-Id"] == "The Inference Report <inference.zeitung.xn--bcher-kva.example>"
    assert headers["List-Help"] == "<https://zeitung.xn--bcher-kva.example:8443/x/n/inference/>"
