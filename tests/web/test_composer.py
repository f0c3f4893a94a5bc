"""An issue by hand: written, kept, copied, thrown away and found again."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from service.db import session_scope
from service.issues.approve import compose_manual
from service.models import Audit, Issue, IssueState, Newsletter
from tests.web.browsing import post

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def draft(newsletter: Newsletter, now: datetime) -> Issue:
    with session_scope() as session:
        found = session.get_one(Newsletter, newsletter.id)
        return compose_manual(session, found, "A note", "We **moved**.", now)


def issue(identity: int) -> Issue:
    with session_scope() as session:
        return session.get_one(Issue, identity)


def actions() -> list[str]:
    with session_scope() as session:
        return list(session.scalars(select(Audit.action).order_by(Audit.id)))


def test_it_composes_a_manual_issue(editor: FlaskClient) -> None:
    page = "/admin/issues/new"
    form = {"newsletter": "report", "subject": "Hello", "preheader": "Then", "markdown": "Body."}
    answer = post(editor, page, page, **form)
    assert answer.status_code == 303
    shown = editor.get(answer.headers["Location"]).text
    assert all(f'value="{words}"' in shown for words in ("Hello", "Then"))
    again = post(editor, page, page, **form).headers["Location"]
    assert again == answer.headers["Location"], "the same form sent twice made two drafts"


@pytest.mark.parametrize(
    "bad",
    [{"subject": "", "markdown": "Kept text"}, {"subject": "A\r\nBcc: x", "markdown": "Kept text"}],
)
def test_it_loses_nothing_of_an_issue_that_cannot_be_saved(
    bad: dict[str, str], editor: FlaskClient
) -> None:
    page = "/admin/issues/new"
    answer = post(editor, page, page, newsletter="report", **bad)
    assert answer.status_code == 400
    assert "Kept text" in answer.text
    assert 'class="problem"' in answer.text


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("", True),
        ("state=waiting", True),
        ("newsletter=report&state=sent", False),
        ("state=x", True),
    ],
)
def test_it_narrows_the_list_of_issues(
    asked: str, shown: bool, editor: FlaskClient, draft: Issue
) -> None:
    page = editor.get(f"/admin/issues/?{asked}").text
    assert (draft.subject in page, "There is none of these." in page) == (shown, not shown)


def test_it_throws_a_draft_away_and_takes_it_back(editor: FlaskClient, draft: Issue) -> None:
    page = f"/admin/issues/{draft.id}"
    assert "Throw it away" in editor.get(page).text
    for step, state in [("skip", "skipped"), ("reopen", "draft")]:
        post(editor, page, f"{page}/{step}")
        assert issue(draft.id).state.value == state
    assert actions()[-2:] == ["issue.skip", "issue.reopen"]


def test_it_copies_an_issue_with_its_words_and_readers(editor: FlaskClient, draft: Issue) -> None:
    with session_scope() as session:
        row = session.get_one(Issue, draft.id)
        row.state, row.preheader, row.segment = IssueState.SENT, "Then", {"tags": ["beta"]}
    page = f"/admin/issues/{draft.id}"
    desk = post(editor, page, f"{page}/copy").location
    assert f"This is a copy of No. {draft.number}." in editor.get(desk).text
    copy = issue(int(desk.split("/")[3]))
    assert (copy.subject, copy.editorial, copy.preheader) == ("A note", "We **moved**.", "Then")
    assert (copy.state, copy.number, copy.segment) == (
        IssueState.DRAFT,
        draft.number + 1,
        {"tags": ["beta"]},
    )


def test_it_previews_what_is_not_saved(editor: FlaskClient) -> None:
    form = {"newsletter": "report", "subject": "Hi", "markdown": "**Bold** <script>x</script>"}
    answer = post(editor, "/admin/issues/new", "/admin/preview", **form)
    assert "Bold</strong>" in answer.text
    assert "<script>x" not in answer.text
