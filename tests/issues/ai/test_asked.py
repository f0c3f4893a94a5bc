"""A draft that an editor asks for at the desk: brought once, and never waited for in vain."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from service.issues.ai.asked import (
    LOST,
    ask_for_draft,
    bring_draft,
    due_drafts,
    is_awaited,
    trouble,
)
from service.issues.ai.client import Endpoint
from service.issues.approve import approve, compose_manual
from service.issues.build import build_issue
from service.issues.errors import BadInput, IssueFrozen
from service.models import Approval, Issue
from tests.issues import rows
from tests.issues.ai.model_server import ModelServer
from tests.issues.rows import HOUR, NOW

GOOD = "A model that listens is the news of the day."
SECOND = timedelta(seconds=1)


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with ModelServer() as server:
        server.says = GOOD
        yield server


@pytest.fixture
def endpoint(model: ModelServer) -> Endpoint:
    return Endpoint(model.url, "small", seconds=20.0)


@pytest.fixture
def issue(session: Session) -> Issue:
    letter = rows.newsletter(session, approval=Approval.APPROVE)
    lab = rows.source(session, letter, "lab", "labs")
    rows.item(session, lab, "A model that listens", first_seen=NOW - HOUR)
    return build_issue(session, letter, NOW.date(), NOW)


def ask(session: Session, issue: Issue, now: datetime = NOW) -> bool:
    asked = ask_for_draft(session, issue, now)
    session.commit()
    return asked


def bring(session: Session, endpoint: Endpoint | None, issue: Issue) -> str:
    problem = bring_draft(endpoint, issue.id, NOW)
    session.refresh(issue)
    session.commit()  # SQLite has one writer
    return problem


def test_it_brings_what_was_asked_for(session: Session, endpoint: Endpoint, issue: Issue) -> None:
    assert ask(session, issue)
    assert (is_awaited(issue, NOW), due_drafts(session, NOW)) == (True, [issue.id])
    session.commit()
    assert bring(session, endpoint, issue) == ""
    assert issue.draft_editorial == GOOD
    assert (is_awaited(issue, NOW), due_drafts(session, NOW), trouble(issue, NOW)) == (
        False,
        [],
        "",
    )


def test_it_asks_the_model_once_however_often_it_is_rung_for(
    session: Session, endpoint: Endpoint, model: ModelServer, issue: Issue
) -> None:
    ask(session, issue)
    assert not ask(session, issue), "asked for twice"
    bring(session, endpoint, issue)
    bring(session, endpoint, issue)
    assert len(model.asked) == 1


def test_it_leaves_to_one_worker_what_another_has_taken_up(
    session: Session, endpoint: Endpoint, model: ModelServer, issue: Issue
) -> None:
    ask(session, issue)
    issue.draft_begun_at = NOW
    session.commit()
    assert due_drafts(session, NOW) == []
    session.commit()
    bring(session, endpoint, issue)
    assert model.asked == []


def test_it_says_which_number_a_refused_draft_held(
    session: Session, endpoint: Endpoint, model: ModelServer, issue: Issue
) -> None:
    model.says = "It costs $12."
    ask(session, issue)
    bring(session, endpoint, issue)
    assert "It says 12" in trouble(issue, NOW)
    assert (issue.draft_editorial, is_awaited(issue, NOW)) == (None, False)
    model.says = GOOD
    assert ask(session, issue)
    assert trouble(issue, NOW) == "", "what went wrong before is not what is being tried now"
    bring(session, endpoint, issue)
    assert issue.draft_editorial == GOOD


def test_it_says_that_the_model_cannot_be_asked(session: Session, issue: Issue) -> None:
    ask(session, issue)
    bring(session, Endpoint("http://127.0.0.1:9/v1", "small", seconds=5.0), issue)
    assert "could not be asked" in trouble(issue, NOW)


def test_it_says_that_drafts_are_switched_off_at_the_worker(session: Session, issue: Issue) -> None:
    ask(session, issue)
    bring(session, None, issue)
    assert "BROADSHEET_AI_MODEL" in trouble(issue, NOW)


def test_it_can_be_asked_for_again_after_a_worker_died(session: Session, issue: Issue) -> None:
    ask(session, issue)
    issue.draft_begun_at = NOW
    assert is_awaited(issue, NOW + LOST)
    assert "The worker stopped" in trouble(issue, NOW + LOST + SECOND)
    assert ask(session, issue, NOW + LOST + SECOND)


def test_it_is_of_a_draft_with_entries_only(session: Session, issue: Issue) -> None:
    by_hand = compose_manual(session, issue.newsletter, "By hand", "Text", NOW)
    with pytest.raises(BadInput, match="by hand"):
        ask_for_draft(session, by_hand, NOW)
    approve(session, issue, NOW)
    with pytest.raises(IssueFrozen, match="only a draft"):
        ask_for_draft(session, issue, NOW)
