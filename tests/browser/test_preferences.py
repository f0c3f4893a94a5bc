"""A reader mistypes, confirms, chooses, moves to another address, takes their data and goes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from service.models import IssueKind, Subscriber
from tests.browser.looks import faults
from tests.browser.watch import Watch
from tests.servers.installation import SLUG, Installation

WIDTHS = (1280, 390)


Seen = Callable[[str], None]


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
def test_it_takes_a_reader_through_all_that_is_theirs_to_change(
    installation: Installation, watch: Watch, tmp_path: Path, javascript: bool
) -> None:
    installation.publish(IssueKind.WEEKLY)
    page = watch.person(javascript=javascript)
    name = f"pia-{'js' if javascript else 'plain'}"
    found: list[str] = []

    def seen(called: str) -> None:
        if javascript:
            found.extend(faults(page, called, WIDTHS, tmp_path))

    ask_with_a_slip(page, f"{name}@gmial.com", seen, javascript=javascript)
    confirm_and_begin(installation, page, f"{name}@gmail.com", seen, javascript=javascript)
    move_to_another_address(installation, page, name, seen)
    take_it_back(installation, page, f"{name}@gmail.com")
    take_the_data(installation, page, f"{name}@gmail.com", seen)
    delete_it_all(installation, page, f"{name}@gmail.com")
    assert found == []


def ask_with_a_slip(page: Page, typed: str, seen: Seen, *, javascript: bool) -> None:
    page.goto(f"/n/{SLUG}/")
    page.get_by_label("Your e-mail address").fill(typed)
    page.wait_for_timeout(1100)  # the site takes a form that comes back within 1 s for a program's
    if javascript:
        page.get_by_label("Your e-mail address").blur()
    else:
        page.get_by_role("button", name="Subscribe").click()
        page.wait_for_timeout(1100)
    expect(page.get_by_text("Did you mean")).to_be_visible()
    expect(page.get_by_label("Your e-mail address")).to_have_value(typed)
    seen("hint")
    page.get_by_role("button", name="Yes, use").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your inbox")
    seen("inbox")
    page.get_by_role("button", name="Send the message again").click()
    expect(page.get_by_role("status")).to_contain_text("Sent once more")
    page.get_by_role("link", name="Privacy").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Privacy")
    seen("privacy")


def confirm_and_begin(
    installation: Installation, page: Page, reader: str, seen: Seen, *, javascript: bool
) -> None:
    page.goto(installation.inbox.wait_for(reader).link("/confirm/"))
    page.get_by_role("button", name="Yes, subscribe me").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are subscribed")
    expect(page.get_by_role("link", name="Read the latest issue")).to_be_visible()
    zone = page.get_by_label("Time zone of that hour")
    here = page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone") if javascript else ""
    expect(zone).to_have_value(here)
    seen("begin")
    page.get_by_label("Hour", exact=True).select_option("6")
    zone.select_option("Asia/Tokyo")
    page.get_by_label("cs.SE").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    expect(page.locator(".next")).to_contain_text("06:00 JST")
    expect(page.get_by_label("cs.SE")).to_be_checked()
    assert int(page.locator(".section-choice > .held").first.inner_text().split()[-1]) > 0
    seen("preferences")


def move_to_another_address(installation: Installation, page: Page, name: str, seen: Seen) -> None:
    page.get_by_label("New address").fill(f"{name}@new.example")
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_role("status")).to_contain_text("sent a message to the new address")
    asked = installation.inbox.wait_for(f"{name}@new.example")
    page.goto(asked.link("/address/"))
    seen("address")
    page.get_by_role("button", name="Yes, send it here").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Done")
    assert email_of(installation, f"{name}@new.example")
    page.get_by_role("link", name="All your preferences").click()
    expect(page.get_by_text("p•••@new.example")).to_be_visible()
    expect(page.get_by_text("the old one can take that back")).to_be_visible()
    seen("moved")


def take_it_back(installation: Installation, page: Page, reader: str) -> None:
    told = installation.inbox.wait_for(reader, 3)  # after the confirmation and the welcome
    page.goto(told.link("/address/"))
    page.get_by_role("button", name="Yes, send it here").click()
    assert email_of(installation, reader)
    page.get_by_role("link", name="All your preferences").click()


def take_the_data(installation: Installation, page: Page, reader: str, seen: Seen) -> None:
    page.get_by_role("button", name="Send me a link to my data").click()
    expect(page.get_by_role("status")).to_contain_text("We have sent you a link")
    page.goto(installation.inbox.wait_for(reader, 4).link("/data/"))
    seen("data")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download my data").click()
    kept: dict[str, Any] = json.loads(Path(download.value.path()).read_text())
    assert kept["address"] == reader
    assert kept["consent"]["seal"]


def delete_it_all(installation: Installation, page: Page, reader: str) -> None:
    expect(page.get_by_role("heading", name="What stays, and why")).to_be_visible()
    page.get_by_role("button", name="Delete my data for good").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your data is deleted")
    assert not email_of(installation, reader)


def email_of(installation: Installation, email: str) -> bool:
    """Whether a reader has this address."""
    with installation.rows() as session:
        return session.scalar(select(Subscriber.id).where(Subscriber.email == email)) is not None
