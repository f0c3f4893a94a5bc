"""The newsroom: feeds that a reader can read, days that differ, and conditional GET."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime
from typing import Any

import feedparser
import pytest

from service.sandbox import Sandbox
from service.sandbox.newsroom import arxiv
from service.sandbox.newsroom.directory import SOURCES
from service.sandbox.newsroom.entries import Entry
from service.sandbox.newsroom.feeds import FEEDS
from service.sandbox.newsroom.papers import announced

from .conftest import FRIDAY
from .people import ask

XML_FEEDS = [f.path for f in FEEDS if f.format != "json"] + ["/news/arxiv/rss/cs.SE+cs.LG"]
CONDITIONAL = [*XML_FEEDS, "/news/labs/quillon/feed.json", "/news/leaderboards/coding.csv"]
INDEX = "/news/leaderboards/api/v2/language/models/free"
DAYS = range(-4, 1)


def on_day(sandbox: Sandbox, day: int) -> None:
    assert ask(sandbox.url, "/control/newsroom", {"day": day}).status == 200


def entries(name: str, day: int) -> list[Entry]:
    return next(f for f in FEEDS if f.name == name).entries(FRIDAY, day)


@pytest.mark.parametrize("path", XML_FEEDS)
def test_it_writes_feeds_without_a_flaw(sandbox: Sandbox, path: str) -> None:
    for day in DAYS:
        on_day(sandbox, day)
        feed = feedparser.parse(io.BytesIO(ask(sandbox.url, path).body))
        assert not feed.bozo, (day, feed.get("bozo_exception"))
        assert len(feed.entries) >= 10
        assert all(e.title and e.link.startswith(sandbox.url) for e in feed.entries)


def test_it_writes_a_json_feed(sandbox: Sandbox) -> None:
    feed = ask(sandbox.url, "/news/labs/quillon/feed.json").json()
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["items"][0]["title"] == "Quill Voice speaks 40 languages with one voice"
    assert {"id", "url", "title", "content_html", "date_published"} <= feed["items"][0].keys()


@pytest.mark.parametrize("path", CONDITIONAL)
def test_it_answers_304_to_what_has_not_changed(sandbox: Sandbox, path: str) -> None:
    first = ask(sandbox.url, path)
    again = ask(sandbox.url, path, If_None_Match=first.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    since = ask(sandbox.url, path, If_Modified_Since=first.headers["Last-Modified"])
    assert since.status == 304
    counts = ask(sandbox.url, "/control/newsroom").json()
    assert (counts["requests"][path], counts["not_modified"][path]) == (3, 2)


@pytest.mark.parametrize("path", CONDITIONAL)
def test_it_answers_anew_when_the_day_has_changed(sandbox: Sandbox, path: str) -> None:
    on_day(sandbox, -1)
    first = ask(sandbox.url, path)
    on_day(sandbox, 0)
    again = ask(sandbox.url, path, If_None_Match=first.headers["ETag"])
    assert again.status == 200
    assert again.body != first.body


def test_it_compresses_for_who_accepts_it(sandbox: Sandbox) -> None:
    path = "/news/wire/tensor-times/rss.xml"
    small = ask(sandbox.url, path, Accept_Encoding="gzip")
    assert small.headers["Content-Encoding"] == "gzip"
    assert len(small.body) < len(ask(sandbox.url, path).body) / 2


def test_it_says_the_same_for_the_same_date_and_day() -> None:
    for feed in FEEDS:
        for day in DAYS:
            assert feed.entries(FRIDAY, day) == feed.entries(FRIDAY, day)
    assert announced(FRIDAY, -1) == announced(FRIDAY, -1)
    other = date(2027, 3, 4)
    moved = FEEDS[0].entries(other, 0)[0].published
    assert moved is not None
    assert moved.date() in {date(2027, 3, 3), other}


@pytest.mark.parametrize("name", [f.name for f in FEEDS])
def test_it_puts_new_entries_on_top_of_older_ones(name: str) -> None:
    for day in (-3, -2, -1, 0):
        before = {e.slug for e in entries(name, day - 1)}
        now = entries(name, day)
        fresh = [e for e in now if e.slug not in before]
        assert all(e.day == day for e in fresh)
        assert len(before & {e.slug for e in now}) >= len(now) - len(fresh)
    assert {e.slug for e in entries(name, 0)} != {e.slug for e in entries(name, -4)}


def test_it_revises_an_entry_without_moving_it() -> None:
    before = next(e for e in entries("meridian", -2) if "Batch jobs" in e.title)
    after = next(e for e in entries("meridian", -1) if "Batch jobs" in e.title)
    assert (before.guid, before.published) == (after.guid, after.published)
    assert before.title != after.title
    assert before.updated is None
    assert after.updated == datetime(2026, 11, 19, 3, tzinfo=UTC)


def test_it_holds_the_oddities_that_readers_must_survive() -> None:
    halcyon, dispatch, weights = (
        entries(n, 0) for n in ("halcyon", "latent-dispatch", "open-weights")
    )
    assert any(e.published is None for e in halcyon)
    assert any("<script>" in e.summary and "&mdash;" in e.summary for e in halcyon)
    assert any(e.guid is None for e in dispatch)
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert any(e.published and e.published > noon for e in weights)
    titles = [e.title for e in halcyon]
    assert {f"Halcyon {v} released with longer context" for v in ("5.4", "5.5")} <= set(titles)


def test_it_prints_one_story_in_two_papers() -> None:
    plain = {e.path for e in entries("tensor-times", 0)}
    tracked = [e.path for e in entries("latent-dispatch", 0) if "utm_source=" in e.path]
    assert [path.partition("?")[0] in plain for path in tracked] == [True]


def test_it_has_a_page_behind_every_link(sandbox: Sandbox) -> None:
    for path in XML_FEEDS:
        feed = feedparser.parse(io.BytesIO(ask(sandbox.url, path).body))
        for link in [feed.entries[0].link, feed.entries[-1].link]:
            page = ask(sandbox.url, link.removeprefix(sandbox.url))
            assert page.status == 200
            assert page.headers["Content-Type"].startswith("text/html")


def test_it_announces_papers_as_arxiv_does(sandbox: Sandbox) -> None:
    body = ask(sandbox.url, "/news/arxiv/rss/cs.SE+cs.LG").body
    kind = "{http://arxiv.org/schemas/atom}announce_type"
    creator = "{http://purl.org/dc/elements/1.1/}creator"
    items = ET.fromstring(body).findall("channel/item")
    for item in items:
        version = (item.findtext("guid") or "").removeprefix("oai:arXiv.org:")
        assert re.fullmatch(r"\d{4}\.\d{5}v\d", version)
        start = f"arXiv:{version} Announce Type: {item.findtext(kind)} \nAbstract: "
        assert (item.findtext("description") or "").startswith(start)
        assert item.findtext(creator)
        assert item.findtext("category")
    kinds = {item.findtext(kind) for item in items}
    assert kinds == {"new", "cross", "replace", "replace-cross"}
    assert any(len(item.findall("category")) > 2 for item in items)


def test_it_writes_abstracts_of_real_length_with_real_oddities() -> None:
    papers = [p for day in DAYS for p in announced(FRIDAY, day)]
    assert all(137 <= len(p.abstract.split()) <= 270 for p in papers)
    today = "\n".join(f"{p.title}\n{p.abstract}" for p in announced(FRIDAY, 0))
    oddities = ["$n=40$", "$+43\\%$", "90.50\\%", "$\\approx$", " -- ", "``American''", "\\textbf{"]
    for oddity in [*oddities, "$5 and $10", "{{ reason }}", "{{ braces }}", "\x92"]:
        assert oddity in today, oddity


def test_it_never_gives_one_number_to_two_papers() -> None:
    numbers = [p.number for d in range(-20, 5) for p in announced(FRIDAY, d) if p.kind == "new"]
    assert len(numbers) == len(set(numbers))


def test_it_lists_a_paper_as_a_crossing_outside_its_primary_category() -> None:
    papers = announced(FRIDAY, 0)
    for paper in arxiv.selected(papers, ["cs.LG"]):
        assert ("cross" in paper.kind) == (paper.categories[0] != "cs.LG")


@pytest.mark.parametrize("day", [1, 2, -5, -6])
def test_it_announces_no_papers_at_a_weekend(day: int) -> None:
    assert announced(FRIDAY, day) == []


def test_it_asks_for_a_key_before_it_shows_the_index(sandbox: Sandbox) -> None:
    assert ask(sandbox.url, INDEX).status == 401
    assert ask(sandbox.url, INDEX, x_api_key="any").status == 200


def test_it_shows_the_index_in_pages(sandbox: Sandbox) -> None:
    models: list[dict[str, Any]] = []
    for number in (1, 2, 3):
        page = ask(sandbox.url, f"{INDEX}?page={number}", x_api_key="any").json()
        assert page["pagination"]["total_pages"] == 3
        assert page["pagination"]["has_more"] is (number < 3)
        models += page["data"]
    scores = [m["evaluations"]["artificial_analysis_intelligence_index"] for m in models]
    known = [s for s in scores if s is not None]
    assert len(models) == len({m["id"] for m in models}) == 45
    assert known == sorted(known, reverse=True)
    assert None in scores
    assert any(m["pricing"]["price_1m_input_tokens"] is None for m in models)
    assert any(m["performance"]["median_output_tokens_per_second"] is None for m in models)


def test_it_moves_scores_and_names_its_edition(sandbox: Sandbox) -> None:
    def scores() -> dict[str, float]:
        page = ask(sandbox.url, INDEX, x_api_key="any").json()
        index = "artificial_analysis_intelligence_index"
        return {m["name"]: m["evaluations"][index] for m in page["data"]}

    on_day(sandbox, -1)
    before = scores()
    on_day(sandbox, 0)
    after = scores()
    moved = {n for n in before.keys() & after.keys() if before[n] != after[n]}
    assert 0 < len(moved) < len(before)
    assert "Halcyon 5.5" in after.keys() - before.keys()
    ask(sandbox.url, "/control/newsroom", {"index_version": "5.0"})
    page = ask(sandbox.url, INDEX, x_api_key="any").json()
    assert page["intelligence_index_version"] == "5.0"


def test_it_ranks_the_coding_table(sandbox: Sandbox) -> None:
    body = ask(sandbox.url, "/news/leaderboards/coding.csv").body.decode()
    rows = list(csv.DictReader(io.StringIO(body)))
    rates = [float(row["resolved_rate"]) for row in rows]
    assert len(rows) == 25
    assert rates == sorted(rates, reverse=True)
    assert [row["rank"] for row in rows] == [str(n) for n in range(1, 26)]
    assert {row["window"] for row in rows} == {"2026-09 to 2026-11"}
    assert len({row["date"] for row in rows}) > 10


def test_it_lets_stars_grow_by_different_amounts(sandbox: Sandbox) -> None:
    def stars() -> dict[str, int]:
        path = "/news/github/search/repositories?q=&sort=stars&per_page=100"
        items = ask(sandbox.url, path).json()["items"]
        return {item["full_name"]: item["stargazers_count"] for item in items}

    counts = []
    for day in (-2, -1, 0):
        on_day(sandbox, day)
        counts.append(stars())
    gained = {name: counts[2][name] - counts[1][name] for name in counts[2]}
    assert len(gained) >= 29
    assert min(gained.values()) > 0
    assert len(set(gained.values())) > 15
    assert gained != {name: counts[1][name] - counts[0][name] for name in counts[1]}


def test_it_searches_repositories_by_word_and_in_pages(sandbox: Sandbox) -> None:
    path = "/news/github/search/repositories?q=agents+stars:>10&sort=stars&per_page=2&page="
    first, second = (ask(sandbox.url, path + page).json() for page in ("1", "2"))
    assert first["total_count"] == second["total_count"] >= 3
    assert len(first["items"]) == 2
    assert not {i["id"] for i in first["items"]} & {i["id"] for i in second["items"]}


def test_it_refuses_a_day_that_it_has_not(sandbox: Sandbox) -> None:
    assert ask(sandbox.url, "/control/newsroom", {"day": 99}).status == 400
    assert ask(sandbox.url, "/control/newsroom", {"day": "today"}).status == 400
    assert ask(sandbox.url, "/control/newsroom").json()["day"] == 0


def test_it_lists_every_source_and_each_answers(sandbox: Sandbox) -> None:
    listed = ask(sandbox.url, "/control/newsroom").json()["sources"]
    assert len(listed) == len(SOURCES)
    for source in listed:
        answer = ask(sandbox.url, source["url"].removeprefix(sandbox.url), x_api_key="any")
        assert answer.status == 200, source
    opml = ET.fromstring(ask(sandbox.url, "/news/feeds.opml").body)
    urls = [o.get("xmlUrl") for o in opml.iter("outline") if o.get("xmlUrl")]
    assert urls == [sandbox.url + f.path for f in FEEDS]


def test_it_answers_arxiv_queries_in_pages(sandbox: Sandbox) -> None:
    path = "/news/arxiv/api/query?search_query=cat:cs.SE+OR+cat:cs.LG&max_results=40&start="
    pages = [feedparser.parse(io.BytesIO(ask(sandbox.url, path + s).body)) for s in ("0", "40")]
    ids = [entry.id for page in pages for entry in page.entries]
    assert not any(page.bozo for page in pages)
    assert len(set(ids)) == len(ids) == 80
    assert pages[0].entries[0].arxiv_primary_category["term"].startswith("cs.")
    assert pages[0].entries[0].published > pages[1].entries[-1].published
    assert ask(sandbox.url, ids[0].removeprefix(sandbox.url)).status == 200


def test_it_answers_a_bad_arxiv_query_with_an_entry(sandbox: Sandbox) -> None:
    answer = ask(sandbox.url, "/news/arxiv/api/query?search_query=nonsense")
    [entry] = feedparser.parse(io.BytesIO(answer.body)).entries
    assert (answer.status, entry.title) == (200, "Error")
    assert "/api/errors" in entry.id
