"""Editors shape the day's issue, let it go, and watch it arrive as it was shaped."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, Position, expect

from service.models import IssueKind
from tests.browser.editor import log_in
from tests.browser.looks import faults
from tests.browser.watch import Watch
from tests.issues.ai.model_server import ModelServer
from tests.servers.installation import Installation

WIDTHS = (1280, 390)
READER = "ada@readers.example.com"
SUBJECT = "Shaped by hand"


def test_it_takes_an_issue_from_the_build_to_the_mailbox_as_it_was_shaped(
    installation: Installation, watch: Watch, tmp_path: Path
) -> None:
    number = installation.draft(IssueKind.DAILY)
    page = at_the_desk(installation, watch.person(), number)
    without_scripts = at_the_desk(installation, watch.person(javascript=False), number)
    first, second, third, fourth = titles(page)[:4]

    step(without_scripts, third, "Pin", "Pinned")
    assert titles(without_scripts)[:3] == [third, first, second]
    what_follows_the_entries_follows_while_writing(page, third)
    another_was_faster(page, third)
    another_wrote_meanwhile(page, without_scripts)
    assert all("409" in complaint for complaint in watch.complaints), watch.complaints
    watch.complaints.clear()  # that answer itself is what was asked for
    step(page, first, "Drop", "Dropped")
    drag_below(page, second, fourth)
    assert titles(page)[:3] == [third, fourth, second]
    what_was_typed_outlives_a_step(page, fourth, third)
    edit(page, second, "A title by the editor")
    write_words(page)
    assert faults(page, "shaping", WIDTHS, tmp_path) == []

    approve_and_watch(page)
    installation.wait_until_sent(number)
    text = text_of_the_mail(installation)
    assert "A word from the desk." in text.replace("*", "")
    places = [text.index(title) for title in (fourth, third, "A title by the editor")]
    assert places == sorted(places)
    assert first not in text


def test_it_lets_a_model_draft_while_the_editor_goes_on(
    installation: Installation, model: ModelServer, watch: Watch, tmp_path: Path
) -> None:
    number = installation.draft(IssueKind.DAILY)
    page = at_the_desk(installation, watch.person(), number)
    place = page.get_by_role("region", name="Drafting")

    model.says = "It costs $12."
    place.get_by_role("button", name="Draft with AI").click()
    expect(place.get_by_role("alert")).to_contain_text("It says 12, a number that the facts do not")

    model.says = "The labs had a **full** day."
    page.get_by_label("Subject").fill("Half a th")
    place.get_by_role("button", name="Draft again").click()
    expect(place).to_contain_text("drafted by a language model")
    expect(page.get_by_label("Subject")).to_have_value("Half a th")
    assert faults(page, "drafting", WIDTHS, tmp_path) == []

    place.get_by_role("button", name="Use this draft").click()
    editorial = page.get_by_label("Editorial, in Markdown")
    expect(editorial).to_have_value("The labs had a **full** day.")
    expect(page.locator("#words")).to_contain_text("A language model drafted this of the entries.")
    expect(page.get_by_label("Subject")).to_have_value("Half a th")
    page.get_by_role("button", name="Save the words", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    issue = installation.issue(number)
    assert (issue.subject, issue.editorial_origin) == ("Half a th", "ai")


def at_the_desk(installation: Installation, page: Page, number: int) -> Page:
    log_in(page)
    page.goto(f"/admin/issues/{installation.issue(number).id}")
    page.get_by_role("link", name="Shape it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Shape the issue")
    return page


def labs(page: Page) -> Locator:
    return page.get_by_role("region", name="AI Labs", exact=True)


def titles(page: Page) -> list[str]:
    """Of the entries that are in, in order."""
    return labs(page).locator(":scope > ol > .line strong").all_inner_texts()


def line(page: Page, title: str) -> Locator:
    return labs(page).locator(".line").filter(has_text=title)


def step(page: Page, title: str, button: str, said: str) -> None:
    line(page, title).get_by_role("button", name=f"{button}:").click()
    expect(page.get_by_role("status")).to_contain_text(said)


def drag_below(page: Page, title: str, other: str) -> None:
    target = line(page, other)
    box = target.bounding_box()
    assert box
    below = Position(x=box["width"] / 2, y=box["height"] - 3)
    line(page, title).locator(".grip").drag_to(target, target_position=below)
    expect(page.get_by_role("status")).to_contain_text("Moved: 3 of")


def what_follows_the_entries_follows_while_writing(page: Page, first: str) -> None:
    """The subject was made of the entries before another editor pinned one."""
    expect(page.get_by_label("Subject")).not_to_have_value(re.compile(re.escape(first)))
    page.get_by_label("Preheader").fill("A word ahead")
    expect(page.locator("#kept")).to_contain_text("Saved at")
    expect(page.get_by_label("Subject")).to_have_value(re.compile(re.escape(first)))


def another_was_faster(page: Page, title: str) -> None:
    """This page still shows the entry as it was: it is told, and shown how it is."""
    line(page, title).get_by_role("button", name="Drop:").click()
    expect(page.get_by_role("alert")).to_contain_text("This was changed elsewhere")
    expect(line(page, title)).to_contain_text("pinned")


def another_wrote_meanwhile(page: Page, theirs: Page) -> None:
    """This page would store its words by itself: it does not, and shows the other's on a press."""
    theirs.reload()
    theirs.get_by_label("Preheader").fill("By another")
    theirs.get_by_role("button", name="Save the words", exact=True).click()
    page.get_by_label("Preheader").fill("By me")
    expect(page.locator("#kept")).to_contain_text("it was changed elsewhere meanwhile")
    page.get_by_role("button", name="Save the words", exact=True).click()
    expect(page.get_by_role("region", name="As it is stored")).to_contain_text("By another")
    expect(page.get_by_label("Preheader")).to_have_value("By me")
    page.get_by_role("link", name="leave yours behind").click()
    expect(page.get_by_label("Preheader")).to_have_value("By another")


