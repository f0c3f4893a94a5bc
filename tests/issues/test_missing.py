"""An issue is built at its hour, whatever is still out, and says what it is built without."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from service.issues import approve as approval
from service.issues.build import build_issue
from service.issues.due import build_due
from service.issues.missing import Missing, missing_sources
from service.models import Issue, IssueState, Newsletter, Source, SourceState
from service.sources.collect import collect_source
from tests.issues import rows
from tests.issues.rows import DAY, HOUR, NOW

PATIENCE = 20.0


@pytest.fixture
def letter(session: Session) -> Newsletter:
    letter = rows.newsletter(session)
    good = rows.source(session, letter, "good", "labs", good_at=NOW - HOUR, checked_at=NOW - HOUR)
    rows.item(session, good, "What came in time")
    return letter


def missing(session: Session, letter: Newsletter) -> list[str]:
    return [found.slug for found in missing_sources(session, build(session, letter))]


def build(session: Session, letter: Newsletter) -> Issue:
    return build_issue(session, letter, NOW.date(), NOW)


def test_a_source_that_fails_since_the_last_issue_is_missing(
    session: Session, letter: Newsletter
) -> None:
    at = NOW - 2 * DAY
    why = "It answered 503."
    rows.source(session, letter, "bad", "wire", good_at=at, failures=9, problem=why)
    found = missing_sources(session, build(session, letter))
    assert found == [Missing("bad", "Bad", "wire", at, why)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, True),
        ({"good_at": NOW - 25 * HOUR}, True),
        ({"good_at": NOW - 23 * HOUR}, False),
        ({"good_at": NOW - 23 * HOUR, "failures": 3, "problem": "Late."}, False),
        ({"good_at": NOW - 3 * DAY, "next_check_at": NOW + DAY}, False),
        ({"good_at": NOW - 3 * DAY, "next_check_at": NOW - HOUR}, True),
        ({"good_at": NOW - 3 * DAY, "next_check_at": NOW + HOUR, "failures": 1}, True),
        ({"good_at": NOW - 3 * DAY, "state": SourceState.MUTED}, True),
        ({"state": SourceState.PAUSED}, False),
    ],
)
def test_it_is_missing_by_how_it_fared(
    session: Session, letter: Newsletter, values: dict[str, object], expected: bool
) -> None:
    rows.source(session, letter, "other", "wire", **values)
    assert missing(session, letter) == (["other"] if expected else [])


def test_an_issue_by_hand_lacks_nothing(session: Session, letter: Newsletter) -> None:
    note = approval.compose_manual(session, letter, "A note", "Hello.", NOW)
    assert missing_sources(session, note) == []


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A server that takes a connection and never answers."""
    monkeypatch.setenv("BROADSHEET_ALLOW_PRIVATE_SOURCES", "true")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        yield server


def test_it_waits_for_no_source_that_hangs(
    database: Engine, session: Session, letter: Newsletter, hanging: socket.socket
) -> None:
    url = f"http://127.0.0.1:{hanging.getsockname()[1]}/feed"
    config = {"allow_private": True}
    slow = rows.source(session, letter, "slow", "labs", url=url, config=config)
    session.commit()
    collecting = threading.Thread(
        target=collect_source, args=(slow.id, NOW), kwargs={"force": True}
    )
    collecting.start()
    connection, _ = hanging.accept()
    try:
        (issue,) = build_due(session, letter.id, NOW)

        assert issue.state is IssueState.APPROVED
        assert issue.subject == "What came in time"
        assert collecting.is_alive(), "the source was no longer being asked"
        assert [found.slug for found in missing_sources(session, issue)] == ["slow"]
        session.commit()
    finally:
        connection.close()
        collecting.join(PATIENCE)
    with Session(database) as other:
        assert other.get_one(Source, slow.id).problem, "the failed check was not noted"
