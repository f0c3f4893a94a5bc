"""A reader comes by the form, chooses, gets what they chose, leaves, and comes back."""

from __future__ import annotations

import re

import httpx2
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from service.models import IssueKind, Subscriber, Subscription, SubscriptionState
from service.models.document import Document, Paper
from tests.browser.watch import Watch
from tests.servers.inbox import Received
from tests.servers.installation import SLUG, Installation

TOPIC = "cs.SE"


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
def test_it_takes_a_reader_from_the_form_to_what_they_chose_and_out_again(
    installation: Installation, watch: Watch, javascript: bool
) -> None:
    reader = f"nora-{'js' if javascript else 'plain'}@readers.example.com"
    page = watch.person(javascript=javascript)

    ask_by_the_form(page, reader)
    asked = installation.inbox.wait_for(reader, 1)
    opening_the_link_changes_nothing(installation, page, asked.link("/confirm/"), reader)
    press_the_button(installation, page, reader)
    choose(page)
    what_was_chosen_is_shown_again(page)

    number = installation.publish(IssueKind.WEEKLY)
    issue = installation.inbox.wait_for(reader, 3)  # after the confirmation and the welcome
    it_holds_only_what_was_chosen(installation, issue, number)

    leave_by_the_page_and_take_it_back(installation, page, issue, reader)
    leave_by_one_click(installation, page, issue, reader)


def ask_by_the_form(page: Page, reader: str) -> None:
    page.goto("/")
    expect(page).to_have_url(re.compile(f"/n/{SLUG}/$"))
    page.get_by_label("Your e-mail address").fill(reader)
    page.wait_for_timeout(1100)  # the site takes a form that comes back within 1 s for a program's
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your inbox")


def opening_the_link_changes_nothing(
    installation: Installation, page: Page, link: str, reader: str
) -> None:
    page.goto(link)
    page.reload()
    assert page.request.head(link).status == 200
    expect(page.get_by_role("heading", level=1)).to_have_text("One more click")
    assert state_of(installation, reader) is SubscriptionState.PENDING


def press_the_button(installation: Installation, page: Page, reader: str) -> None:
    page.get_by_role("button", name="Yes, subscribe me").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are subscribed")
    assert state_of(installation, reader) is SubscriptionState.ACTIVE


def choose(page: Page) -> None:
    page.get_by_role("link", name="Choose what you get").click()
    page.get_by_label("Once a week").check()
    for section in ("From the Wire", "Benchmarks", "Trending"):
        page.get_by_label(section, exact=True).uncheck()
    page.get_by_label(TOPIC).check()
    page.get_by_label("Hour", exact=True).select_option("6")
    page.get_by_label("Time zone of that hour").select_option("Europe/Berlin")
    page.get_by_label("Plain text").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")


def what_was_chosen_is_shown_again(page: Page) -> None:
    page.goto(page.url.partition("?")[0])
    expect(page.get_by_label("Once a week")).to_be_checked()
    for section, chosen in (("AI Labs", True), ("Research Papers", True), ("Benchmarks", False)):
        expect(page.get_by_label(section, exact=True)).to_be_checked(checked=chosen)
    expect(page.get_by_label(TOPIC)).to_be_checked()
    expect(page.get_by_label("cs.LG")).not_to_be_checked()
    expect(page.get_by_label("Hour", exact=True)).to_have_value("6")
    expect(page.get_by_label("Time zone of that hour")).to_have_value("Europe/Berlin")
    expect(page.get_by_label("Plain text")).to_be_checked()
    expect(page.locator(".next")).to_contain_text("06:00")


def it_holds_only_what_was_chosen(installation: Installation, issue: Received, number: int) -> None:
    assert issue.html is None, "plain text was chosen, and HTML came"
    text = issue.text or ""
    headings = [line for line in text.splitlines() if line.isupper()]
    assert "AI LABS" in headings
    assert "RESEARCH PAPERS — FOCUSED" in headings
    assert not {"FROM THE WIRE", "BENCHMARKS", "TRENDING"} & set(headings)
    papers = papers_of(installation, number)
    shown = [paper for paper in papers if paper.url in text]
    assert shown, "none of the chosen topic's papers came"
    assert all(TOPIC in paper.topics for paper in shown)
    assert len(papers) > len(shown), "no paper of another topic was there to be left out"


def leave_by_the_page_and_take_it_back(
    installation: Installation, page: Page, issue: Received, reader: str
) -> None:
    page.goto(issue.link("/unsubscribe/"))
    assert state_of(installation, reader) is SubscriptionState.ACTIVE
    page.get_by_role("button", name="Unsubscribe", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are unsubscribed")
    assert state_of(installation, reader) is SubscriptionState.UNSUBSCRIBED
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Welcome back")).to_be_visible()
    assert state_of(installation, reader) is SubscriptionState.ACTIVE


def leave_by_one_click(
    installation: Installation, page: Page, issue: Received, reader: str
) -> None:
    answer = httpx2.post(
        issue.one_click_url, data={"List-Unsubscribe": "One-Click"}, trust_env=False, timeout=30
    )
    assert answer.status_code == 200
    assert state_of(installation, reader) is SubscriptionState.UNSUBSCRIBED
    page.goto(issue.link("/unsubscribe/"))
    expect(page.get_by_role("heading", level=1)).to_have_text("You are unsubscribed")


def state_of(installation: Installation, reader: str) -> SubscriptionState:
    query = select(Subscription.state).join(Subscriber).where(Subscriber.email == reader)
    with installation.rows() as session:
        return session.execute(query).scalar_one()


def papers_of(installation: Installation, number: int) -> list[Paper]:
    document = Document.model_validate(installation.issue(number).document)
    entries = [entry for section in document.sections for entry in section.entries]
    return [entry for entry in entries if isinstance(entry, Paper)]
