"""The issues as RSS, Atom and JSON Feed, as a feed reader takes them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import feedparser
import pytest
from flask.testing import FlaskClient

from service.db import session_scope
from service.models import IssueState, Newsletter
from tests.web.issues import add_issue

HOSTILE = 'A <script>alert(1)</script> & "two" ]]> \x08\ufffe'
READABLE = 'A <script>alert(1)</script> & "two" ]]>'
FEEDS = ["/n/report/feed.xml", "/n/report/atom.xml"]


@pytest.mark.parametrize("path", FEEDS)
def test_it_gives_a_feed_that_a_reader_understands(
    path: str, client: FlaskClient, newsletter: Newsletter, now: datetime
) -> None:
    add_issue(newsletter, 6, now - timedelta(days=1), "Older")
    add_issue(newsletter, 7, now, HOSTILE)
    answer = client.get(path)
    parsed = feedparser.parse(answer.data, response_headers={"content-type": answer.content_type})
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert parsed.feed.title == "The Report"
    assert [entry.link for entry in parsed.entries] == [
        "http://news.example.org/n/report/issues/7",
        "http://news.example.org/n/report/issues/6",
    ]
    assert parsed.entries[0].published_parsed[:5] == now.timetuple()[:5]
    content = parsed.entries[0].content[0].value
    assert "Headline 2" in content
    assert "<script" not in content


@pytest.mark.parametrize("path", FEEDS)
def test_it_keeps_a_hostile_title_as_text(
    path: str, client: FlaskClient, newsletter: Newsletter, now: datetime
) -> None:
    add_issue(newsletter, 7, now, HOSTILE)
    text = client.get(path).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; " in text
    assert "<script" not in text
    assert "\x08" not in text


def test_it_gives_a_json_feed(client: FlaskClient, newsletter: Newsletter, now: datetime) -> None:
    add_issue(newsletter, 7, now, HOSTILE)
    answer = client.get("/n/report/feed.json")
    assert answer.mimetype == "application/feed+json"
    feed = json.loads(answer.data)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == "http://news.example.org/n/report/feed.json"
    [item] = feed["items"]
    assert item["title"].startswith(READABLE)
    assert item["url"] == item["id"] == "http://news.example.org/n/report/issues/7"
    assert datetime.fromisoformat(item["date_published"]) == now
    assert "Headline 2" in item["content_html"]


@pytest.mark.parametrize("path", [*FEEDS, "/n/report/feed.json"])
def test_it_gives_an_empty_feed_before_the_first_issue(path: str, client: FlaskClient) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    if not path.endswith("json"):
        parsed = feedparser.parse(answer.data)
        assert not parsed.bozo
        assert parsed.entries == []


def test_it_keeps_an_approved_issue_out_of_the_feed(
    client: FlaskClient, newsletter: Newsletter, now: datetime
) -> None:
    add_issue(newsletter, 7, None, "Not yet", state=IssueState.APPROVED)
    assert "Not yet" not in client.get("/n/report/feed.xml").text


def test_it_says_that_there_is_no_feed_of_what_is_not_there(client: FlaskClient) -> None:
    assert client.get("/n/nothing/feed.xml").status_code == 404


def test_it_takes_up_a_new_name_at_once(
    client: FlaskClient, newsletter: Newsletter, now: datetime
) -> None:
    add_issue(newsletter, 7, now, "One")
    before = client.get("/n/report/feed.xml").headers["ETag"]
    with session_scope() as session:
        session.get_one(Newsletter, newsletter.id).name = "The Other Report"
    answer = client.get("/n/report/feed.xml", headers={"If-None-Match": before})
    assert answer.status_code == 200
    assert "The Other Report" in answer.text
