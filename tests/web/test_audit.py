"""The audit log: filtered, paged by its numbers, and as a file."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from service.db import session_scope
from service.models import Audit, User
from service.web.admin.team import audit as page

STEPS = ["issue.approve", "issue.stop", "user.role"]


@pytest.fixture
def notes(editor: FlaskClient, now: datetime) -> int:
    """Nine: each step by the owner twice, by nobody once. The owner's number."""
    with session_scope() as session:
        session.execute(delete(Audit))
        owner = session.scalars(select(User.id)).one()
        session.add_all(
            Audit(
                user_id=who,
                action=action,
                subject=f"report issue {number}",
                detail={"readers": 1204, "why": "=1+1"},
                at=now,
            )
            for number, action in enumerate(STEPS)
            for who in (owner, owner, None)
        )
    return owner


def shown(client: FlaskClient, query: str = "") -> list[str]:
    """The actions in the table, from the top."""
    answer = client.get(f"/admin/audit{query}")
    assert answer.status_code == 200, f"{answer.status} {answer.location}"
    return re.findall(r'<th scope="row">([^<]+)</th>', answer.text)


def test_it_shows_the_latest_first(editor: FlaskClient, notes: int) -> None:
    assert shown(editor) == ["user.role"] * 3 + ["issue.stop"] * 3 + ["issue.approve"] * 3
    assert "readers 1204" in editor.get("/admin/audit").text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?action=issue.stop", ["issue.stop"] * 3),
        ("?action=issue", []),
        ("?action=%00%27", []),
        ("?user=none", ["user.role", "issue.stop", "issue.approve"]),
        ("?user=none&action=user.role", ["user.role"]),
        ("?user=999999", []),
        ("?until=2026-11-19", []),
        ("?until=2026-11-20&action=user.role", ["user.role"] * 3),
        ("?until=9999-12-31&action=user.role", ["user.role"] * 3),
    ],
)
def test_it_filters(editor: FlaskClient, notes: int, query: str, found: list[str]) -> None:
    assert shown(editor, query) == (found or [])


def test_it_finds_what_a_slower_clock_wrote_down_later(editor: FlaskClient, notes: int) -> None:
    """Two machines: the note with the higher number is of the earlier moment."""
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    with session_scope() as session:
        for before, action in ((1, "first"), (2, "late"), (-1, "next day")):
            at = midnight - timedelta(seconds=before)
            session.add(Audit(user_id=notes, action=action, subject="", detail={}, at=at))
            session.flush()
    assert shown(editor, "?until=2026-11-20")[:2] == ["late", "first"]


def test_it_filters_by_who_did_it(editor: FlaskClient, notes: int) -> None:
    assert len(shown(editor, f"?user={notes}")) == 6


def test_it_offers_each_action_that_was_noted(editor: FlaskClient, notes: int) -> None:
    offered = re.findall(r"<option >([a-z.]+)</option>", editor.get("/admin/audit").text)
    assert offered == STEPS


def test_it_pages_without_losing_or_repeating_a_note(
    editor: FlaskClient, notes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "PAGE", 4)
    found, to = [], "/admin/audit"
    while to:
        text = editor.get(to).text
        found.append(len(re.findall(r'<th scope="row">', text)))
        older = re.search(r'href="([^"]+)">Older', text)
        to = older[1].replace("&amp;", "&") if older else ""
    assert found == [4, 4, 1]


@pytest.mark.parametrize("before", ["-1", "0", "x", "9" * 30])
def test_it_shows_the_newest_for_a_page_that_cannot_be(
    editor: FlaskClient, notes: int, before: str
) -> None:
    assert len(shown(editor, f"?before={before}")) == 9


def test_it_gives_the_same_as_a_file_that_a_spreadsheet_runs_nothing_of(
    editor: FlaskClient, notes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "CHUNK", 2)
    answer = editor.get("/admin/audit.csv?action=issue.stop")
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(answer.text.splitlines()))
    assert [row["action"] for row in rows] == ["issue.stop"] * 3
    assert rows[0]["subject"] == "report issue 1"
    assert not any(cell.startswith("=") for row in rows for cell in row.values())
