"""Somebody is invited, sets up codes, is shut out after wrong ones, and comes in again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Page, expect
from sqlalchemy import delete, update

from service.models import FailedLogin, UserSession
from service.staff import totp
from tests.browser.editor import log_in
from tests.browser.looks import faults
from tests.browser.watch import Watch, follow
from tests.servers.installation import EDITOR, Installation
from tests.servers.installation import PASSWORD as EDITORS_PASSWORD

WIDTHS = (1280, 390)
GUEST = "guest@desk.example.org"
PASSWORD = "four words in a row"


def test_it_lets_in_by_invitation_password_and_code_and_shuts_after_wrong_ones(
    installation: Installation, watch: Watch, tmp_path: Path
) -> None:
    owner, guest = watch.person(), watch.person()
    invite(owner)
    looks_well(owner, "users", tmp_path)

    guest.goto(installation.inbox.wait_for(GUEST).link("/admin/password/"))
    looks_well(guest, "choose", tmp_path)
    guest.get_by_label("New password").fill(PASSWORD)
    guest.get_by_role("button", name="Save it").click()
    expect(guest.get_by_role("status")).to_contain_text("Your password is set")
    give_password(guest)
    expect(guest.get_by_role("heading", level=1)).not_to_have_text("Broadsheet")

    secret = set_up_codes(guest, tmp_path)
    guest.get_by_role("button", name="Log out", exact=True).first.click()
    give_password(guest)
    looks_well(guest, "code", tmp_path)
    for _ in range(5):
        give_code(guest, "000000")
        expect(guest.get_by_role("alert")).to_contain_text("opens nothing")
    give_code(guest, code_in(secret, steps=1))
    expect(guest.get_by_role("alert")).to_contain_text("you have to wait a while")
    assert all("401" in complaint for complaint in watch.complaints), watch.complaints
    watch.complaints.clear()  # those answers are what was asked for

    the_wait_is_over(installation)
    give_code(guest, code_in(secret, steps=1))
    expect(guest.get_by_title("Your account")).to_be_visible()
    guest.goto("/admin/account")
    expect(guest.get_by_text("10 recovery codes are left")).to_be_visible()
    looks_well(guest, "account", tmp_path)
    owner.goto("/admin/audit")
    expect(owner.get_by_role("row").filter(has_text="login.failed")).to_have_count(6)
    looks_well(owner, "audit", tmp_path)

    remove(owner)
    guest.goto("/admin/")
    expect(guest.get_by_role("button", name="Log in")).to_be_visible()


def test_it_sends_on_what_was_typed_when_the_login_had_ended(
    installation: Installation, watch: Watch, tmp_path: Path
) -> None:
    page = watch.person()
    log_in(page)
    page.goto("/admin/subscribers/suppressed")
    page.get_by_text("Suppress addresses …").click()
    page.get_by_label("Addresses, one a line").fill("gone@readers.example.com")
    page.get_by_label("Why nothing may be sent there").fill("They asked by phone.")
    with installation.rows() as session:
        session.execute(delete(UserSession))
    follow(page.get_by_role("button", name="Suppress", exact=True))
    expect(page.get_by_role("status")).to_contain_text("what you sent is kept here")
    looks_well(page, "ended", tmp_path)
    page.get_by_label("E-mail address").fill(EDITOR)
    page.get_by_label("Password").fill(EDITORS_PASSWORD)
    follow(page.get_by_role("button", name="Log in"))
    expect(page.get_by_text("They asked by phone.")).to_be_visible()
    looks_well(page, "kept", tmp_path)
    follow(page.get_by_role("button", name="Send it"))
    expect(page.get_by_role("status")).to_contain_text("1 address")
    assert all("401" in complaint for complaint in watch.complaints), watch.complaints
    watch.complaints.clear()  # that answer itself is what was asked for


def invite(page: Page) -> None:
    log_in(page)
    page.get_by_role("link", name="Users").click()
    page.get_by_label("E-mail address").fill(GUEST)
    page.get_by_label("Viewer").check()
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_role("status")).to_contain_text("An invitation is on its way")


def give_password(page: Page) -> None:
    page.get_by_label("E-mail address").fill(GUEST)
    page.get_by_label("Password").fill(PASSWORD)
    follow(page.get_by_role("button", name="Log in"))


def set_up_codes(page: Page, folder: Path) -> str:
    """The secret, which an app would read from the picture."""
    page.get_by_title("Your account").click()
    page.get_by_role("button", name="Set up codes").click()
    expect(page.get_by_role("img", name="A picture of the key below")).to_be_visible()
    looks_well(page, "set-up", folder)
    secret = page.locator("code.key").inner_text().replace(" ", "")
    page.get_by_label("The code that the app shows").fill(code_in(secret))
    page.get_by_role("button", name="Turn codes on").click()
    expect(page.get_by_role("listitem")).to_have_count(10)
    looks_well(page, "recovery", folder)
    follow(page.get_by_role("link", name="I have them"))
    return secret


def give_code(page: Page, code: str) -> None:
    page.get_by_label("Code from your app").fill(code)
    follow(page.get_by_role("button", name="Log in"))


def code_in(secret: str, steps: int = 0) -> str:
    """The code of now, or of the next half minute, which a clock that is fast would show."""
    return totp.code_at(secret, totp.step_of(datetime.now(UTC)) + steps)


def the_wait_is_over(installation: Installation) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    with installation.rows() as session:
        session.execute(update(FailedLogin).values(locked_until=past))


def remove(page: Page) -> None:
    page.goto("/admin/users")
    page.get_by_role("link", name=GUEST).click()
    page.locator("summary", has_text="Remove").click()
    page.get_by_role("button", name="Remove the account").click()
    expect(page.get_by_role("status")).to_contain_text("may not log in any more")


def looks_well(page: Page, name: str, folder: Path) -> None:
    """Nothing sticks out, dark is dark, and nobody is shut out."""
    assert faults(page, name, WIDTHS, folder) == []
