"""An editor sends an issue to some readers only, and it comes to them and to nobody else."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.editor import log_in, write_and_preview
from tests.browser.looks import faults
from tests.browser.test_manual_issue import latest_issue
from tests.browser.watch import Watch
from tests.servers.installation import Installation

WIDTHS = (1280, 390)
READER, TAG = "fatou@readers.example.com", "early bird"


@pytest.mark.parametrize("installation", ["postgresql"], indirect=True)
def test_it_comes_to_those_who_were_chosen(
    installation: Installation, watch: Watch, tmp_path: Path
) -> None:
    page = watch.person()
    log_in(page)
    page.goto(f"/admin/subscribers/tag?q={READER}")
    page.get_by_label("Tag", exact=True).fill(TAG)
    page.get_by_role("button", name="Change 1 reader").click()

    write_and_preview(page)
    expect(page.get_by_text("to every confirmed reader")).to_be_visible()
    issue = latest_issue(installation)
    page.get_by_role("button", name="Choose readers …").click()
    page.get_by_label("With one of").fill(TAG)
    expect(page.get_by_role("status")).to_have_text(f"1 reader: readers with the tag {TAG}.")
    assert faults(page, "segment", WIDTHS, tmp_path) == []
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text(f"It goes to readers with the tag {TAG}.")

    page.get_by_role("link", name="Send …").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#main")).to_contain_text("are not among those you chose")
    page.get_by_role("button", name=re.compile("^Send it to 1 reader")).click()
    expect(page.locator("#counts .state")).to_have_text("sent", timeout=60_000)
    assert installation.inbox.recipients_of(issue.id) == Counter([READER])
