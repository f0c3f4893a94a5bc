"""The password once more before what is grave, and nothing lost on the way."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from sqlalchemy import update

from service.db import session_scope
from service.models import Newsletter, User, UserSession
from service.staff import sessions, totp
from service.staff.users import set_up_codes
from service.web.admin.team.proving import recently_proved
from service.web.app import create_app
from service.web.asking import now as wall_clock
from tests.web.browsing import PASSWORD, csrf_of
from tests.web.test_roles import rules

FORM = {"subject": "A <b>bold</b> “one”", "text": "first\r\n\r\nlast ", "count": "3"}


Sent = list[list[tuple[str, str]]]


@pytest.fixture
def app(newsletter: Newsletter) -> Flask:
    """One of its own, for it gets a view more."""
    app = create_app()
    app.testing = True
    return app


@pytest.fixture
def done(app: Flask) -> Sent:
    """What a view that is guarded was sent. Ask for it before anybody browses."""
    sent: Sent = []

    @recently_proved
    def grave() -> str:
        sent.append([item for item in request.form.items(multi=True) if item[0] in (*FORM, "who")])
        return "done"

    app.add_url_rule("/admin/grave", "admin.grave", grave, methods=["POST"])
    return sent


def long_ago() -> None:
    with session_scope() as session:
        past = wall_clock() - sessions.PROOF_LASTS - timedelta(seconds=1)
        session.execute(update(UserSession).values(proved_at=past))


def send(client: FlaskClient, **more: str) -> str:
    token = csrf_of(client.get("/admin/account").text)
    data = {"csrf_token": token, **FORM, "who": ["ann", "bob"], **more}
    return client.post("/admin/grave?from=desk", data=data).text


def go_on(client: FlaskClient, page: str, **typed: str) -> str:
    """Send the page's own form, as a browser would."""
    to = re.search(r'<form class="stack" method="post" action="([^"]+)"', page)
    assert to
    assert unescape(to[1]) == "/admin/grave?from=desk"
    form = page[to.start() :]
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)
    data: dict[str, list[str]] = {}
    for name, value in hidden:
        data.setdefault(name, []).append(unescape(value))
    return client.post("/admin/grave?from=desk", data=data | typed).text


def test_it_asks_nothing_right_after_the_login(done: Sent, editor: FlaskClient) -> None:
    assert send(editor) == "done"


def test_it_asks_again_after_a_while_and_goes_on_with_all_that_was_sent(
    done: Sent, editor: FlaskClient
) -> None:
    long_ago()
    page = send(editor)
    assert done == []
    assert go_on(editor, page, proof_password=PASSWORD) == "done"
    assert done == [[*FORM.items(), ("who", "ann"), ("who", "bob")]]
    assert send(editor) == "done", "it asks twice within half an hour"


def test_it_does_nothing_after_a_wrong_password_and_keeps_what_was_sent(
    done: Sent, editor: FlaskClient
) -> None:
    long_ago()
    page = go_on(editor, send(editor), proof_password="wrong")
    assert "That is not right" in page
    assert done == []
    assert go_on(editor, page, proof_password=PASSWORD) == "done"
    assert done == [[*FORM.items(), ("who", "ann"), ("who", "bob")]]


def test_it_asks_for_the_code_too_where_codes_are_on(done: Sent, editor: FlaskClient) -> None:
    secret = totp.new_secret()
    with session_scope() as session:
        set_up_codes(session.query(User).one(), secret, 0)
    long_ago()
    page = go_on(editor, send(editor), proof_password=PASSWORD)
    assert done == []
    code = totp.code_at(secret, totp.step_of(wall_clock()))
    assert go_on(editor, page, proof_password=PASSWORD, proof_code=code) == "done"


def test_it_shuts_after_five_wrong_ones_as_the_login_does(done: Sent, editor: FlaskClient) -> None:
    long_ago()
    page = send(editor)
    for _ in range(5):
        page = go_on(editor, page, proof_password="wrong")
    page = go_on(editor, page, proof_password=PASSWORD)
    assert "has to wait a while" in page
    assert done == []


GRAVE = {
    "admin.send",
    "admin.stop_sending",
    "admin.retry_failed",
    "admin.send_to_latecomers",
    "admin.invite_user",
    "admin.user_role",
    "admin.user_link",
    "admin.user_address",
    "admin.user_codes_off",
    "admin.user_remove",
    "admin.own_codes",
    "admin.own_codes_on",
    "admin.own_codes_off",
    "admin.own_recovery_codes",
    "admin.move_import",
    "admin.delete_reader",
    "admin.add_token",
    "admin.add_webhook",
    "admin.change_webhook",
    "admin.move_webhook",
    "admin.webhook_secret",
    "admin.save_settings",
    "admin.archive_newsletter",
}
"""Not among them: what only takes away, such as a key or a login. It must be quick."""


def test_it_guards_all_that_is_grave(app: Flask, editor: FlaskClient) -> None:
    long_ago()
    token = csrf_of(editor.get("/admin/account").text)
    found = {rule.endpoint: address for rule, address in rules(app, "POST")}
    unguarded = {
        endpoint
        for endpoint in GRAVE
        if "Your password, once more"
        not in editor.post(found[endpoint], data={"csrf_token": token}).text
    }
    assert unguarded == set()
