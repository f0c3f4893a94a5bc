"""``pause``, ``resume``, ``stop``, ``retry``, ``latecomers`` and a correction, from the shell."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result
from redis import Redis
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.delivery.plan import plan_issue
from service.models import Audit, Delivery, DeliveryState, Issue, IssueState
from tests.delivery.rows import a_newsletter, add_readers, an_approved_issue

Run = Callable[..., Result]


@pytest.fixture
def sending(database: Engine, redis: Redis) -> Issue:
    """report/1, one of whose four messages is out."""
    now = datetime.now(UTC)
    with Session(database, expire_on_commit=False) as session, session.begin():
        owner = a_newsletter(session, now)
        add_readers(session, owner, 4, now)
        issue = an_approved_issue(session, owner, now)
    with Session(database) as session, session.begin():
        plan_issue(session, issue.id, now, batch_size=10)
        first = session.scalars(select(Delivery).order_by(Delivery.id)).all()[0]
        first.state, first.attempt = DeliveryState.DELIVERED, 1
    return issue


def state(database: Engine, issue: Issue) -> IssueState:
    with Session(database) as session:
        return session.get_one(Issue, issue.id).state


def test_it_pauses_resumes_and_stops_in_exact_words(
    run: Run, database: Engine, sending: Issue
) -> None:
    said = run("pause", "report/1").stdout
    assert said == (
        "report/1 is paused. 3 not sent yet. `broadsheet resume report/1` lets it go on.\n"
    )
    assert state(database, sending) is IssueState.HELD
    assert run("resume", "report/1").stdout == "report/1 goes on. 3 not sent yet.\n"
    assert state(database, sending) is IssueState.SENDING
    assert run("stop", "report/1", "--yes").stdout == "report/1 is stopped: 3 not sent.\n"
    assert state(database, sending) is IssueState.STOPPED
    with Session(database) as session:
        rows = session.scalars(select(Audit).order_by(Audit.id)).all()
    assert [row.action for row in rows] == ["issue.pause", "issue.resume", "issue.stop"]
    assert rows[-1].detail == {"not_sent": 3}


def test_it_asks_before_it_stops(run: Run, database: Engine, sending: Issue) -> None:
    done = run("stop", "report/1", stdin="n\n")
    assert "Stop report/1 for good? 3 not sent yet." in done.output
    assert done.exit_code == 1
    assert state(database, sending) is IssueState.SENDING


@pytest.mark.parametrize("command", [("resume",), ("stop", "--yes"), ("pause",)])
def test_it_says_why_it_cannot(
    run: Run, database: Engine, sending: Issue, command: tuple[str, ...]
) -> None:
    with Session(database) as session, session.begin():
        session.get_one(Issue, sending.id).state = IssueState.SENT
    done = run(command[0], "report/1", *command[1:])
    assert done.exit_code == 1
    assert "sent" in done.output
    assert state(database, sending) is IssueState.SENT


def test_it_sends_again_what_was_rejected(run: Run, database: Engine, sending: Issue) -> None:
    with Session(database) as session, session.begin():
        for row in session.scalars(select(Delivery).where(Delivery.state == DeliveryState.QUEUED)):
            row.state = DeliveryState.REJECTED
    assert run("retry", "report/1").stdout == "3 of report/1 queued again.\n"
    assert run("retry", "report/1").stdout == "0 of report/1 queued again.\n"
    with Session(database) as session:
        assert session.scalars(select(Audit.action)).all() == ["issue.retry"] * 2


def test_it_asks_before_anyone_may_get_a_second_copy(
    run: Run, database: Engine, sending: Issue
) -> None:
    with Session(database) as session, session.begin():
        session.scalars(select(Delivery)).all()[-1].state = DeliveryState.GIVEN_UP
    done = run("retry", "report/1", "--given-up", stdin="n\n")
    assert "some readers may get a second copy" in done.output
    assert done.exit_code == 1
    assert run("retry", "report/1", "--given-up", "--yes").stdout == "1 of report/1 queued again.\n"


def test_it_sends_it_to_who_joined_since(run: Run, database: Engine, sending: Issue) -> None:
    with Session(database) as session, session.begin():
        owner = session.get_one(Issue, sending.id).newsletter
        add_readers(session, owner, 2, datetime.now(UTC), name="late")
    assert run("latecomers", "1").stdout == "report/1 goes to 2 who joined since.\n"
    assert run("latecomers", "1").stdout == "report/1 goes to 0 who joined since.\n"
    run("stop", "report/1", "--yes")
    done = run("latecomers", "report/1")
    assert done.exit_code == 1
    assert "The issue is stopped: nothing of it is sent again." in done.output


def test_it_tells_what_became_of_it_for_one_reader(run: Run, sending: Issue) -> None:
    said = run("status", "report/1", "--reader", "Reader1@example.org").stdout
    assert said.startswith("report/1 to reader1@example.org: delivered\n")
    told = json.loads(run("status", "1", "--reader", "reader2@example.org", "--json").stdout)
    assert (told["state"], told["attempts"], told["events"]) == ("queued", 0, [])


def test_it_says_when_it_was_not_for_a_reader(run: Run, sending: Issue) -> None:
    done = run("status", "report/1", "--reader", "nobody@example.org")
    assert done.exit_code == 1
    assert "Nobody here has the address nobody@example.org." in done.output


def test_it_writes_a_correction_for_those_who_got_it(
    run: Run, database: Engine, sending: Issue, tmp_path: Path
) -> None:
    note = tmp_path / "note.md"
    note.write_text("We were wrong.")
    done = run("compose", "report", str(note), "--subject", "Correction", "--correcting", "1")
    assert "It corrects issue 1. Readers who got that and would get this: 1." in done.output
    with Session(database) as session:
        draft = session.scalars(select(Issue).order_by(Issue.id.desc())).all()[0]
        assert draft.segment is not None
        assert draft.segment["held"]["issue"] == sending.id


def test_it_makes_no_draft_of_a_correction_of_nothing(
    run: Run, database: Engine, sending: Issue, tmp_path: Path
) -> None:
    note = tmp_path / "note.md"
    note.write_text("We were wrong.")
    asked = ("compose", "report", str(note), "--subject", "x", "--correcting", "1", "--entry", "9")
    done = run(*asked)
    assert done.exit_code == 1
    assert "held an entry 9" in done.output
    with Session(database) as session:
        assert len(session.scalars(select(Issue)).all()) == 1
