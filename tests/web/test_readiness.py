"""What the desk says of a draft before it goes: what it lacks, and what is wrong with it."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service.db import session_scope
from service.models import Issue, IssueState, Newsletter, Source, Subscription
from tests.web.browsing import post

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def desk(draft: Issue) -> str:
    return f"/admin/issues/{draft.id}/desk"


def test_it_says_which_sources_an_issue_was_built_without(
    editor: FlaskClient, draft: Issue, newsletter: Newsletter, now: datetime
) -> None:
    with session_scope() as session:
        row = session.get_one(Issue, draft.id)
        row.window_start, row.cutoff_at = now - timedelta(days=1), now
        session.add(
            Source(
                newsletter_id=newsletter.id,
                slug="quiet-lab",
                name="Quiet <Lab>",
                kind="feed",
                section="labs",
                url="https://quiet.example/feed",
                config={},
                problem="The server answered 503.",
            )
        )
    page = editor.get(desk(draft)).text
    assert "Quiet &lt;Lab&gt;" in page
    assert "The server answered 503." in page


def test_it_sends_nothing_that_must_be_mended_first(
    editor: FlaskClient, draft: Issue, newsletter: Newsletter, reader: Subscription
) -> None:
    with session_scope() as session:
        session.get_one(Newsletter, newsletter.id).postal_address = ""
    assert "must be mended" in editor.get(desk(draft)).text
    page = f"/admin/issues/{draft.id}/send"
    answer = post(editor, page, page, when="now", timing="now", count="1")
    assert answer.status_code == 400
    assert "postal address" in answer.text
    assert _state_of(draft) is IssueState.DRAFT


@pytest.mark.parametrize(
    ("score", "said"),
    [
        ("0.1", "local tests give it 0.5 points or less"),
        ("4.2", "SpamAssassin gives 4.2 points"),
    ],
)
def test_it_shows_the_spam_score_when_asked_and_only_then(
    score: str,
    said: str,
    editor: FlaskClient,
    draft: Issue,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = tmp_path / "asked"
    program = tmp_path / "spamassassin"
    program.write_text(
        f"#!/bin/sh\ncat > {asked}\n"
        f"echo 'X-Spam-Status: No, score={score} required=5.0 tests=SOME autolearn=no'\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    page = editor.get(desk(draft)).text
    assert not asked.exists()
    assert f'href="{desk(draft)}?check=spam"' in page
    assert said in editor.get(f"{desk(draft)}?check=spam").text
    assert b"Headline 2" in asked.read_bytes()


def test_it_says_that_it_was_held(editor: FlaskClient, draft: Issue) -> None:
    with session_scope() as session:
        session.get_one(Issue, draft.id).reason = "Held: nobody approved it by 14:00."
    assert "Held: nobody approved it by 14:00." in editor.get(desk(draft)).text


def _state_of(draft: Issue) -> IssueState:
    with session_scope() as session:
        return session.get_one(Issue, draft.id).state
