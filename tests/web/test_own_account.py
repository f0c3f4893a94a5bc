"""One's own account: the password, codes of an app, and the browsers that are logged in."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.db import session_scope
from service.models import Audit, User, UserSession
from service.staff import recovery, totp
from service.staff.passwords import matches
from service.web.asking import now as wall_clock
from tests.web.browsing import EDITOR, PASSWORD, post

ACCOUNT = "/admin/account"
NEW = "another long password"


def log_in(app: Flask) -> FlaskClient:
    client = app.test_client()
    post(client, "/admin/login", "/admin/login", email=EDITOR, password=PASSWORD)
    return client


def is_in(client: FlaskClient) -> bool:
    return client.get("/admin/").status_code == 200


def opens(password: str) -> bool:
    return matches(stored().password_hash, password)


def stored() -> User:
    with session_scope() as session:
        return session.scalars(select(User)).one()


def set_up(editor: FlaskClient) -> tuple[str, str]:
    """The secret that the page shows, and the page."""
    page = post(editor, ACCOUNT, f"{ACCOUNT}/codes").text
    found = re.search(r'name="secret" value="([A-Z2-7]+)"', page)
    assert found
    return found[1], page


def turn_on(editor: FlaskClient, secret: str, code: str) -> str:
    to = f"{ACCOUNT}/codes/on"
    return post(editor, ACCOUNT, to, secret=secret, code=code).text


def code_of(secret: str) -> str:
    return totp.code_at(secret, totp.step_of(wall_clock()))


def test_it_changes_the_password_and_logs_the_others_out(
    app: Flask, editor: FlaskClient, session: Session
) -> None:
    other = log_in(app)
    answer = post(editor, ACCOUNT, f"{ACCOUNT}/password", current=PASSWORD, new=NEW)
    assert answer.status_code == 303
    assert is_in(editor)
    assert not is_in(other)
    assert opens(NEW)
    assert not opens(PASSWORD)


@pytest.mark.parametrize(("current", "new"), [("wrong", NEW), (PASSWORD, "short"), ("", "")])
def test_it_says_why_the_password_stays(
    editor: FlaskClient, session: Session, current: str, new: str
) -> None:
    answer = post(editor, ACCOUNT, f"{ACCOUNT}/password", current=current, new=new)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert opens(PASSWORD)


def test_it_turns_codes_on_once_the_app_shows_the_right_one(editor: FlaskClient) -> None:
    secret, page = set_up(editor)
    assert "<svg" in page
    assert "style=" not in page
    assert stored().totp_secret is None, "it counts before the app has shown that it has it"
    assert "not the code of this key" in turn_on(editor, secret, "000000")
    assert stored().totp_secret is None
    shown = turn_on(editor, secret, code_of(secret))
    codes = re.findall(r"<li><code>([^<]+)</code>", shown)
    assert len(codes) == recovery.HOW_MANY
    user = stored()
    assert user.totp_secret == secret
    assert user.recovery_codes == recovery.hashed(codes)
    assert not any(code in editor.get(ACCOUNT).text for code in codes)


@pytest.mark.parametrize("secret", ["", "AAAA", "not base32"])
def test_it_takes_no_secret_but_such_as_it_makes(editor: FlaskClient, secret: str) -> None:
    assert post(editor, ACCOUNT, f"{ACCOUNT}/codes/on", secret=secret, code="1").status_code == 303
    assert stored().totp_secret is None


def test_it_never_overwrites_codes_that_are_on(editor: FlaskClient) -> None:
    secret, _ = set_up(editor)
    turn_on(editor, secret, code_of(secret))
    other = totp.new_secret()
    turn_on(editor, other, code_of(other))
    assert stored().totp_secret == secret


def test_it_makes_new_recovery_codes_and_forgets_the_old(editor: FlaskClient) -> None:
    secret, _ = set_up(editor)
    turn_on(editor, secret, code_of(secret))
    before = stored().recovery_codes
    post(editor, ACCOUNT, f"{ACCOUNT}/codes/recovery")
    assert len(stored().recovery_codes) == recovery.HOW_MANY
    assert not set(before) & set(stored().recovery_codes)


def test_it_turns_codes_off(editor: FlaskClient) -> None:
    secret, _ = set_up(editor)
    turn_on(editor, secret, code_of(secret))
    post(editor, ACCOUNT, f"{ACCOUNT}/codes/off")
    user = stored()
    assert (user.totp_secret, user.totp_used_step, user.recovery_codes) == (None, None, [])


def test_it_lists_browsers_and_ends_one(app: Flask, editor: FlaskClient) -> None:
    other = log_in(app)
    page = editor.get(ACCOUNT).text
    assert page.count("Log out An unknown browser") == 2
    assert page.count("this one") == 1
    with session_scope() as session:
        newest = session.scalars(select(UserSession.id).order_by(UserSession.id.desc())).first()
    post(editor, ACCOUNT, f"{ACCOUNT}/sessions/{newest}/end")
    assert is_in(editor)
    assert not is_in(other)


def test_it_ends_no_browser_of_somebody_else(
    app: Flask, editor: FlaskClient, session: Session
) -> None:
    post(editor, ACCOUNT, f"{ACCOUNT}/sessions/999/end")
    assert is_in(editor)
    assert session.scalars(select(Audit).where(Audit.action == "session.end")).all() == []


def test_it_logs_out_everywhere_else_and_everywhere(app: Flask, editor: FlaskClient) -> None:
    other = log_in(app)
    post(editor, ACCOUNT, f"{ACCOUNT}/sessions/end", others="1")
    assert is_in(editor)
    assert not is_in(other)
    other = log_in(app)
    post(editor, ACCOUNT, f"{ACCOUNT}/sessions/end")
    assert not is_in(editor)
    assert not is_in(other)
