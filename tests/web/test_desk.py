"""An editor shapes a draft: nothing is lost, nobody is overruled unawares, all of it is noted."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from service.db import session_scope
from service.issues import curate
from service.issues.approve import approve
from service.issues.words import sections_now
from service.models import (
    Audit,
    Entry,
    Issue,
    IssueState,
    Role,
)
from service.staff.users import add_user
from service.web.asking import now as wall_clock
from tests.web.browsing import PASSWORD, csrf_of, post

# Where editors wait for one another; tests/issues holds the same on the other.
pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def desk(draft: Issue) -> str:
    return f"/admin/issues/{draft.id}/desk"


def entries(draft: Issue) -> dict[str, Entry]:
    with session_scope() as session:
        query = select(Entry).where(Entry.issue_id == draft.id)
        return {row.data["title"]: row for row in session.scalars(query)}


def stored(draft: Issue) -> Issue:
    with session_scope() as session:
        return session.get_one(Issue, draft.id)


def order(draft: Issue) -> list[str]:
    """The titles as a mail would have them."""
    with session_scope() as session:
        sections = sections_now(session, session.get_one(Issue, draft.id))
        return [getattr(entry, "title", "") for entry in sections[0].entries]


def form_of(page: str, action: str) -> dict[str, str]:
    """What the hidden fields of the form that goes to *action* hold."""
    found = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page, re.DOTALL)
    assert found, f"the page has no form for {action}"
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', found[0]))


def step(
    editor: FlaskClient, draft: Issue, title: str, do: str, page: str = "", **more: str
) -> TestResponse:
    action = f"{desk(draft)}/entries/{entries(draft)[title].id}"
    form = form_of(page or editor.get(desk(draft)).text, action)
    return editor.post(action, data={**form, "do": do, **more})


def edit(
    editor: FlaskClient, draft: Issue, which: str, page: str = "", **fields: str
) -> TestResponse:
    action = f"{desk(draft)}/entries/{entries(draft)[which].id}/edit"
    form = form_of(page or editor.get(desk(draft)).text, action)
    row = entries(draft)[which].data
    shown = {name: row[name] for name in ("title", "url", "source", "summary")}
    return editor.post(action, data={**form, **shown, **fields})


def write(editor: FlaskClient, draft: Issue, page: str = "", **fields: str) -> TestResponse:
    action = f"{desk(draft)}/words"
    form = form_of(page or editor.get(desk(draft)).text, action)
    row = stored(draft)
    shown = {"subject": row.subject, "preheader": row.preheader, "markdown": row.editorial}
    return editor.post(action, data={**form, **shown, **fields})


def notes() -> list[str]:
    with session_scope() as session:
        return list(
            session.scalars(select(Audit.action).where(Audit.action != "login").order_by(Audit.id))
        )


def test_it_shows_the_draft_by_sections(editor: FlaskClient, draft: Issue) -> None:
    page = editor.get(desk(draft)).text
    assert "AI Labs" in page
    assert "From the Wire" in page
    assert page.index("Headline 1") < page.index("Headline 4")
    assert "A lab · Fri, Nov 20, 08:00" in page


@pytest.mark.parametrize(
    ("title", "do", "expected"),
    [
        ("Headline 3", "pin", ["3", "1", "2", "4"]),
        ("Headline 2", "drop", ["1", "3", "4"]),
        ("Headline 3", "up", ["1", "3", "2", "4"]),
        ("Headline 1", "down", ["2", "1", "3", "4"]),
    ],
)
def test_it_takes_a_step(
    title: str, do: str, expected: list[str], editor: FlaskClient, draft: Issue
) -> None:
    assert step(editor, draft, title, do).status_code == 303
    assert order(draft) == [f"Headline {number}" for number in expected]
    assert notes() == [f"entry.{do}"]


@pytest.mark.parametrize(
    ("title", "place", "expected"),
    [
        ("Headline 4", "1", ["4", "1", "2", "3"]),
        ("Headline 1", "3", ["2", "3", "1", "4"]),
        ("Headline 2", "2", ["1", "2", "3", "4"]),
    ],
)
def test_it_puts_an_entry_where_it_was_dropped(
    title: str, place: str, expected: list[str], editor: FlaskClient, draft: Issue
) -> None:
    answer = step(editor, draft, title, "place", place=place)
    assert order(draft) == [f"Headline {number}" for number in expected]
    assert f"Moved: {place} of 4 in AI Labs." in editor.get(answer.location).text


@pytest.mark.parametrize("place", ["0", "-3", "1", "5", "99999999999", "x", ""])
def test_it_refuses_a_place_that_cannot_be(place: str, editor: FlaskClient, draft: Issue) -> None:
    step(editor, draft, "Headline 1", "pin")
    refused = step(editor, draft, "Headline 3", "place", place=place)
    assert refused.status_code == 409
    assert "It cannot stand there" in refused.text
    assert order(draft) == [f"Headline {number}" for number in range(1, 5)]


def test_it_moves_among_the_pinned_alone(editor: FlaskClient, draft: Issue) -> None:
    step(editor, draft, "Headline 3", "pin")
    step(editor, draft, "Headline 4", "pin")
    assert step(editor, draft, "Headline 4", "place", place="1").status_code == 303
    assert order(draft) == [f"Headline {number}" for number in (4, 3, 1, 2)]


def test_it_takes_steps_back(editor: FlaskClient, draft: Issue) -> None:
    for title, do in [
        ("Headline 3", "pin"),
        ("Headline 3", "unpin"),
        ("Headline 2", "drop"),
        ("Headline 2", "restore"),
        ("Headline 1", "down"),
        ("Headline 1", "up"),
    ]:
        assert step(editor, draft, title, do).status_code == 303
    assert order(draft) == [f"Headline {number}" for number in range(1, 5)]


def test_it_moves_past_what_was_dropped(editor: FlaskClient, draft: Issue) -> None:
    step(editor, draft, "Headline 2", "drop")
    step(editor, draft, "Headline 3", "up")
    assert order(draft) == ["Headline 3", "Headline 1", "Headline 4"]


def test_it_lets_the_subject_follow_the_first_entry(editor: FlaskClient, draft: Issue) -> None:
    assert "Headline 1" in stored(draft).subject
    step(editor, draft, "Headline 4", "pin")
    assert "Headline 4" in stored(draft).subject


def test_it_moves_no_entry_above_a_pinned_one(editor: FlaskClient, draft: Issue) -> None:
    step(editor, draft, "Headline 1", "pin")
    answer = step(editor, draft, "Headline 2", "up")
    assert answer.status_code == 409
    assert "pinned entries stand before" in answer.text


def test_it_edits_an_entry_in_place(editor: FlaskClient, draft: Issue) -> None:
    answer = edit(editor, draft, "Headline 2", title="A <better> title", summary="One\r\nTwo")
    assert answer.status_code == 303
    row = entries(draft)["A <better> title"]
    assert (row.data["summary"], row.touched) == ("One\nTwo", True)
    assert "A &lt;better&gt; title" in editor.get(desk(draft)).text
    assert notes() == ["entry.edit"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"title": " "}, "Title: write something"),
        ({"url": "javascript:alert(1)"}, "Link: give an address"),
    ],
)
def test_it_loses_nothing_of_an_entry_that_cannot_be_stored(
    fields: dict[str, str], said: str, editor: FlaskClient, draft: Issue
) -> None:
    answer = edit(editor, draft, "Headline 2", source="Typed by hand", **fields)
    assert answer.status_code == 409
    assert said in answer.text
    assert "Typed by hand" in answer.text
    assert not entries(draft)["Headline 2"].touched


def test_it_touches_nothing_that_was_left_as_it_is(editor: FlaskClient, draft: Issue) -> None:
    edit(editor, draft, "Headline 2")
    assert not entries(draft)["Headline 2"].touched
    write(editor, draft)
    assert (stored(draft).words_touched, stored(draft).editorial_origin) == (False, "template")
    assert notes() == []


def test_it_stores_the_words(editor: FlaskClient, draft: Issue) -> None:
    write(editor, draft, subject="Ours", preheader="Then", markdown="**Good** day.\r\n\r\nMore.")
    row = stored(draft)
    assert (row.subject, row.preheader) == ("Ours", "Then")
    assert (row.editorial, row.editorial_origin) == ("**Good** day.\n\nMore.", "editor")
    step(editor, draft, "Headline 4", "pin")
    assert stored(draft).subject == "Ours"


def test_it_loses_no_words_that_cannot_be_stored(editor: FlaskClient, draft: Issue) -> None:
    answer = write(editor, draft, subject="", markdown="Typed by hand")
    assert answer.status_code == 409
    assert "Write a subject" in answer.text
    assert "Typed by hand" in answer.text
    assert stored(draft).editorial_origin == "template"


def test_it_shows_unsaved_words_with_the_entries(editor: FlaskClient, draft: Issue) -> None:
    token = csrf_of(editor.get(desk(draft)).text)
    form = {"csrf_token": token, "subject": "Ours", "markdown": "**Bold** words"}
    answer = editor.post(f"/admin/issues/{draft.id}/preview", data=form)
    assert "Bold</strong>" in answer.text
    assert "Headline 2" in answer.text
    assert stored(draft).subject != "Ours"


@pytest.mark.parametrize("do", ["pin", "drop", "up"])
def test_it_says_that_another_editor_was_faster(do: str, editor: FlaskClient, draft: Issue) -> None:
    page = editor.get(desk(draft)).text
    step(editor, draft, "Headline 2", "up" if do == "up" else "pin")
    before = order(draft)
    answer = step(editor, draft, "Headline 3" if do == "up" else "Headline 2", do, page)
    assert answer.status_code == 409
    assert "This was changed elsewhere" in answer.text
    assert order(draft) == before


def test_it_overwrites_nobodys_entry(editor: FlaskClient, draft: Issue) -> None:
    page = editor.get(desk(draft)).text
    edit(editor, draft, "Headline 2", source="Theirs")
    answer = edit(editor, draft, "Headline 2", page, summary="Mine")
    assert answer.status_code == 409
    assert "This was changed elsewhere" in answer.text
    assert "Mine" in answer.text
    assert entries(draft)["Headline 2"].data["source"] == "Theirs"


def test_it_overwrites_nobodys_words(editor: FlaskClient, draft: Issue) -> None:
    page = editor.get(desk(draft)).text
    write(editor, draft, markdown="Theirs")
    answer = write(editor, draft, page, markdown="Mine")
    assert answer.status_code == 409
    assert "Mine</textarea>" in answer.text
    assert "<pre>Theirs</pre>" in answer.text
    assert stored(draft).editorial == "Theirs"
    assert write(editor, draft, answer.text, markdown="Mine").status_code == 303
    assert stored(draft).editorial == "Mine"


def test_it_takes_words_twice_from_a_form_that_was_sent_twice(
    editor: FlaskClient, draft: Issue
) -> None:
    page = editor.get(desk(draft)).text
    answers = [write(editor, draft, page, markdown="Mine").status_code for _ in range(2)]
    assert answers == [303, 303]


def test_it_lets_words_follow_that_changed_under_the_form(
    editor: FlaskClient, draft: Issue
) -> None:
    page, shown = editor.get(desk(draft)).text, stored(draft)
    step(editor, draft, "Headline 4", "pin")
    write(editor, draft, page, subject=shown.subject, preheader=shown.preheader, markdown="Mine")
    row = stored(draft)
    assert (row.editorial, row.words_touched) == ("Mine", False)
    assert "Headline 4" in row.subject


def test_it_notes_who_goes_on_writing_once(editor: FlaskClient, draft: Issue) -> None:
    for words in ({"markdown": "A"}, {"markdown": "A b"}, {"subject": "C"}, {"subject": "C d"}):
        write(editor, draft, **words)
    assert notes() == ["issue.write", "issue.write"]


@pytest.mark.parametrize("then", ["send", "test"])
def test_it_stores_the_words_before_it_goes_on(
    then: str, editor: FlaskClient, draft: Issue
) -> None:
    answer = write(editor, draft, markdown="Mine", then=then)
    assert answer.location == f"/admin/issues/{draft.id}/{then}"
    assert stored(draft).editorial == "Mine"


def test_it_cuts_nothing_off_a_text_that_is_too_long(editor: FlaskClient, draft: Issue) -> None:
    answer = write(editor, draft, markdown="a" * 500_001)
    assert "The editorial has 500,001 characters" in answer.text
    assert stored(draft).editorial_origin == "template"


def test_it_keeps_words_that_were_begun_before_a_step(editor: FlaskClient, draft: Issue) -> None:
    page = editor.get(desk(draft)).text
    step(editor, draft, "Headline 4", "pin")
    assert write(editor, draft, page, markdown="Mine").status_code == 303
    assert stored(draft).editorial == "Mine"


def test_it_changes_nothing_that_was_approved(
    editor: FlaskClient, draft: Issue, now: datetime
) -> None:
    page = editor.get(desk(draft)).text
    with session_scope() as session:
        approve(session, session.get_one(Issue, draft.id), now)
    attempts: list[Callable[[], TestResponse]] = [
        lambda: step(editor, draft, "Headline 2", "drop", page),
        lambda: edit(editor, draft, "Headline 2", page, title="Mine"),
        lambda: write(editor, draft, page, markdown="Mine"),
        lambda: editor.get(desk(draft)),
    ]
    for attempt in attempts:
        answer = attempt()
        assert answer.status_code == 303
        shown = editor.get(answer.headers["Location"]).text
        assert "only a draft can be changed" in shown
    assert not entries(draft)["Headline 2"].dropped


def test_it_reopens_what_was_approved(editor: FlaskClient, draft: Issue, now: datetime) -> None:
    with session_scope() as session:
        approve(session, session.get_one(Issue, draft.id), now)
    page = f"/admin/issues/{draft.id}"
    post(editor, page, f"{page}/reopen")
    assert stored(draft).state is IssueState.DRAFT
    assert "Shape it" in editor.get(page).text


def test_it_builds_again_around_what_was_touched(editor: FlaskClient, draft: Issue) -> None:
    edit(editor, draft, "Headline 2", title="Ours")
    write(editor, draft, markdown="By hand")
    form = {"csrf_token": csrf_of(editor.get(desk(draft)).text)}
    with session_scope() as session:
        found = session.get_one(Issue, draft.id)
        curate.pin(session, next(row for row in found.entries if row.key == "item:4"))
    assert editor.post(f"{desk(draft)}/rebuild", data=form).status_code == 303
    # The other two were never collected, so nothing brings them back.
    assert order(draft) == ["Headline 4", "Ours"]
    assert stored(draft).editorial == "By hand"
    assert notes()[-1] == "issue.rebuild"


def test_it_says_so_of_an_entry_that_is_gone(editor: FlaskClient, draft: Issue) -> None:
    page = editor.get(desk(draft)).text
    action = f"{desk(draft)}/entries/{entries(draft)['Headline 2'].id}"
    with session_scope() as session:
        session.delete(session.get_one(Entry, entries(draft)["Headline 2"].id))
    answer = editor.post(action, data={**form_of(page, action), "do": "pin"})
    assert answer.status_code == 409
    assert "That entry is gone" in answer.text


def test_it_lets_a_viewer_change_nothing(app: Flask, draft: Issue) -> None:
    viewer = app.test_client()
    with session_scope() as session:
        add_user(session, "viewer@example.org", PASSWORD, Role.VIEWER, wall_clock())
    post(viewer, "/admin/login", "/admin/login", email="viewer@example.org", password=PASSWORD)
    assert viewer.get(desk(draft)).status_code == 403
    for path in ("words", "rebuild", "entries/1", "entries/1/edit"):
        assert post(viewer, "/admin/", f"{desk(draft)}/{path}").status_code == 403


@pytest.mark.parametrize("path", ["words", "rebuild", "entries/1", "entries/1/edit"])
def test_it_takes_no_form_without_a_token(path: str, editor: FlaskClient, draft: Issue) -> None:
    assert editor.post(f"{desk(draft)}/{path}").status_code == 400
