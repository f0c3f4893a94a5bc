"""Papers that were announced while the service was down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from service.sources.collect import collect_source
from service.sources.kinds import Page, SourceView
from service.sources.kinds.arxiv import Arxiv
from service.sources.kinds.arxiv_gap import PER_PAGE, catch_up_url, missed_a_day
from tests.sources.conftest import DATA, AddSource
from tests.sources.origin import Origin
from tests.sources.test_collect import items, row

RSS = (DATA / "arxiv.xml").read_bytes()
API = (DATA / "arxiv_api.xml").read_bytes()
FRIDAY = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def ago(days: float) -> datetime:
    return FRIDAY - timedelta(days=days)


@pytest.mark.parametrize(
    ("good_at", "now", "missed"),
    [
        (ago(0.2), FRIDAY, False),
        (ago(1), FRIDAY, False),
        (ago(2), FRIDAY, True),
        (FRIDAY, FRIDAY + timedelta(days=3), False),
        (FRIDAY, FRIDAY + timedelta(days=4), True),
        (ago(1), FRIDAY + timedelta(days=1), True),
        (ago(400), FRIDAY, True),
        (FRIDAY, ago(1), False),
    ],
    ids=["hours", "a day", "two days", "weekend", "Monday too", "Friday", "a year", "backwards"],
)
def test_it_knows_whether_a_weekday_was_missed(
    good_at: datetime, now: datetime, missed: bool
) -> None:
    assert missed_a_day(good_at, now) is missed


def view(url: str, good_at: datetime | None = FRIDAY - timedelta(days=3)) -> SourceView:
    return SourceView("arxiv", "arXiv", url, {}, good_at, FRIDAY)


def test_it_asks_the_api_for_the_same_categories_since_the_last_good_answer() -> None:
    url = catch_up_url(view("https://rss.arxiv.org/rss/cs.SE+cs.LG"), "", start=300)
    assert url is not None
    assert url.startswith("https://export.arxiv.org/api/query?")
    asked = parse_qs(urlsplit(url).query)
    assert asked["search_query"] == [
        "(cat:cs.SE OR cat:cs.LG) AND submittedDate:[202611131200 TO 202611201200]"
    ]
    assert (asked["start"], asked["max_results"]) == (["300"], ["300"])


@pytest.mark.parametrize(
    "source",
    [
        view("https://rss.arxiv.org/rss/cs.SE", None),
        view("https://rss.arxiv.org/rss/cs.SE", FRIDAY),
        view("https://mirror.example/rss/cs.SE"),
        view("https://export.arxiv.org/api/query?search_query=cat:cs.SE"),
    ],
    ids=["new source", "no gap", "a copy", "the API itself"],
)
def test_it_has_nothing_to_catch_up_with(source: SourceView) -> None:
    assert catch_up_url(source, "", start=0) is None


@pytest.mark.parametrize(
    ("pages", "start"),
    [(1, "0"), (2, "300"), (5, "1200"), (6, None)],
    ids=["the RSS", "a full page", "four", "five are the most"],
)
def test_it_reads_full_pages_of_the_api_but_not_without_end(pages: int, start: str | None) -> None:
    full = Page(b"<entry>" * PER_PAGE)
    url = Arxiv().next_url([full] * pages, view("https://rss.arxiv.org/rss/cs.SE"))
    assert (parse_qs(urlsplit(url).query)["start"][0] if url else None) == start


def test_it_catches_up_after_an_outage(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    api = origin.feed("/api/query", API)
    feed = origin.feed("/rss/cs.LG", RSS)
    source_id = add_source(feed, kind="arxiv", config={"catch_up": api}, good_at=now)
    assert collect_source(source_id, now + timedelta(days=4)).new == 3
    assert "2611.05150" in items(source_id)
    assert [request.path.partition("?")[0] for request in origin.requests] == [
        "/rss/cs.LG",
        "/api/query",
    ]


def test_it_loses_no_paper_when_catching_up_fails(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    feed = origin.feed("/rss/cs.LG", RSS)
    config = {"catch_up": origin.url("/api/query")}
    source_id = add_source(feed, kind="arxiv", config=config, good_at=now)
    assert collect_source(source_id, now + timedelta(days=4)).outcome == "failed"
    assert row(source_id).good_at == now, "the gap would be forgotten"
