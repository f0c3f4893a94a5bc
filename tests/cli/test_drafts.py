"""``draft``: from a model to an editorial that somebody accepted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from click.testing import Result
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service import config
from service.issues.build import build_issue
from service.models import Approval, Issue
from tests.issues import rows
from tests.issues.ai.model_server import ModelServer
from tests.issues.rows import HOUR

Run = Callable[..., Result]
DRAFT = "A model that listens is the news of the day."


@pytest.fixture
def model(database: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    with ModelServer() as server:
        server.says = DRAFT
        monkeypatch.setenv("BROADSHEET_AI_BASE_URL", server.url)
        monkeypatch.setenv("BROADSHEET_AI_MODEL", "small")
        config.settings.cache_clear()
        yield server


@pytest.fixture(autouse=True)
def issue(database: Engine) -> Issue:
    now = datetime.now(UTC)
    with Session(database, expire_on_commit=False) as session, session.begin():
        letter = rows.newsletter(session, approval=Approval.APPROVE)
        lab = rows.source(session, letter, "lab", "labs")
        rows.item(session, lab, "A model that listens", first_seen=now - HOUR)
        return build_issue(session, letter, now.date(), now)


def stored(database: Engine) -> Issue:
    with Session(database, expire_on_commit=False) as session:
        return session.scalars(select(Issue)).one()


def test_it_shows_a_draft_and_takes_it_when_told_to(
    run: Run, model: ModelServer, database: Engine
) -> None:
    shown = run("draft", "report/1")
    assert shown.stdout == f"{DRAFT}\n"
    assert "broadsheet draft report/1 --accept" in shown.stderr
    assert stored(database).editorial_origin == "template"

    assert run("draft", "--accept").stdout.startswith("report/1 has the draft as its editorial")
    assert (stored(database).editorial, stored(database).editorial_origin) == (DRAFT, "ai")


def test_it_throws_a_draft_away(run: Run, model: ModelServer, database: Engine) -> None:
    run("draft")
    assert run("draft", "--discard").exit_code == 0
    assert stored(database).draft_editorial is None


def test_it_says_why_a_draft_was_refused(run: Run, model: ModelServer) -> None:
    model.says = "Zephyrion beats a model that listens."
    refused = run("draft")
    assert refused.exit_code == 1
    assert "Error: The draft was refused." in refused.stderr


def test_it_says_how_drafts_are_switched_on(run: Run) -> None:
    refused = run("draft")
    assert refused.exit_code == 1
    assert "Drafts are switched off: set BROADSHEET_AI_BASE_URL" in refused.stderr


def test_it_has_nothing_to_accept_without_a_draft(run: Run) -> None:
    refused = run("draft", "--accept")
    assert refused.exit_code == 1
    assert "There is no draft to accept: ask for one first." in refused.stderr
