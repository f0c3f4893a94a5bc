"""An editor finds a reader, tags and suppresses them, and sees what became of every message."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.editor import log_in
from tests.browser.looks import faults
from tests.browser.watch import Watch
from tests.servers.installation import Installation

WIDTHS = (1280, 390)
READER = "chidi@readers.example.com"
WHY = "Wrote to us by post."

# What a page does hangs on the database in tests/web, which asks both.
pytestmark = pytest.mark.parametrize("installation", ["sqlite"], indirect=True)


@pytest.mark.parametrize("javascript", [True, False])
def test_it_finds_a_reader_and_tells_their_story(
    installation: Installation, watch: Watch, tmp_path: Path, javascript: bool
) -> None:
    page = watch.person(javascript=javascript)
    log_in(page)
    find(page, "chi")
    expect(page.get_by_role("heading", level=1)).to_have_text(READER)

    tag = "beta" if javascript else "plain"
    page.get_by_label("Another tag" if not javascript else "Tag", exact=True).fill(tag)
    page.get_by_role("button", name="Tag", exact=True).click()
    expect(page.get_by_role("region", name="Tags")).to_contain_text(tag)

    page.get_by_label("Why nothing may be sent to them").fill(WHY)
    page.get_by_role("button", name="Suppress").click()
    expect(page.get_by_text("Nothing is sent to this address", exact=True)).to_be_visible()
    if javascript:
        assert faults(page, "story", WIDTHS, tmp_path) == []
    page.get_by_text("Allow mail again").click()
    page.get_by_label("Why it is right to write to them again").fill("They wrote once more.")
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("status")).to_contain_text("Mail may go to this address again.")
    for told in ("none changed or taken out", "reader.tag", WHY, "They wrote once more."):
        expect(page.locator("#main")).to_contain_text(told)


def test_it_says_how_many_before_it_tags_them(
    installation: Installation, watch: Watch, tmp_path: Path
) -> None:
    page = watch.person()
    log_in(page)
    page.goto("/admin/subscribers?q=@readers.example.com")
    assert faults(page, "found", WIDTHS, tmp_path) == []
    page.get_by_role("link", name="Tag all who are found").click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("readers")
    number = (heading.text_content() or "").split()[1]
    page.get_by_label("Tag", exact=True).fill("everybody")
    page.get_by_role("button", name=f"Change {number} readers").click()
    expect(page.get_by_role("status")).to_contain_text(f"is new on {number} readers")
    page.get_by_text("Filters").click()
    page.get_by_label("Tag", exact=True).select_option("everybody")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("region", name="Subscribers").get_by_text("everybody")).to_have_count(
        int(number)
    )


def find(page: Page, typed: str) -> None:
    page.get_by_role("link", name="Subscribers").click()
    page.get_by_label("Address").fill(typed)
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name=READER).click()
