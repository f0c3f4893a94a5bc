"""An editor brings readers from a file with bad rows, mends those, and brings them as well."""

from __future__ import annotations

import uuid
from pathlib import Path

from playwright.sync_api import Page, expect
from sqlalchemy import select

from service.models import Subscriber, Subscription, SubscriptionState
from tests.browser.editor import log_in
from tests.browser.looks import SCHEMES, serious
from tests.browser.watch import Watch
from tests.servers.installation import Installation

AGREED = "They signed up at our old site."


def test_it_brings_the_good_rows_and_gives_the_bad_ones_back(
    installation: Installation, watch: Watch, tmp_path: Path
) -> None:
    mark = uuid.uuid4().hex[:8]
    rows = [f"{mark}-{number}@example.org,Reader {number},active" for number in range(300)]
    rows[7] = "not an address,Bo,active"
    rows[9] = f"{mark}-9@example.org,Cy,of some kind"
    rows[11] = f"{mark}-11@example.org,Dee,unsubscribed"
    file = tmp_path / "members.csv"
    file.write_text("\n".join(["Mail,Name,Status", *rows]))
    page = watch.person()
    log_in(page)

    upload(page, file)
    nothing_serious(page)
    expect(page.get_by_label("Mail", exact=True)).to_have_value("email")
    expect(page.get_by_label("Status", exact=True)).to_have_value("status")
    check(page)
    nothing_serious(page)
    expect(page.get_by_role("row", name="would be added")).to_contain_text("297")
    expect(page.get_by_role("row", name="could not be read")).to_contain_text("2")
    expect(page.get_by_role("row", name="not an address")).to_contain_text("@-sign")
    assert came_in(installation, mark) == 0

    bring_in(page)
    assert came_in(installation, mark) == 297
    with page.expect_download() as download:
        page.get_by_role("link", name="Bad rows as CSV").click()
    bad = download.value.path().read_text(encoding="utf-8-sig")
    mended = tmp_path / "mended.csv"
    mended.write_text(
        bad.replace("not an address", f"{mark}-7@example.org").replace("of some kind", "active")
    )

    upload(page, mended)
    check(page)
    bring_in(page)
    assert came_in(installation, mark) == 299
    assert mark_of(installation, f"{mark}-11@example.org") is SubscriptionState.UNSUBSCRIBED


def test_it_needs_no_script(installation: Installation, watch: Watch, tmp_path: Path) -> None:
    mark = uuid.uuid4().hex[:8]
    file = tmp_path / "members.csv"
    file.write_text(f"email\n{mark}@example.org\n")
    page = watch.person(javascript=False)
    log_in(page)
    upload(page, file)
    check(page)
    bring_in(page)
    assert came_in(installation, mark) == 1

    page.get_by_text("Undo this import").click()
    page.get_by_role("button", name="Undo the import").click()
    expect(page.get_by_role("row", name="taken out again")).to_contain_text("1")
    assert came_in(installation, mark) == 0


def nothing_serious(page: Page) -> None:
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert serious(page) == []


def upload(page: Page, file: Path) -> None:
    page.get_by_role("link", name="Import", exact=True).click()
    page.get_by_label("A CSV file").set_input_files(file)
    page.get_by_role("button", name="Upload it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(file.name)


def check(page: Page) -> None:
    page.get_by_label("How they agreed").fill(AGREED)
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("button", name="Bring them in")).to_be_visible()


def bring_in(page: Page) -> None:
    """The page says by itself when it is done."""
    page.get_by_role("button", name="Bring them in").click()
    expect(page.get_by_role("link", name="See the subscribers")).to_be_visible()


def came_in(installation: Installation, mark: str) -> int:
    with installation.rows() as session:
        found = session.scalars(
            select(Subscription.id)
            .join(Subscriber)
            .where(
                Subscriber.email_key.startswith(mark),
                Subscription.state == SubscriptionState.ACTIVE,
            )
        )
        return len(found.all())


def mark_of(installation: Installation, email: str) -> SubscriptionState:
    with installation.rows() as session:
        return session.scalars(
            select(Subscription.state).join(Subscriber).where(Subscriber.email_key == email)
        ).one()
