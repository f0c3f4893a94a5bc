"""The mail as a mailbox gets it: MIME, headers, and how it looks at two widths and two schemes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from service.cli.demo.visitor import Visitor
from service.models import IssueKind
from tests.browser.looks import faults
from tests.servers.inbox import Received
from tests.servers.installation import SLUG, Installation

LARGEST_HTML = 95_000
"""Bytes. Gmail clips a mail near 102 KB."""

WIDTHS = (600, 375)
READER = "dora@readers.example.com"

# What is rendered does not hang on the database.
pytestmark = pytest.mark.parametrize("installation", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def issue(installation: Installation) -> Received:
    """The daily issue with all its sections, as a reader without special wishes got it."""
    before = len(installation.inbox.of(READER))
    installation.publish(IssueKind.DAILY)
    return installation.inbox.wait_for(READER, before + 1)


@pytest.fixture(scope="module")
def service_mail(installation: Installation) -> dict[str, Received]:
    """What a reader who signs up is sent before the first issue."""
    address, home = "pavel@readers.example.com", f"/n/{SLUG}/"
    with Visitor(installation.site_url) as reader:
        form = reader.open(home)
        time.sleep(1.1)  # the site takes a form that comes back within 1 s for a program's
        reader.submit(form, "/subscribe", {"email": address})
        asked = installation.inbox.wait_for(address, 1)
        reader.submit(reader.open(asked.link("/confirm/")), "/confirm/", {})
        return {"confirm": asked, "welcome": installation.inbox.wait_for(address, 2)}


def test_it_parses_without_a_defect_and_has_both_parts(issue: Received) -> None:
    parts = list(issue.parsed.walk())
    assert [part.defects for part in parts] == [[]] * len(parts)
    assert [part.get_content_type() for part in parts] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert "AI LABS" in (issue.text or "")
    assert "AI Labs" in (issue.html or "")


def test_it_is_no_larger_than_a_mailbox_shows(issue: Received) -> None:
    assert len((issue.html or "").encode()) < LARGEST_HTML


def test_it_says_that_service_mail_comes_from_no_person(service_mail: dict[str, Received]) -> None:
    for mail in service_mail.values():
        assert mail.headers["auto-submitted"] == "auto-generated"
        assert [part.defects for part in mail.parsed.walk()] == [[], [], []]


def test_it_holds_no_mjml_and_no_open_slot(issue: Received) -> None:
    for part in (issue.html or "", issue.text or "", issue.subject):
        for left in ("<mj-", "unsubscribeUrl", "preferencesUrl"):
            assert left not in part


def test_it_carries_the_headers_that_providers_ask_for(
    issue: Received, installation: Installation
) -> None:
    headers = issue.headers
    assert headers["list-unsubscribe"].startswith(f"<{installation.site_url}/unsubscribe/")
    assert headers["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert headers["list-id"] == f"The Inference Report <{SLUG}.127.0.0.1>"
    assert headers["list-archive"] == f"<{installation.site_url}/n/{SLUG}/archive>"
    assert headers["list-post"] == "NO"
    assert headers["precedence"] == "bulk"
    assert headers["from"] == "The Inference Report <report@inference.example>"
    number, newsletter, *by_ses = headers["feedback-id"].split(":")
    assert number.isdigit(), "Feedback-ID names the issue"
    assert newsletter == SLUG
    assert by_ses[-1] == "AmazonSES"


def test_it_fits_a_desk_and_a_phone_light_and_dark(
    service_mail: dict[str, Received], issue: Received, chromium: Browser, tmp_path: Path
) -> None:
    mails = {"daily": issue} | service_mail
    found = []
    with chromium.new_context(offline=True) as context:
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        for name, mail in mails.items():
            page.set_content(mail.html or "")
            found += faults(page, name, WIDTHS, tmp_path, mail=True)
    assert found == []
    assert asked == [], "the mail asks for something when it is opened"
