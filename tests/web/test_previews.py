"""What an editor sees of a mail: dark, as text, and as one reader gets it."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from service.audience.choices import choice_for
from service.db import session_scope
from service.models import Issue, MailFormat, Newsletter, Subscription
from tests.web.browsing import post

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def choose(reader: Subscription, mail_format: MailFormat, *sections: str) -> None:
    with session_scope() as session:
        row = session.get_one(Subscription, reader.id)
        newsletter = session.get_one(Newsletter, row.newsletter_id)
        row.choice = choice_for(session, newsletter, mail_format, sections or None, ())


def look(editor: FlaskClient, draft: Issue, **asked: str) -> str:
    return editor.get(f"/admin/issues/{draft.id}/preview.html", query_string=asked).text


def test_it_shows_the_dark_look_whatever_the_editors_own(editor: FlaskClient, draft: Issue) -> None:
    assert "prefers-color-scheme: dark" in look(editor, draft)
    dark = look(editor, draft, view="dark")
    assert "prefers-color-scheme: dark" not in dark
    assert "@media all" in dark


def test_it_shows_the_text(editor: FlaskClient, draft: Issue) -> None:
    assert "<table" not in look(editor, draft, view="text")


def test_it_shows_what_one_reader_gets(
    editor: FlaskClient, draft: Issue, reader: Subscription
) -> None:
    assert "Headline 2" in look(editor, draft, view="reader", reader="ANN@example.org")
    choose(reader, MailFormat.TEXT)
    as_text = look(editor, draft, view="reader", reader="ann@example.org")
    assert "<table" not in as_text
    assert "Headline 2" in as_text


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("bob@example.org", "bob@example.org has no subscription to The Report."),
        ("nonsense", "is no address"),
        ("", "Give the address of a reader."),
    ],
)
def test_it_says_when_there_is_no_such_reader(
    address: str, said: str, editor: FlaskClient, draft: Issue
) -> None:
    assert said in look(editor, draft, view="reader", reader=address)


def test_it_shows_unsaved_words_to_a_reader(
    editor: FlaskClient, draft: Issue, reader: Subscription
) -> None:
    choose(reader, MailFormat.TEXT)
    answer = post(
        editor,
        f"/admin/issues/{draft.id}/desk",
        f"/admin/issues/{draft.id}/preview?view=reader",
        subject="Unsaved",
        markdown="Not *stored*.",
        reader="ann@example.org",
    )
    assert answer.mimetype == "text/plain"
    assert "Not *stored*." in answer.text or "Not stored." in answer.text


def test_it_says_what_the_reader_chose(
    editor: FlaskClient, draft: Issue, reader: Subscription
) -> None:
    choose(reader, MailFormat.HTML, "labs", "wire")
    page = editor.get(
        f"/admin/issues/{draft.id}", query_string={"view": "reader", "reader": "ann@example.org"}
    ).text
    assert "Daily, as HTML: AI Labs, From the Wire." in page
