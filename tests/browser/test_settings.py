"""Sources and settings in a browser: a feed tried and added, a look drawn as it changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.editor import log_in
from tests.browser.looks import faults
from tests.browser.watch import Watch
from tests.servers.installation import SLUG, Installation

WIDTHS = (1280, 390)
SETTINGS = f"/admin/settings/{SLUG}"
PAGES = {
    "sources": f"/admin/sources/{SLUG}",
    "new-source": f"/admin/sources/{SLUG}/new",
    "opml": f"/admin/sources/{SLUG}/opml",
    "settings": "/admin/settings/",
    "new": "/admin/settings/new",
    "health": "/admin/health",
    **{tab: f"{SETTINGS}/{tab}" for tab in ("identity", "look", "sections", "schedule", "sending")},
}

# How a page looks, and what a form does, does not hang on the database.
pytestmark = pytest.mark.parametrize("installation", ["sqlite"], indirect=True)


def test_it_fits_and_shuts_nobody_out(
    installation: Installation, watch: Watch, tmp_path: Path
) -> None:
    page = watch.person()
    log_in(page)
    found = []
    for name, path in PAGES.items():
        page.goto(path)
        found += faults(page, name, WIDTHS, tmp_path)
    assert found == []


@pytest.mark.parametrize("javascript", [True, False])
def test_it_tries_a_feed_adds_it_and_takes_it_away(
    installation: Installation, watch: Watch, javascript: bool
) -> None:
    page = watch.person(javascript=javascript)
    log_in(page)
    page.goto(PAGES["sources"])
    feed = f"{installation.sandbox_url}/news/labs/quillon/feed.json"
    page.get_by_label("Try a feed").fill(feed)
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("heading", level=2).first).to_contain_text("What it gives now")
    expect(page.get_by_role("status")).to_contain_text("read already, as Quillon")
    page.get_by_role("link", name="Back to the sources").click()
    page.get_by_label("Try a feed").fill(f"{feed}?edition=2")
    page.get_by_role("button", name="Try it").click()
    page.get_by_label("Name, as readers see it").fill("Quillon, twice")
    page.get_by_role("button", name="Add to").click()
    line = page.get_by_role("listitem").filter(has_text="Quillon, twice")
    if javascript:
        expect(line.locator(".state")).to_have_text("well")  # read, and shown without a reload
    line.get_by_role("button", name="Pause").click()
    expect(line.locator(".state")).to_have_text("paused")
    line.get_by_role("link", name="Quillon, twice").click()
    page.get_by_role("link", name="Remove …").click()
    page.get_by_role("button", name="Remove it with its items").click()
    expect(line).to_have_count(0)


def test_it_draws_a_mail_in_the_colours_that_are_typed(
    installation: Installation, watch: Watch
) -> None:
    page = watch.person()
    log_in(page)
    page.goto(PAGES["look"])
    mail = page.frame_locator("iframe[name=preview]")
    expect(mail.locator("body")).to_be_visible()
    light = page.get_by_role("group", name="Colours, light")
    steps = page.evaluate("history.length")
    light.get_by_label("Sheet", exact=True).fill("#fedcba")
    expect(mail.locator("[style*='#fedcba']").first).to_be_visible()
    light.get_by_label("Captions", exact=True).fill("#fedcbb")
    expect(page.locator("#contrast")).to_contain_text("hard to read")
    page.get_by_label("dark", exact=True).check()
    expect(mail.locator("body")).to_have_css("background-color", "rgb(18, 17, 16)")
    light.get_by_label("Sheet", exact=True).fill("no colour")
    expect(page.locator("#contrast")).to_contain_text("not whole yet")
    assert page.evaluate("history.length") == steps, "going back goes through previews"


def test_it_keeps_what_was_typed_beside_a_bad_field(
    installation: Installation, watch: Watch
) -> None:
    page = watch.person(javascript=False)
    log_in(page)
    page.goto(PAGES["identity"])
    page.get_by_label("Byline").fill("The night desk")
    page.get_by_label("Sender's address").fill("nobody")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was saved")
    expect(page.get_by_label("Sender's address")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Byline")).to_have_value("The night desk")
    assert all("400" in complaint for complaint in watch.complaints), watch.complaints
    watch.complaints.clear()  # that answer itself is what was asked for


def test_it_has_a_worker_call_the_doctor(installation: Installation, watch: Watch) -> None:
    page = watch.person()
    log_in(page)
    page.goto(PAGES["health"])
    page.get_by_role("button", name="Look now").click()
    lines = page.locator("#doctor-lines")
    expect(lines.get_by_role("listitem").filter(has_text="database")).to_be_visible()
    expect(lines).to_contain_text("As of", timeout=120_000)
    expect(lines.get_by_role("listitem").filter(has_text="SES account").first).to_be_visible()
    page.reload()
    expect(page.get_by_role("definition").first).to_contain_text("healthy")
