"""What an editor does before anything is sent."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.servers.installation import EDITOR, PASSWORD

SUBJECT = "A note on the <outage> · Friday"
TEXT = """\
Good day,

the report was **an hour late** on Friday. Read [how it came](https://inference.example/late).

- It will not be late again.
"""


def log_in(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_label("E-mail address").fill(EDITOR)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Desk")


def write_and_preview(page: Page) -> None:
    """The mail is shown while it is written, and the draft is kept: nothing is pressed."""
    page.get_by_role("link", name="Write an issue").click()
    page.get_by_label("Subject").fill(SUBJECT)
    page.get_by_label("Text, in Markdown").fill(TEXT)
    shown = page.frame_locator("iframe[name=preview]")
    expect(shown.get_by_text("an hour late")).to_be_visible()
    expect(shown.get_by_role("link", name="how it came")).to_have_attribute(
        "href", "https://inference.example/late"
    )
    expect(page.get_by_label("Subject")).to_have_value(SUBJECT)
    expect(page.locator("#kept")).to_contain_text("Saved at")
