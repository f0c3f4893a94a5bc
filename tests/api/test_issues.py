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
from service.models import (
    Audit,
    Delivery,
    DeliveryState,
    Interaction,
    InteractionKind,
    Issue,
    IssueState,
    Newsletter,
    Notice,
    NoticeKind,
    Subscriber,
)
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
    path = f"/issues/{draft(program, segment={'cadences': ['weekly']})['id']}"
    assert program.get(f"{path}/audience").json["readers"] == 0
    changed = program.patch(path, {"segment": {"without_tags": ["Beta"]}}).json
    assert (changed["segment"]["without_tags"], changed["segment"]["corrects"]) == (["beta"], None)
    assert program.get(f"{path}/audience").json["readers"] == 2
    assert program.patch(path, {"segment": None}).json["segment"] is None
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


def test_it_sends_no_words_but_those_that_were_seen(program: Program, readers: None) -> None:
    path = f"/issues/{draft(program)['id']}"
    seen = program.get(path).headers["ETag"]
    program.patch(path, {"subject": "Another note"})
    body, late = {"expected_audience": 3}, {"If-Match": seen}
    assert program.ask("POST", f"{path}/send", body, late).status_code == 412
    now = {"If-Match": program.get(path).headers["ETag"]}
    assert program.ask("POST", f"{path}/send", body, now).status_code == 202


def test_it_sends_again_what_was_refused(program: Program, readers: None) -> None:
    path = f"/issues/{draft(program)['id']}"
    assert program.post(f"{path}/retry", {"failed": "rejected"}).status_code == 409
    with session_scope() as session:
        issue = session.get_one(Issue, int(path.rpartition("/")[2]))
        issue.state, issue.audience_count = IssueState.SENT, 1
        session.add(
            Delivery(
                issue_id=issue.id,
                batch_id=1,
                subscriber_id=1,
                subscription_id=1,
                state=DeliveryState.REJECTED,
                changed_at=wall_clock(),
            )
        )
    assert program.post(f"{path}/retry", {"failed": "delivered"}).status_code == 422
    assert program.post(f"{path}/retry", {"failed": "rejected"}).json == {"queued": 1}
    assert program.post(f"{path}/retry", {"failed": "rejected"}).json == {"queued": 0}
    assert program.get(path).json["state"] == "sending"


def test_it_holds_resumes_and_takes_back(program: Program, readers: None) -> None:
    path = f"/issues/{draft(program)['id']}"
    assert program.post(f"{path}/pause", {}).status_code == 409
    at = (wall_clock() + timedelta(days=1)).isoformat()
    program.post(f"{path}/schedule", {"expected_audience": 3, "at": at})
    for _ in range(2):
        held = program.post(f"{path}/pause", {"reason": "Wait for the numbers."})
        assert (held.status_code, held.json["state"]) == (200, "held")
    assert held.json["reason"] == "Wait for the numbers."
    assert program.ask("POST", f"{path}/resume").json["state"] == "approved"
    assert program.ask("POST", f"{path}/resume").status_code == 409
    back = program.ask("POST", f"{path}/reopen")
    assert (back.json["state"], back.json["scheduled_at"]) == ("draft", None)
    with session_scope() as session:
        noted = session.scalars(select(Audit.action).order_by(Audit.id)).all()
    assert noted[-3:] == ["issue.pause", "issue.resume", "issue.reopen"]


@one_database
def test_it_sends_a_test_copy_to_each_address_once(program: Program) -> None:
    path = f"/issues/{draft(program)['id']}/test"
    to = ["desk@example.org", "Desk@example.org", "ann@example.org"]
    answer = program.post(path, {"to": to})
    assert (answer.status_code, answer.json["to"]) == (202, [to[0], to[2]])
    with session_scope() as session:
        found = session.execute(select(Notice.kind, Notice.address).order_by(Notice.id)).all()
    assert found == [(NoticeKind.TEST, to[0]), (NoticeKind.TEST, to[2])]
    bad = program.post(path, {"to": ["desk@example.org", "nobody"]})
    assert (bad.status_code, bad.json["errors"][0]["field"]) == (422, "to.1")
    codes = [program.post(path, {"to": [f"{n}@example.org" for n in range(10)]}) for _ in range(10)]
    assert codes[-1].status_code == 429
    assert int(codes[-1].headers["Retry-After"]) > 0


@one_database
def test_it_tells_which_links_were_followed(program: Program, readers: None) -> None:
    issue = draft(program, markdown="[Here](https://example.org/a).")
    assert program.get(f"/issues/{issue['id']}/stats").json["clicked"] is None
    with session_scope() as session:
        found = session.get_one(Issue, issue["id"])
        found.newsletter.tracking = True
        at, click = wall_clock(), InteractionKind.CLICK
        whose = {"subscriber_id": 1, "subscription_id": 1}
        delivery = Delivery(issue_id=found.id, batch_id=1, changed_at=at, **whose)
        session.add(delivery)
        session.flush()
        seen = {"issue_id": found.id, "delivery_id": delivery.id, "at": at, "machine": False}
        session.add(Interaction(kind=click, url="https://example.org/a", **seen))
    (link,) = program.get(f"/issues/{issue['id']}/links").json["items"]
    assert (link["url"], link["section"]) == ("https://example.org/a", "Editorial")
    assert (link["readers"], link["clicks"], link["by_machines"]) == (1, 1, 0)
    stats = program.get(f"/issues/{issue['id']}/stats").json
    assert (stats["clicked"], stats["left"]) == ({"people": 1, "machines": 0}, 0)


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
