"""Whose language a page speaks: its reader's, its newsletter's, or the browser's."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.db import session_scope
from service.models import Issue, Newsletter, Subscriber, Subscription
from service.web.asking import now as wall_clock
from tests.rendering.html import Page
from tests.web.browsing import link, post
from tests.web.issues import add_issue
from tests.web.walking import Around, addresses, rules

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


@pytest.fixture
def zeitung(newsletter: Newsletter) -> None:
    """The newsletter is a German one."""
    with session_scope() as session:
        session.get_one(Newsletter, newsletter.id).language = "de"


@pytest.fixture
def leserin(reader: Subscription) -> None:
    """The reader chose German."""
    with session_scope() as session:
        session.get_one(Subscriber, reader.subscriber_id).language = "de"


def test_it_speaks_the_newsletters_language(client: FlaskClient, zeitung: None) -> None:
    answer = client.get("/n/report/", headers={"Accept-Language": "en"})
    assert '<html lang="de">' in answer.text
    assert "Ihre E-Mail-Adresse" in answer.text
    assert "Mit der Anmeldung willigen Sie ein, The Report" in answer.text
    assert 'value="signup-1.de"' in answer.text
    assert answer.headers["Content-Language"] == "de"


def test_it_is_the_same_for_every_browser(client: FlaskClient) -> None:
    page = client.get("/n/report/archive").text
    assert client.get("/n/report/archive", headers=GERMAN).text == page


def test_it_speaks_english_for_a_newsletter_in_a_language_it_lacks(
    client: FlaskClient, newsletter: Newsletter
) -> None:
    with session_scope() as session:
        session.get_one(Newsletter, newsletter.id).language = "fr"
    assert '<html lang="en">' in client.get("/n/report/", headers=GERMAN).text


def test_it_speaks_the_readers_language_before_the_newsletters(
    client: FlaskClient, reader: Subscription, leserin: None
) -> None:
    page = client.get(link("preferences", reader.id)).text
    assert '<html lang="de">' in page
    assert "Ihre Einstellungen" in page
    assert (
        "Sie sind abgemeldet"
        in post(
            client, link("preferences", reader.id), link("unsubscribe", reader.id), by="page"
        ).text
    )


def test_it_says_what_is_wrong_in_the_readers_language(client: FlaskClient, zeitung: None) -> None:
    page = post(client, "/n/report/", "/n/report/join", email="ann").headers["Location"]
    assert "Das sieht nicht nach einer E-Mail-Adresse aus: Es fehlt das @." in client.get(page).text


@pytest.mark.parametrize(
    ("headers", "said"), [(GERMAN, "Hier ist nichts"), ({}, "There is nothing here")]
)
def test_it_speaks_the_browsers_language_where_there_is_no_newsletter(
    headers: dict[str, str], said: str, client: FlaskClient
) -> None:
    assert said in client.get("/nothing", headers=headers).text


def test_it_speaks_english_to_the_next_after_a_german_page(
    client: FlaskClient, zeitung: None
) -> None:
    client.get("/n/report/")
    assert "There is nothing here" in client.get("/nothing").text


def test_it_dates_issues_in_german(
    client: FlaskClient, newsletter: Newsletter, zeitung: None
) -> None:
    began = datetime(2026, 11, 20, 6, 0, tzinfo=UTC) - timedelta(days=3)
    row = add_issue(newsletter, 6, began, "Die Lage")
    assert row.local_date is not None
    page = client.get("/n/report/archive").text
    assert f"{row.local_date.day}. August 2026 · Nr. 6" in page


def test_it_keeps_the_admin_english(editor: FlaskClient, zeitung: None) -> None:
    page = editor.get("/admin/subscribers", headers=GERMAN).text
    assert '<html lang="en">' in page
    assert "Zum Inhalt springen" not in page


ENGLISH = re.compile(
    r"\b(?:the|you|your|and|is|are|not|to|it|at|by|for|from|with|this|that)\b", re.I
)
CONTENT = {"public.issue", "public.section_page", "public.rss", "public.atom", "public.json_feed"}
"""What they show is what somebody wrote."""


def test_it_leaves_no_english_word_of_ours_on_a_german_page(
    app: Flask,
    client: FlaskClient,
    newsletter: Newsletter,
    zeitung: None,
    reader: Subscription,
    draft: Issue,
) -> None:
    with session_scope() as session:
        found = session.get_one(Newsletter, newsletter.id)
        found.name = found.from_name = "Lagebericht"
    around = Around(subscription_id=reader.id, issue_id=draft.id, at=wall_clock())
    read = 0
    for rule in rules(app, "GET", admin=False):
        for address in addresses(app, rule, around) if rule.endpoint not in CONTENT else ():
            answer = client.get(address, headers=GERMAN)
            if answer.mimetype != "text/html" or answer.status_code >= 300:
                continue
            words = re.sub(
                r"<textarea.*?</textarea>|AI Labs|From the Wire", "", answer.text, flags=re.S
            )
            assert ENGLISH.findall(Page(words).words) == [], address
            read += 1
    assert read > 8