def what_was_typed_outlives_a_step(page: Page, title: str, other: str) -> None:
    """A step by its key, while the words and another entry are being written."""
    page.get_by_label("Subject").fill("Half a th")
    line(page, other).locator("summary").click()
    line(page, other).get_by_label("Title").fill("Half a ti")
    line(page, title).focus()
    page.keyboard.press("p")
    expect(page.get_by_role("status")).to_contain_text("Pinned")
    expect(page.get_by_label("Subject")).to_have_value("Half a th")
    expect(line(page, other).get_by_label("Title")).to_have_value("Half a ti")


def edit(page: Page, title: str, better: str) -> None:
    place = line(page, title)
    place.locator("summary").click()
    place.get_by_label("Title").fill(better)
    place.get_by_role("button", name="Save the entry").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    expect(line(page, better)).to_contain_text("changed by an editor")


def write_words(page: Page) -> None:
    page.get_by_label("Subject").fill(SUBJECT)
    page.get_by_label("Editorial, in Markdown").fill("A **word** from the desk.")
    page.get_by_role("button", name="Preview", exact=True).click()
    shown = page.frame_locator("iframe[name=preview]")
    expect(shown.get_by_text("from the desk")).to_be_visible()
    page.get_by_role("button", name="Save the words", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    expect(page.get_by_label("Subject")).to_have_value(SUBJECT)


def approve_and_watch(page: Page) -> None:
    page.get_by_role("button", name="Approve and send …").click()
    page.get_by_label("To everyone at that moment").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Send it to").click()
    counts = page.locator("#counts")
    expect(counts.locator(".state")).to_have_text("sent", timeout=60_000)
    expect(counts.locator("tr.sum")).to_be_visible()


def text_of_the_mail(installation: Installation) -> str:
    """What the reader got, on one line: the text part wraps where it likes."""
    mails = installation.inbox.of(READER)
    [text] = [mail.text or "" for mail in mails if mail.subject == SUBJECT]
    return " ".join(text.split())
