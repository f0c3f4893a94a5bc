"""What is the same for everybody is kept by caches and asked for again at little cost."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient

from service.audience import tokens
from service.models import Newsletter, Subscription
from tests.web.browsing import link
from tests.web.issues import add_issue

KEPT = [
    "/n/report/issues/7",
    "/n/report/archive",
    "/n/report/labs",
    "/n/report/feed.xml",
    "/n/report/atom.xml",
    "/n/report/feed.json",
]


@pytest.fixture
def sent(newsletter: Newsletter, now: datetime) -> None:
    add_issue(newsletter, 7, now, "Small runs")


@pytest.mark.parametrize("path", KEPT)
def test_it_lets_everybody_keep_a_page(path: str, client: FlaskClient, sent: None) -> None:
    headers = client.get(path).headers
    assert "public" in headers["Cache-Control"]
    assert "max-age=" in headers["Cache-Control"]
    assert "Set-Cookie" not in headers
    assert "Cookie" not in headers.get("Vary", "")


@pytest.mark.parametrize("path", KEPT)
@pytest.mark.parametrize(
    ("known", "asked"), [("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since")]
)
def test_it_sends_nothing_twice(
    path: str, known: str, asked: str, client: FlaskClient, sent: None
) -> None:
    first = client.get(path)
    again = client.get(path, headers={asked: first.headers[known]})
    assert again.status_code == 304
    assert again.data == b""
    assert again.headers["ETag"] == first.headers["ETag"]


@pytest.mark.parametrize("path", KEPT[1:])
def test_it_sends_a_list_again_after_the_next_issue(
    path: str, client: FlaskClient, sent: None, newsletter: Newsletter, now: datetime
) -> None:
    first = client.get(path).headers["ETag"]
    add_issue(newsletter, 8, now + timedelta(days=1), "Large claims")
    assert client.get(path, headers={"If-None-Match": first}).status_code == 200


def test_it_tells_pages_of_a_list_apart(client: FlaskClient, sent: None) -> None:
    first = client.get("/n/report/archive").headers["ETag"]
    second = client.get("/n/report/archive?page=2", headers={"If-None-Match": first})
    assert second.status_code == 200


@pytest.mark.parametrize("path", ["/n/report/", "/n/report/check-inbox", "/admin/login"])
def test_it_lets_nobody_else_keep_a_page_with_a_form(path: str, client: FlaskClient) -> None:
    answer = client.get(path)
    assert "public" not in answer.headers["Cache-Control"]
    assert answer.headers["Cache-Control"] in ("private, no-cache", "no-store")


@pytest.mark.parametrize("purpose", ["preferences", "unsubscribe"])
def test_it_names_no_page_with_a_key_to_anybody(
    purpose: tokens.Purpose, client: FlaskClient, reader: Subscription
) -> None:
    page = client.get(link(purpose, reader.id))
    assert '<meta name="robots" content="noindex, nofollow">' in page.text
    assert "canonical" not in page.text
    assert "og:url" not in page.text
