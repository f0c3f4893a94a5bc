"""Addresses that nothing is sent to: found, added and let go, whether a reader has them or not."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from service.audience.addresses import parse_address
from service.audience.suppression import hash_of, is_suppressed
from service.db import read_scope
from service.models import Audit
from service.web.admin.readers import suppressing
from tests.web.browsing import post

PLACE = "/admin/subscribers/suppressed"
STRANGER = "press@elsewhere.example"
READER = "ann@example.org"

# None of it hangs on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def barred(*addresses: str) -> list[bool]:
    with read_scope() as session:
        return [is_suppressed(session, hash_of(parse_address(one))) for one in addresses]


def done() -> list[tuple[str, str]]:
    with read_scope() as session:
        rows = session.scalars(select(Audit).where(Audit.action.startswith("suppression.")))
        return [(row.action, str(row.detail.get("why"))) for row in rows]


@pytest.mark.usefixtures("reader")
def test_it_suppresses_who_is_no_reader_and_lets_go_again(editor: FlaskClient) -> None:
    assert "Not suppressed" in editor.get(f"{PLACE}?q={STRANGER}").text
    typed = f"{STRANGER}\r\n\r\n  {READER.upper()}, {STRANGER}"
    answer = post(editor, PLACE, PLACE, addresses=typed, why="Their lawyer wrote.")
    assert answer.status_code == 303
    page = editor.get(f"{PLACE}?q={STRANGER}").text
    assert "Nothing is sent to 2 addresses from now on." in page
    assert "Their lawyer wrote." in page
    assert READER in page
    assert barred(STRANGER, READER) == [True, True]

    post(editor, PLACE, PLACE, addresses=STRANGER, why="Once more.")
    assert "nothing was changed" in editor.get(PLACE).text
    post(editor, PLACE, f"{PLACE}/allow", address=STRANGER, why="A mistake.")
    page = editor.get(f"{PLACE}?q={STRANGER}").text
    assert "Not suppressed" in page
    assert barred(STRANGER, READER) == [False, True]
    assert done() == [("suppression.add", "Their lawyer wrote.")] * 2 + [
        ("suppression.lift", "A mistake.")
    ]


def test_it_suppresses_none_when_one_is_not_right(editor: FlaskClient) -> None:
    for form, said in (
        ({"addresses": f"{STRANGER}\nnobody", "why": "x"}, "nobody: "),
        ({"addresses": STRANGER, "why": "  "}, "Say why"),
        ({"addresses": " \n", "why": "x"}, "one a line"),
        ({"addresses": "\n".join(f"r{n}@example.org" for n in range(501)), "why": "x"}, "501"),
    ):
        answer = post(editor, PLACE, PLACE, **form)
        assert answer.status_code == 400
        assert said in answer.text
        assert form["addresses"].strip() in answer.text
    assert barred(STRANGER, "r1@example.org") == [False, False]
    answer = post(editor, PLACE, f"{PLACE}/allow", address=STRANGER, why=" ")
    assert (answer.status_code, "Say why" in answer.text) == (400, True)
    assert post(editor, PLACE, f"{PLACE}/allow", address="x", why="y").status_code == 400


def test_it_shows_them_page_by_page(editor: FlaskClient) -> None:
    post(editor, PLACE, PLACE, addresses="\n".join(f"r{n}@x.example" for n in range(52)), why="x")
    first = editor.get(PLACE).text
    assert first.count("no reader") == suppressing.PAGE
    older = first.split('">Older</a>')[0].rsplit('href="', 1)[1].replace("&amp;", "&")
    assert editor.get(older).text.count("no reader") == 2
    assert "Nobody." in editor.get(f"{PLACE}?reason=bounce").text
    assert editor.get(f"{PLACE}?reason=what&before=99999999999999999999").status_code == 200
