"""An editor writes an issue, looks at it, tries it, sends it, and cannot send it twice."""

from __future__ import annotations

import re
from collections import Counter

from playwright.sync_api import Page, Request, expect
from sqlalchemy import exists, select

from service.models import (
    Issue,
    IssueState,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
)
from tests.browser.editor import SUBJECT, log_in, write_and_preview
from tests.browser.watch import Watch
from tests.servers.installation import EDITOR, Installation
from tests.servers.processes import until


def test_it_goes_from_the_desk_to_every_reader_once(
    installation: Installation, watch: Watch
) -> None:
    page = watch.person()
    log_in(page)
    write_and_preview(page)
    page.get_by_role("button", name="Approve and send …").click()
    issue = latest_issue(installation)
    readers = who_would_get_it(installation)

    the_last_page_names_the_readers(page, len(readers))
    another_tab = page.context.new_page()
    another_tab.goto(f"/admin/issues/{issue.id}/send")
    another_tab.get_by_role("button", name="Continue").click()

    asked = count_requests(page, f"/admin/issues/{issue.id}/counts")
    page.get_by_role("button", name=f"Send it to {len(readers)} readers").click()
    the_numbers_move_by_themselves(page, len(readers), asked)
    assert installation.inbox.recipients_of(issue.id) == readers

    a_second_send_is_refused(another_tab, page, issue)
    assert installation.inbox.recipients_of(issue.id) == readers


def test_it_can_be_tried_on_the_editor_alone(installation: Installation, watch: Watch) -> None:
    page = watch.person()
    log_in(page)
    write_and_preview(page)
    page.get_by_role("button", name="Test copy …").click()
    page.get_by_role("button", name="Send the test").click()
    expect(page.get_by_role("status")).to_contain_text(EDITOR)

    # Logins from a new browser are mailed as well.
    subject = f"[TEST] {SUBJECT}"
    copy = until(
        lambda: next((m for m in installation.inbox.of(EDITOR) if m.subject == subject), None),
        "the test copy",
    )
    assert "an hour late" in (copy.html or "")
    issue = latest_issue(installation)
    assert issue.state is IssueState.DRAFT, "trying an issue must not send it"
    assert installation.inbox.recipients_of(issue.id) == Counter()


def the_last_page_names_the_readers(page: Page, readers: int) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("When should it go?")
    expect(page.get_by_label("Now", exact=True)).to_be_checked()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Send to {readers} readers?")
    expect(page.get_by_text(f"“{SUBJECT}”")).to_be_visible()


def count_requests(page: Page, path: str) -> list[str]:
    """The requests for *path*, as they come."""
    found: list[str] = []

    def note(request: Request) -> None:
        if request.url.endswith(path):
            found.append(request.method)

    page.on("request", note)
    return found


def the_numbers_move_by_themselves(page: Page, readers: int, asked: list[str]) -> None:
    """Nobody presses anything: the page asks by itself until every delivery is settled."""
    counts = page.locator("#counts")
    expect(counts.locator(".state")).not_to_have_text("draft")
    expect(counts.locator(".state")).to_have_text("sent", timeout=60_000)
    expect(counts.locator("[data-settled]")).to_be_visible()
    expect(counts).to_contain_text(f"{readers} of {readers} messages out")
    expect(counts.locator("tr.sum")).to_contain_text(str(readers))
    assert "GET" in asked, "the page never asked for new numbers"


def a_second_send_is_refused(stale: Page, page: Page, issue: Issue) -> None:
    """From a tab that was open all the while, and from a fresh one."""
    stale.get_by_role("button", name=re.compile("^Send it to")).click()
    refusal = "This issue was sent already. Nothing was sent again."
    expect(stale.get_by_role("status")).to_have_text(refusal)
    page.goto(f"/admin/issues/{issue.id}/send")
    expect(page.get_by_role("status")).to_have_text(refusal)
    expect(page.get_by_role("link", name="Send …")).to_have_count(0)


def latest_issue(installation: Installation) -> Issue:
    with installation.rows() as session:
        return session.scalars(select(Issue).order_by(Issue.id.desc()).limit(1)).one()


def who_would_get_it(installation: Installation) -> Counter[str]:
    """Every confirmed reader whose address is not suppressed, once."""
    suppressed = exists().where(Suppression.email_hash == Subscriber.email_hash)
    query = (
        select(Subscriber.email)
        .join(Subscription)
        .where(Subscription.state == SubscriptionState.ACTIVE, ~suppressed)
    )
    with installation.rows() as session:
        return Counter(session.scalars(query))
