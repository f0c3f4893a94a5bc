"""A form that is sent when its login has ended: nothing of it is done, and nothing is lost."""

from __future__ import annotations

import html
import io
import re
import secrets
from typing import Any

import pytest
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner
from sqlalchemy import delete, func, select, update
from werkzeug.test import TestResponse

from service.db import session_scope
from service.models import Suppression, User, UserSession
from service.staff import totp
from service.staff.users import set_up_codes
from service.web.asking import now as wall_clock
from tests.web.browsing import EDITOR, PASSWORD, csrf_of

PLACE = "/admin/subscribers/suppressed"
TYPED = {"addresses": "ann@example.org\nbo@example.org", "why": 'They <asked> "by" phone.'}
SECRET = totp.new_secret()
FROM = {"Referer": f"http://localhost{PLACE}"}


def hidden(page: str) -> dict[str, str]:
    """The fields that a reader of the page does not see."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    return {name: html.unescape(value) for name, value in found}


def too_late(client: FlaskClient) -> dict[str, Any]:
    """What a form of a page begins with that was opened while there was a login."""
    token = csrf_of(client.get(PLACE).text)
    with session_scope() as session:
        session.execute(delete(UserSession))
    return {"csrf_token": token}


def send_too_late(client: FlaskClient, to: str = PLACE, **form: str) -> TestResponse:
    return client.post(to, data=too_late(client) | (form or TYPED), headers=FROM)


def give(client: FlaskClient, page: TestResponse, to: str, **typed: str) -> TestResponse:
    return client.post(to, data={**hidden(page.text), **typed})


def suppressed() -> int:
    with session_scope() as session:
        return session.scalars(select(func.count()).select_from(Suppression)).one()


def test_it_sends_on_after_the_login_what_was_typed(editor: FlaskClient) -> None:
    asked = send_too_late(editor)
    assert asked.status_code == 401
    assert "what you sent is kept here" in asked.text
    again = give(editor, asked, "/admin/login", email=EDITOR, password="wrong")
    assert again.status_code == 401, "a slip of the finger loses nothing either"
    back = give(editor, again, "/admin/login", email=EDITOR, password=PASSWORD)
    assert "Send what you wrote?" in back.text
    assert html.escape(TYPED["why"], quote=True).replace("&quot;", "&#34;") in back.text
    assert f'href="{PLACE}"' in back.text, "the way back to the page, for who leaves it"
    assert suppressed() == 0, "it was sent on without being asked for"
    done = give(editor, back, PLACE)
    assert (done.status_code, done.location) == (303, PLACE)
    assert suppressed() == 2
    with session_scope() as session:
        assert set(session.scalars(select(Suppression.detail))) == {TYPED["why"]}


def test_it_goes_through_the_second_step(editor: FlaskClient) -> None:
    with session_scope() as session:
        set_up_codes(session.scalars(select(User)).one(), SECRET, 0)
    asked = send_too_late(editor)
    code = give(editor, asked, "/admin/login", email=EDITOR, password=PASSWORD)
    assert "Code from your app" in code.text
    wrong = give(editor, code, "/admin/login/code", code="000000")
    right = totp.code_at(SECRET, totp.step_of(wall_clock()))
    back = give(editor, wrong, "/admin/login/code", code=right)
    assert give(editor, back, PLACE).status_code == 303
    assert suppressed() == 2


def test_it_goes_through_a_login_that_has_to_begin_again(editor: FlaskClient) -> None:
    with session_scope() as session:
        set_up_codes(session.scalars(select(User)).one(), SECRET, 0)
    asked = send_too_late(editor)
    code = give(editor, asked, "/admin/login", email=EDITOR, password=PASSWORD)
    with session_scope() as session:
        session.execute(update(User).values(password_hash="another"))
    right = totp.code_at(SECRET, totp.step_of(wall_clock()))
    begin = give(editor, code, "/admin/login/code", code=right)
    assert "Begin again" in begin.text
    assert hidden(begin.text)["kept"] == hidden(asked.text)["kept"]


@pytest.mark.parametrize(
    ("to", "form"),
    [
        ("/admin/account/password", {"current": PASSWORD, "new": "another good one"}),
        (PLACE, {**TYPED, "password": "one that is nobody else's business"}),
        (PLACE, {**TYPED, "why": secrets.token_urlsafe(45_000)}),
        ("/admin/issues/1/stop", {"proof_name": EDITOR}),
    ],
    ids=["of one's own account", "with a password", "too long to carry", "a mere button"],
)
def test_it_says_where_it_keeps_nothing(editor: FlaskClient, to: str, form: dict[str, str]) -> None:
    asked = send_too_late(editor, to, **form)
    assert asked.status_code == 303
    assert "was not taken" in editor.get(asked.location).text


def test_it_says_that_a_file_was_not_taken(editor: FlaskClient) -> None:
    with_file = {**TYPED, "file": (io.BytesIO(b"email\n"), "members.csv")}
    answer = editor.post("/admin/imports", data=too_late(editor) | with_file, headers=FROM)
    assert answer.status_code == 303
    assert "was not taken" in editor.get(answer.location).text


def test_it_keeps_nothing_that_a_script_sent(editor: FlaskClient) -> None:
    by_script = {**FROM, "Sec-Fetch-Mode": "cors"}
    assert editor.post(PLACE, data=too_late(editor) | TYPED, headers=by_script).status_code == 303


def test_it_does_not_ask_whether_to_log_out_once_more(editor: FlaskClient) -> None:
    answer = editor.post("/admin/logout", data=too_late(editor), headers=FROM)
    assert (answer.status_code, answer.location) == (303, "/admin/login")
    assert "had ended" not in editor.get(answer.location).text


def log_in_with_form_of(editor: FlaskClient, seconds_ago: int) -> TestResponse:
    """Sent to a machine whose clock says so, and the login to this one."""
    with pytest.MonkeyPatch.context() as patch:
        then = int(wall_clock().timestamp()) - seconds_ago
        patch.setattr(TimestampSigner, "get_timestamp", lambda _: then)
        asked = send_too_late(editor)
    return give(editor, asked, "/admin/login", email=EDITOR, password=PASSWORD)


@pytest.mark.parametrize("seconds_ago", [86_000, -5])
def test_it_keeps_a_form_for_a_day(editor: FlaskClient, seconds_ago: int) -> None:
    back = log_in_with_form_of(editor, seconds_ago)
    assert "Send what you wrote?" in back.text
    assert f"<code>{PLACE}</code>" in back.text


def test_it_says_that_a_form_was_held_for_too_long(editor: FlaskClient) -> None:
    back = log_in_with_form_of(editor, 86_500)
    assert (back.status_code, back.location) == (302, PLACE)
    assert "was not taken" in editor.get(back.location).text


@pytest.mark.parametrize("kept", ["", "nonsense", "WyIvYWRtaW4vdXNlcnMiLFtdXQ.aSBn.AAAA"])
def test_it_takes_no_form_that_it_did_not_keep_itself(
    client: FlaskClient, editor: FlaskClient, kept: str
) -> None:
    token = csrf_of(client.get("/admin/login").text)
    form = {"csrf_token": token, "kept": kept, "email": EDITOR, "password": PASSWORD}
    answer = client.post("/admin/login", data=form)
    assert (answer.status_code, answer.location) == (302, "/admin/")
