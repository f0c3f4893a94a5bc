"""An owner makes a token, and a program that has it signs a reader up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.editor import log_in
from tests.browser.looks import faults
from tests.browser.watch import Watch, follow
from tests.servers.installation import SLUG, Installation

WIDTHS = (1280, 390)
pytestmark = pytest.mark.parametrize("installation", ["sqlite"], indirect=True)


def test_it_lets_a_program_in_with_a_token_of_the_owners(
    installation: Installation, watch: Watch
) -> None:
    page = watch.person()
    log_in(page)
    page.get_by_role("link", name="API", exact=True).click()
    page.get_by_label("For which program").fill("The shop")
    page.get_by_label("Add, change, tag").check()
    page.get_by_role("button", name="Make the token").click()
    token = page.get_by_label("Token").input_value()

    answer = page.request.post(
        "/api/v1/subscribers",
        headers={"Authorization": f"Bearer {token}"},
        data={
            "newsletter": SLUG,
            "email": "zoe@shop.example.com",
            "consent": {"statement": "Ticked it at checkout on shop.example.com."},
        },
    )
    assert answer.status == 201, answer.text()
    page.goto("/admin/subscribers?q=zoe@shop.example.com")
    expect(page.get_by_role("link", name="zoe@shop.example.com")).to_be_visible()

    page.goto("/admin/tokens")
    page.get_by_role("button", name="Revoke The shop").click()
    expect(page.get_by_text("“The shop” opens nothing any more.")).to_be_visible()


def test_it_fits_and_reads_well_on_the_pages_for_programs(
    installation: Installation, watch: Watch, tmp_path: Path
) -> None:
    page = watch.person()
    log_in(page)
    found = []
    for name in pages(page):
        found += faults(page, name, WIDTHS, tmp_path)
    assert found == []


def pages(page: Page) -> Iterator[str]:
    """Open one after the other; the name of each."""
    page.goto("/api/v1/docs")
    yield "api"
    page.goto("/admin/tokens")
    yield "tokens"
    page.goto("/admin/webhooks")
    yield "webhooks"
    page.get_by_label("Address that is called").fill("https://hooks.example.org/broadsheet")
    page.get_by_label("A reader left").check()
    follow(page.get_by_role("button", name="Add"))
    yield "webhook"
