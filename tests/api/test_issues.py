"""Issues by the API: written, changed, sent to exactly the audience that was expected."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from service.audience.addresses import parse_address
from service.audience.joining import Reader, add_confirmed
from service.audience.tags import tag
from service.db import session_scope
from service.models import Audit, Issue, IssueState, Newsletter, Subscriber
from service.web.asking import now as wall_clock
from tests.api.conftest import Program, one_database


@pytest.fixture
def readers(newsletter: Newsletter) -> None:
    """ann, ben and cem; ann has the tag beta."""
    with session_scope() as session:
        found = session.get_one(Newsletter, newsletter.id)
        for name in ("ann", "ben", "cem"):
            add_confirmed(
                session, found, Reader(parse_address(f"{name}@example.org")), wall_clock()
            )
        ann = session.scalars(
            select(Subscriber).where(Subscriber.email_key == "ann@example.org")
        ).one()
        tag(session, ann.id, ["beta"])


def draft(program: Program, **more: Any) -> dict[str, Any]:
    body = {"newsletter": "report", "subject": "A note", "markdown": "Good *morning*.", **more}
    answer = program.post("/issues", body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json
    return found


def stored(issue_id: int) -> Issue:
    with session_scope() as session:
        return session.get_one(Issue, issue_id)


@one_database
def test_it_writes_a_draft(program: Program) -> None:
    issue = draft(program, preheader="First words")
    assert (issue["state"], issue["kind"], issue["number"]) == ("draft", "manual", 1)
    assert (issue["subject"], issue["markdown"]) == ("A note", "Good *morning*.")
    assert issue["preheader"] == "First words"
    assert program.get(f"/issues/{issue['id']}").json == issue
    assert program.get("/issues?kind=manual&state=draft").json["items"] == [issue]
    assert program.get("/issues?state=sent").json == {"items": [], "next": None}


@one_database
def test_it_changes_a_draft_that_nobody_else_changed(program: Program) -> None:
    path = f"/issues/{draft(program)['id']}"
    seen = program.get(path).headers["ETag"]
    changed = program.patch(path, {"subject": "Another note"}, If_Match=seen)
    assert (changed.status_code, changed.json["subject"]) == (200, "Another note")
    assert changed.json["markdown"] == "Good *morning*."
    assert program.patch(path, {"subject": "A third"}, If_Match=seen).status_code == 412


def test_it_counts_the_audience_before_a_send(program: Program, readers: None) -> None:
    issue = draft(program)
    assert program.get(f"/issues/{issue['id']}/audience").json == {"readers": 3, "left_out": []}


def test_it_sends_to_the_expected_audience(program: Program, readers: None) -> None:
    issue = draft(program)
    answer = program.post(f"/issues/{issue['id']}/send", {"expected_audience": 3})
    assert (answer.status_code, answer.json["state"]) == (202, "approved")
    assert stored(issue["id"]).scheduled_at <= wall_clock()
    with session_scope() as session:
        line = session.scalars(select(Audit).where(Audit.action == "issue.approve")).one()
    assert line.detail["readers"] == 3


@one_database
@pytest.mark.parametrize("expected", [0, 2, 4])
def test_it_sends_nothing_when_the_audience_is_another(
    program: Program, readers: None, expected: int
) -> None:
    issue = draft(program)
    answer = program.post(f"/issues/{issue['id']}/send", {"expected_audience": expected})
    assert answer.status_code == 409
    assert answer.json["type"].endswith("#problem-audience-changed")
    assert "3 readers now" in answer.json["detail"]
    assert stored(issue["id"]).state is IssueState.DRAFT


def test_it_sends_an_issue_once(program: Program, readers: None) -> None:
    path = f"/issues/{draft(program)['id']}/send"
    first = program.post(path, {"expected_audience": 3}, key="go")
    again = program.post(path, {"expected_audience": 3}, key="go")
    assert (first.status_code, again.status_code, again.json) == (202, 202, first.json)
    other = program.post(path, {"expected_audience": 3}, key="go-on")
    assert other.status_code == 409
    assert "only a draft" in other.json["detail"]


def test_it_sends_to_a_segment(program: Program, readers: None) -> None:
    issue = draft(program, segment={"tags": ["beta"]})
    assert program.get(f"/issues/{issue['id']}/audience").json["readers"] == 1
    answer = program.post(f"/issues/{issue['id']}/send", {"expected_audience": 1})
    assert answer.status_code == 202
    bad = program.post(
        "/issues",
        {"newsletter": "report", "subject": "x", "markdown": "x", "segment": {"topics": ["y"]}},
    )
    assert (bad.status_code, bad.json["errors"][0]["field"]) == (422, "segment")


def test_it_schedules_an_issue(program: Program, readers: None) -> None:
    issue = draft(program)
    at = wall_clock().replace(microsecond=0) + timedelta(days=1)
    answer = program.post(
        f"/issues/{issue['id']}/schedule",
        {"expected_audience": 3, "at": at.isoformat(), "timing": "reader_hour"},
    )
    assert (answer.status_code, answer.json["timing"]) == (202, "reader_hour")
    assert stored(issue["id"]).scheduled_at == at


@one_database
@pytest.mark.parametrize("days", [-1, 400])
def test_it_schedules_for_no_other_time_than_the_next_year(
    program: Program, readers: None, days: int
) -> None:
    issue = draft(program)
    at = (wall_clock() + timedelta(days=days)).isoformat()
    answer = program.post(f"/issues/{issue['id']}/schedule", {"expected_audience": 3, "at": at})
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "at")


def test_it_sends_nothing_that_fails_the_preflight(
    program: Program, readers: None, newsletter: Newsletter
) -> None:
    issue = draft(program)
    with session_scope() as session:
        session.get_one(Newsletter, newsletter.id).postal_address = ""
    answer = program.post(f"/issues/{issue['id']}/send", {"expected_audience": 3})
    assert answer.status_code == 409
    assert "postal" in answer.json["detail"].lower()


def test_it_stops_an_issue_for_good(program: Program, readers: None) -> None:
    path = f"/issues/{draft(program)['id']}"
    assert program.post(f"{path}/stop", {}).status_code == 409
    program.post(f"{path}/send", {"expected_audience": 3})
    stopped = program.post(f"{path}/stop", {"reason": "Wrong numbers."})
    assert (stopped.status_code, stopped.json["not_sent"]) == (200, 0)
    assert stopped.json["issue"]["state"] == "stopped"
    assert stopped.json["issue"]["reason"] == "Wrong numbers."
    assert program.post(f"{path}/stop", {}).status_code == 200


def test_it_tells_what_became_of_an_issue(program: Program, readers: None) -> None:
    issue = draft(program)
    stats = program.get(f"/issues/{issue['id']}/stats").json
    assert (stats["planned"], stats["unresolved"]) == (0, 0)
    assert sum(stats["by_state"].values()) == stats["planned"]


def test_it_tells_how_the_readership_grows(program: Program, readers: None) -> None:
    days = program.get("/newsletters/report/growth?days=3").json["days"]
    assert len(days) == 3
    assert (days[-1]["readers"], days[-1]["joined"]) == (3, 3)


@one_database
def test_it_shows_the_newsletters(program: Program) -> None:
    (found,) = program.get("/newsletters").json["items"]
    assert (found["slug"], found["weekly"]) == ("report", True)
    assert [one["slug"] for one in found["sections"]] == ["labs", "wire", "papers"]
    assert program.get("/newsletters/report").json == found


@one_database
def test_it_shows_people_what_programs_may_do(app: Flask) -> None:
    page = app.test_client().get("/api/v1/docs")
    assert page.status_code == 200
    for words in ("Sign somebody up", "expected_audience", "subscribers:write", "too-many"):
        assert words in page.text
    assert "<script" not in page.text
    assert "style=" not in page.text
