"""Every page of the site and the admin, at a desk's width and a phone's, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from service.audience import tokens
from service.models import Issue, IssueKind, IssueState, Subscriber, Subscription
from tests.browser.editor import log_in, write_and_preview
from tests.browser.looks import faults
from tests.browser.watch import Watch, follow
from tests.servers.installation import SLUG, Installation

WIDTHS = (1280, 390)
READER = "ada@readers.example.com"

# How a page looks does not hang on the database.
pytestmark = pytest.mark.parametrize("installation", ["sqlite"], indirect=True)


def test_it_fits_every_width_of_the_site(
    installation: Installation, watch: Watch, tmp_path: Path
) -> None:
    page = watch.person()
    found = []
    for name, path in paths_of_the_site(installation):
        page.goto(path)
        found += faults(page, name, WIDTHS, tmp_path)
    for name in answers_to_a_reader(page, installation):
        found += faults(page, name, WIDTHS, tmp_path)
    assert found == []


def test_it_fits_every_width_of_the_admin(
    installation: Installation, watch: Watch, tmp_path: Path
) -> None:
    page = watch.person()
    page.goto("/admin/login")
    found = faults(page, "login", WIDTHS, tmp_path)
    log_in(page)
    for name, path in paths_of_the_admin(installation):
        page.goto(path)
        found += faults(page, name, WIDTHS, tmp_path)
    for name in steps_of_an_editor(page):
        found += faults(page, name, WIDTHS, tmp_path)
    assert found == []


@pytest.mark.parametrize("path", ["/n/nowhere/", f"/n/{SLUG}/issues/99999", "/confirm/forged"])
def test_it_fits_every_width_when_there_is_no_such_page(
    installation: Installation, watch: Watch, tmp_path: Path, path: str
) -> None:
    page = watch.person()
    page.goto(path)
    expect(page.locator(".kicker")).to_have_text("Error 404")
    assert faults(page, "missing", WIDTHS, tmp_path) == []
    assert any("404" in complaint for complaint in watch.complaints)
    watch.complaints.clear()  # the missing page itself is what was asked for


def paths_of_the_site(installation: Installation) -> list[tuple[str, str]]:
    home, number = f"/n/{SLUG}", latest_sent(installation).number
    with installation.rows() as session:
        query = select(Subscription.id).join(Subscriber).where(Subscriber.email == READER)
        reader = session.execute(query).scalar_one()
    sections = ("labs", "wire", "papers", "benchmarks", "trending")
    by_token: tuple[tokens.Purpose, ...] = ("preferences", "unsubscribe")
    return [
        ("landing", f"{home}/"),
        ("archive", f"{home}/archive"),
        ("issue", f"{home}/issues/{number}"),
        ("check-inbox", f"{home}/check-inbox"),
        *((section, f"{home}/{section}") for section in sections),
        *(
            (purpose, f"/{purpose}/{tokens.sign(installation.secret, purpose, reader)}")
            for purpose in by_token
        ),
    ]


def answers_to_a_reader(page: Page, installation: Installation) -> Iterator[str]:
    """The pages that only a button leads to, one after the other; the name of each."""
    address = "oona@readers.example.com"
    page.goto(f"/n/{SLUG}/")
    page.get_by_label("Your e-mail address").fill(address)
    page.wait_for_timeout(1100)  # the site takes a form that comes back within 1 s for a program's
    page.get_by_role("button", name="Subscribe").click()
    asked = installation.inbox.wait_for(address)
    page.goto(old_confirmation(installation, address))
    yield "expired"
    page.goto(asked.link("/confirm/"))
    yield "confirm"
    follow(page.get_by_role("button", name="Yes, subscribe me"))
    yield "confirmed"
    follow(page.get_by_role("link", name="Choose what you get"))
    follow(page.get_by_role("button", name="Save"))
    yield "saved"
    follow(page.get_by_role("link", name="Unsubscribe"))
    follow(page.get_by_role("button", name="Pause for 30 days"))
    yield "paused"
    page.go_back()
    follow(page.get_by_role("button", name="Unsubscribe", exact=True))
    yield "unsubscribed"
    follow(page.get_by_role("button", name="Undo"))
    yield "undone"


def old_confirmation(installation: Installation, address: str) -> str:
    """The link of a confirmation that was sent a month ago."""
    with installation.rows() as session:
        query = select(Subscription.id).join(Subscriber).where(Subscriber.email == address)
        reader = session.execute(query).scalar_one()
    sent = tokens.stamp(datetime.now(UTC) - timedelta(days=30))
    return f"/confirm/{tokens.sign(installation.secret, 'confirm', reader, sent)}"


def paths_of_the_admin(installation: Installation) -> list[tuple[str, str]]:
    issue = f"/admin/issues/{latest_sent(installation).id}"
    return [
        ("desk", "/admin/"),
        ("issues", "/admin/issues/"),
        ("subscribers", "/admin/subscribers"),
        ("found", "/admin/subscribers?q=@readers.example.com&state=active"),
        ("reader", "/admin/readers/1"),
        ("reader-choices", "/admin/subscriptions/1/choices"),
        ("add-reader", "/admin/subscribers/add"),
        ("tag-found", "/admin/subscribers/tag?q=ada"),
        ("suppressed", "/admin/subscribers/suppressed?q=nobody@readers.example.com"),
        ("compose", "/admin/issues/new"),
        ("report", f"{issue}/report"),
        ("report", f"{issue}/report"),
        ("who-got-what", f"{issue}/readers"),
        *((f"issue-{view}", f"{issue}?view={view}") for view in ("desktop", "phone", "text")),
    ]


def steps_of_an_editor(page: Page) -> Iterator[str]:
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    write_and_preview(page)
    yield "previewed"
    follow(page.get_by_role("button", name="Save the draft"))
    yield "draft"
    page.get_by_role("button", name="Menu").click()  # it is as narrow as a phone by now
    expect(page.get_by_role("link", name="Write an issue")).to_be_visible()
    page.keyboard.press("Escape")
    follow(page.get_by_role("button", name="Approve and send …"))
    yield "when"
    follow(page.get_by_role("button", name="Continue"))
    yield "last-page"


def latest_sent(installation: Installation) -> Issue:
    """An issue with sections that readers have got; one is made when there is none yet."""
    query = (
        select(Issue)
        .where(Issue.state == IssueState.SENT, Issue.kind == IssueKind.WEEKLY)
        .order_by(Issue.id.desc())
        .limit(1)
    )
    with installation.rows() as session:
        found = session.scalars(query).one_or_none()
    return found or installation.issue(installation.publish(IssueKind.WEEKLY))
