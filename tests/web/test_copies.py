"""Test copies: to oneself, to others, and not to half the world."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from service.db import session_scope
from service.models import Issue, IssueState, Notice, NoticeKind
from service.web.admin.desk.copies import MOST, BadAddresses, addresses_in
from tests.web.browsing import EDITOR, csrf_of


def sent_to() -> list[str]:
    with session_scope() as session:
        rows = session.query(Notice).filter_by(kind=NoticeKind.TEST).order_by(Notice.id)
        return [row.address for row in rows]


def send(editor: FlaskClient, draft: Issue, to: str) -> tuple[int, str]:
    path = f"/admin/issues/{draft.id}/test"
    answer = editor.post(path, data={"csrf_token": csrf_of(editor.get(path).text), "to": to})
    return answer.status_code, answer.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ann@example.org", ["ann@example.org"]),
        (" ann@example.org,\nbob@example.org ; ANN@example.org ", 2),
        ("ann@example.org bob@example.org", 2),
    ],
)
def test_it_reads_addresses_however_they_are_parted(text: str, expected: object) -> None:
    found = addresses_in(text)
    assert expected in (found, len(found))


@pytest.mark.parametrize(
    "text", ["ann", "ann@example.org, bob", " ".join(f"a{n}@example.org" for n in range(MOST + 1))]
)
def test_it_refuses_what_cannot_be(text: str) -> None:
    with pytest.raises(BadAddresses):
        addresses_in(text)


def test_it_sends_to_others_and_leaves_the_issue_a_draft(editor: FlaskClient, draft: Issue) -> None:
    assert send(editor, draft, "ann@example.org, bob@example.org")[0] == 303
    assert sent_to() == ["ann@example.org", "bob@example.org"]
    with session_scope() as session:
        assert session.get_one(Issue, draft.id).state is IssueState.DRAFT


def test_it_sends_to_oneself_when_nobody_is_named(editor: FlaskClient, draft: Issue) -> None:
    assert send(editor, draft, " ")[0] == 303
    assert sent_to() == [EDITOR]


def test_it_sends_none_and_keeps_what_was_typed_when_one_is_wrong(
    editor: FlaskClient, draft: Issue
) -> None:
    status, page = send(editor, draft, "ann@example.org, bob@")
    assert status == 400
    assert "ann@example.org, bob@</textarea>" in page
    assert sent_to() == []
