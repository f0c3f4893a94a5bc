"""The cookie of the admin: nothing that is fetched in the background may put back an old one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner

from service.db import session_scope
from service.issues.approve import compose_manual
from service.models import Newsletter
from service.web.public.asked import SECONDS
from tests.web.browsing import EDITOR, PASSWORD, post


@pytest.mark.parametrize("path", ["counts", "preview.html", "preview.txt"])
def test_it_sets_no_cookie_with_what_a_page_fetches_by_itself(
    editor: FlaskClient, newsletter: Newsletter, now: datetime, path: str
) -> None:
    with session_scope() as session:
        found = session.get_one(Newsletter, newsletter.id)
        draft = compose_manual(session, found, "A note", "We **moved**.", now)
    answer = editor.get(f"/admin/issues/{draft.id}/{path}")
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


@contextmanager
def signing_by_a_clock(seconds: int) -> Iterator[None]:
    """As on a machine whose clock is so far before ours."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TimestampSigner, "get_timestamp", lambda _: int(time.time()) + seconds)
        yield


def test_it_knows_who_logged_in_on_a_machine_whose_clock_is_before_ours(
    editor: FlaskClient, app: Flask
) -> None:
    browser = app.test_client()
    with signing_by_a_clock(seconds=1):
        post(browser, "/admin/login", "/admin/login", email=EDITOR, password=PASSWORD)
    assert browser.get("/admin/").status_code == 200, "a login of the next second counts for none"


@pytest.mark.parametrize(("age", "shown"), [(-1, True), (60, True), (SECONDS + 60, False)])
def test_it_knows_for_an_hour_what_was_typed_by_whichever_clock(
    client: FlaskClient, newsletter: Newsletter, age: int, shown: bool
) -> None:
    home = f"/n/{newsletter.slug}"
    with signing_by_a_clock(seconds=-age):
        client.post(f"{home}/join", data={"email": "ann@example.org"})
    assert ("a•" in client.get(f"{home}/check-inbox").text) is shown


def test_it_takes_no_cookie_that_was_made_by_another_secret(app: Flask) -> None:
    browser = app.test_client()
    browser.set_cookie("broadsheet", "eyJfdXNlcl9pZCI6ICIxIn0.aR7.forged")
    assert browser.get("/admin/").status_code == 302
