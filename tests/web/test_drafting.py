"""A model's draft at the desk: asked for, shown with its label, used or thrown away."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from service import config
from service.db import session_scope
from service.issues.ai.asked import bring_draft
from service.issues.ai.client import Endpoint
from service.issues.approve import approve
from service.models import Audit, Entry, Issue, Role
from service.staff.users import add_user
from service.web.asking import now as wall_clock
from tests.issues.ai.model_server import ModelServer
from tests.web.browsing import PASSWORD, csrf_of, post

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

GOOD = "Headline **2** is the news of the day."
Do = Callable[[str], TestResponse]


@pytest.fixture
def model(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    with ModelServer() as server:
        server.says = GOOD
        monkeypatch.setenv("BROADSHEET_AI_BASE_URL", server.url)
        monkeypatch.setenv("BROADSHEET_AI_MODEL", "small-1")
        config.settings.cache_clear()
        yield server


@pytest.fixture
def issue(draft: Issue) -> Issue:
    return draft


@pytest.fixture
def do(editor: FlaskClient, issue: Issue) -> Do:
    return lambda step: send(editor, issue, desk(editor, issue), step)


def send(editor: FlaskClient, issue: Issue, page: str, step: str) -> TestResponse:
    """Press a button of the draft's form, as *page* has it."""
    form = page.partition('id="draft"')[2].partition("</form>")[0]
    marks = dict(re.findall(r'name="(seen|draft)" value="([^"]+)"', form))
    data = {"csrf_token": csrf_of(page), "do": step, **marks}
    return editor.post(f"/admin/issues/{issue.id}/desk/draft", data=data)


def desk(editor: FlaskClient, issue: Issue) -> str:
    return editor.get(f"/admin/issues/{issue.id}/desk", follow_redirects=True).text


def stored(issue: Issue) -> Issue:
    with session_scope() as session:
        return session.get_one(Issue, issue.id)


def bring(issue: Issue) -> None:
    """What the worker does when it is rung for."""
    bring_draft(Endpoint.of(config.settings()), issue.id, datetime.now(UTC))


def test_it_is_not_offered_unless_a_model_is_named(
    editor: FlaskClient, issue: Issue, do: Do
) -> None:
    assert "Draft with AI" not in desk(editor, issue)
    assert do("ask").status_code == 400


def test_it_asks_and_says_that_the_model_is_writing(
    editor: FlaskClient, model: ModelServer, issue: Issue, do: Do
) -> None:
    assert "Draft with AI" in desk(editor, issue)
    assert do("ask").status_code == 303
    page = desk(editor, issue)
    assert "small-1 is writing" in page
    assert f'data-awaited="/admin/issues/{issue.id}/desk/draft"' in page
    assert "Draft with AI" not in page
    assert model.asked == [], "the web asked the model itself"


def test_it_shows_the_draft_with_its_label_and_sends_nothing_of_it(
    editor: FlaskClient, model: ModelServer, issue: Issue, do: Do
) -> None:
    do("ask")
    bring(issue)
    page = editor.get(f"/admin/issues/{issue.id}/desk/draft").text
    assert "drafted by a language model" in page
    assert "Headline <strong>2</strong> is the news of the day." in page
    assert "data-awaited" not in page
    assert stored(issue).editorial_origin == "template"


def test_it_puts_a_draft_that_is_used_into_the_editorial(
    editor: FlaskClient, model: ModelServer, issue: Issue, do: Do, session: Session
) -> None:
    do("ask")
    bring(issue)
    assert do("accept").status_code == 303
    row = stored(issue)
    assert (row.editorial, row.editorial_origin) == (GOOD, "ai")
    page = desk(editor, issue)
    assert "A language model drafted this" in page
    assert "drafted by a language model" not in page
    notes = select(Audit.action).where(Audit.action.like("draft.%")).order_by(Audit.id)
    assert list(session.scalars(notes)) == ["draft.ask", "draft.accept"]


@pytest.mark.parametrize("changed", ["editorial", "draft_editorial"])
def test_it_takes_the_place_of_nothing_that_the_editor_has_not_seen(
    changed: str, editor: FlaskClient, model: ModelServer, issue: Issue, do: Do
) -> None:
    do("ask")
    bring(issue)
    page = desk(editor, issue)
    with session_scope() as session:
        row = session.get_one(Issue, issue.id)
        row.editorial_origin = "editor"
        setattr(row, changed, "By another.")
    answer = send(editor, issue, page, "accept")
    assert answer.status_code == 409
    assert "Nothing took its place" in answer.text
    assert stored(issue).editorial_origin == "editor"


def test_it_throws_a_draft_away(
    editor: FlaskClient, model: ModelServer, issue: Issue, do: Do
) -> None:
    do("ask")
    bring(issue)
    before = stored(issue).editorial
    do("discard")
    assert (stored(issue).draft_editorial, stored(issue).editorial) == (None, before)


def test_it_says_what_a_refused_draft_held(
    editor: FlaskClient, model: ModelServer, issue: Issue, do: Do
) -> None:
    model.says = "It costs $12, says Zephyrion."
    do("ask")
    bring(issue)
    page = desk(editor, issue)
    assert "It says 12, a number that the facts do not have." in page
    assert "It names Zephyrion" in page
    assert "Draft again" in page


def test_it_says_that_the_endpoint_failed(
    editor: FlaskClient, model: ModelServer, issue: Issue, do: Do
) -> None:
    model.answer = lambda handler: handler.reply(500, b"{}")
    do("ask")
    bring(issue)
    assert "answered 500" in desk(editor, issue)


def test_it_drops_no_draft_that_the_issue_no_longer_bears_out(
    editor: FlaskClient, model: ModelServer, issue: Issue, do: Do
) -> None:
    do("ask")
    bring(issue)
    with session_scope() as session:
        for row in session.scalars(select(Entry).where(Entry.issue_id == issue.id)):
            row.dropped = row.key == "item:2"
    answer = do("accept")
    assert answer.status_code == 409
    assert "The issue has changed since the draft" in answer.text
    assert stored(issue).editorial_origin == "template"


def test_it_is_of_no_issue_that_was_approved(
    editor: FlaskClient, model: ModelServer, issue: Issue, now: datetime
) -> None:
    with session_scope() as session:
        approve(session, session.get_one(Issue, issue.id), now)
    page = f"/admin/issues/{issue.id}"
    answer = post(editor, page, f"{page}/desk/draft", do="ask")
    assert answer.status_code == 303
    assert stored(issue).draft_asked_at is None


def test_it_lets_a_viewer_ask_for_nothing(app: Flask, model: ModelServer, issue: Issue) -> None:
    viewer = app.test_client()
    with session_scope() as session:
        add_user(session, "viewer@example.org", PASSWORD, Role.VIEWER, wall_clock())
    post(viewer, "/admin/login", "/admin/login", email="viewer@example.org", password=PASSWORD)
    assert post(viewer, "/admin/", f"/admin/issues/{issue.id}/desk/draft").status_code == 403
