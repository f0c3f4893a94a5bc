from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.sources.collect import collect_source
from service.sources.kinds import BadFeed, BadSource, Page, Parsed, SourceView, check_config
from service.sources.kinds.page import WebPage
from tests.sources.conftest import DATA, AddSource
from tests.sources.origin import Origin
from tests.sources.test_collect import items, row

CARDS = {
    "item": "article.card",
    "title": "h3",
    "link": "a[href]",
    "summary": "p",
    "date": "time",
    "date_attribute": "datetime",
}
HTML = (DATA / "page.html").read_bytes()


def parse(body: bytes = HTML, content_type: str = "text/html", **config: object) -> Parsed:
    view = SourceView("lab", "Lab", "https://moved.example/", {**CARDS, **config})
    return WebPage().parse([Page(body, "https://lab.example/news", content_type)], view)


def card(inside: str) -> bytes:
    return f"<article class=card>{inside}</article>".encode()


def test_it_reads_an_item_as_plain_text() -> None:
    item = parse().items[0]
    assert item.title == "Quarry 2 reads whole ledgers & sums them"
    assert item.summary == "The second Quarry adds up columns."
    assert item.published_at == datetime(2026, 11, 19, 13, 0, tzinfo=UTC)


def test_it_resolves_links_by_the_base_of_the_page() -> None:
    assert [item.url for item in parse().items] == [
        "https://lab.example/news/quarry-2?utm_source=home",
        "https://other.example/letter",
        "https://lab.example/news/soon",
    ]


def test_it_resolves_links_by_where_the_page_came_from() -> None:
    (item,) = parse(card("<h3>A</h3><a href=a>")).items
    assert item.url == "https://lab.example/a"


def test_it_says_which_items_it_passed_over() -> None:
    assert parse().skipped == (
        "an item without a title at 'h3'",
        "an item without a link to the web at 'a[href]' (Call us)",
    )


def test_it_leaves_an_item_undated_whose_date_says_no_day() -> None:
    assert parse().items[-1].published_at is None


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("November 19, 2026", "%B %d, %Y"),
        ("2026-11-19 02:00 +0200", "%Y-%m-%d %H:%M %z"),
        ("2026-11-19", ""),
    ],
)
def test_it_reads_a_date_in_the_format_of_the_page(text: str, form: str) -> None:
    body = card(f"<h3>A</h3><a href=a>A</a><time> {text}\n</time>")
    (item,) = parse(body, date_attribute="", date_format=form).items
    assert item.published_at == datetime(2026, 11, 19, tzinfo=UTC)


def test_it_finds_a_card_that_is_itself_the_link() -> None:
    body = b"<a class=card href=/post><h3>One link</h3></a>"
    (item,) = parse(body, item="a.card").items
    assert (item.title, item.url) == ("One link", "https://lab.example/post")


def test_it_reads_the_charset_that_the_server_names() -> None:
    body = card("<h3>Café</h3><a href=a>").decode().encode("latin-1")
    assert parse(body, "text/html; charset=iso-8859-1").items[0].title == "Café"


def test_it_takes_at_most_300_items() -> None:
    body = b"".join(card(f"<h3>{n}</h3><a href={n}></a>") for n in range(310))
    parsed = parse(body)
    assert len(parsed.items) == 300
    assert "10 items after the first 300" in parsed.skipped


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "The answer is empty"),
        (b"<html><p>Sign in", "nothing at 'article.card'"),
        (b'{"items": []}', "nothing at 'article.card'"),
        (card("<h2>Renamed</h2><a href=a>"), "None of the 1 items .* title at 'h3'"),
        (card("<h3>Renamed</h3><button>"), "None of the 1 items .* link to the web"),
    ],
)
def test_it_calls_a_redesigned_page_a_failure_and_never_no_items(body: bytes, reason: str) -> None:
    with pytest.raises(BadFeed, match=reason):
        parse(body)


def test_it_keeps_the_items_and_says_so_when_all_dates_are_gone() -> None:
    parsed = parse(card("<h3>A</h3><a href=a>"))
    assert len(parsed.items) == 1
    assert "No item has a date at 'time'" in parsed.damage


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ({"title": "h3"}, "config.item is missing; add it"),
        ({**CARDS, "item": "div["}, "config.item: 'div\\[' is no CSS selector"),
        ({**CARDS, "date_format": "%B %d"}, "config.date_format: must hold the year"),
    ],
)
def test_it_says_what_is_wrong_with_the_selectors(
    config: dict[str, object], complaint: str
) -> None:
    with pytest.raises(BadSource, match=complaint):
        check_config("page", config)


def test_it_collects_a_page_and_keeps_its_items_through_a_redesign(
    origin: Origin, add_source: AddSource, now: datetime
) -> None:
    source_id = add_source(origin.feed("/news", HTML), kind="page", config=CARDS)
    assert collect_source(source_id, now).new == 3
    origin.feed("/news", b"<html><body><div id=app></div>")
    report = collect_source(source_id, now, force=True)
    assert report.outcome == "failed"
    assert row(source_id).problem == report.reason
    assert len(items(source_id)) == 3
