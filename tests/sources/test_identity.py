from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.sources.identity import canonical_url, item_identity, moments, web_link

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("guid", "link", "identity"),
    [
        ("acme-1", "https://acme.example/1", "acme-1"),
        ("", "https://acme.example/1", "https://acme.example/1"),
        ("  ", "https://acme.example/1", "https://acme.example/1"),
    ],
)
def test_it_knows_an_entry_by_its_guid_and_else_its_link(
    guid: str, link: str, identity: str
) -> None:
    assert item_identity(guid, link, "Title", "Text") == identity


def test_it_knows_an_entry_without_guid_and_link_by_what_it_says() -> None:
    first = item_identity("", "", "Title", "Text")
    assert first == item_identity("", "", "Title", "Text")
    assert first != item_identity("", "", "Title", "Other text")
    assert first != item_identity("", "", "TitleT", "ext")


def test_it_tells_two_long_guids_apart_in_a_column_of_200() -> None:
    one, other = (item_identity("x" * 500 + end, "", "", "") for end in "ab")
    assert one != other
    assert len(one) <= 200


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://a.example/p?utm_source=rss&utm_medium=x", "https://a.example/p"),
        ("https://a.example/p?id=7&fbclid=abc", "https://a.example/p?id=7"),
        ("https://a.example/p?b=2&a=1#part", "https://a.example/p?a=1&b=2"),
        ("https://A.example/p?gclid=1&msclkid=2&mc_cid=3", "https://a.example/p"),
        ("https://a.example", "https://a.example/"),
        ("https://a.example/p?UTM_Campaign=x", "https://a.example/p"),
        ("https://a.example/p?umami=1", "https://a.example/p?umami=1"),
        ("https://a.example/p?a=1&a=2", "https://a.example/p?a=1&a=2"),
    ],
)
def test_it_makes_two_links_to_one_page_equal(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical


@pytest.mark.parametrize(
    ("link", "absolute"),
    [
        ("https://b.example/1", "https://b.example/1"),
        ("/1", "https://a.example/1"),
        ("2", "https://a.example/feeds/2"),
        ("//c.example/x", "https://c.example/x"),
        (" https://b.example/a b\n", "https://b.example/a%20b"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("mailto:a@b.example", None),
        ("http://", None),
        ("http://[::1", None),
        ("https://b.example:99999/", None),
        ("https://b.example/" + "x" * 2000, None),
    ],
)
def test_it_takes_only_links_that_lead_to_the_web(link: str, absolute: str | None) -> None:
    assert web_link("https://a.example/feeds/rss", link) == absolute


@settings(deadline=None)
@given(st.text(), st.text())
def test_it_survives_any_link(base: str, link: str) -> None:
    found = web_link(base, link)
    if found is not None:
        assert found.startswith(("http://", "https://"))
        assert canonical_url(found) == canonical_url(canonical_url(found))


@pytest.mark.parametrize(
    ("published", "old", "published_at", "first_seen"),
    [
        (None, None, NOW, NOW),
        (None, NOW - DAY, NOW, NOW),
        (NOW + HOUR, NOW - DAY, NOW, NOW),
        (NOW - 23 * HOUR, NOW - DAY, NOW - 23 * HOUR, NOW),
        (NOW - DAY, NOW - DAY, NOW - DAY, NOW),
        (NOW - 25 * HOUR, NOW - DAY, NOW - 25 * HOUR, NOW - 25 * HOUR),
        (NOW - 9 * DAY, None, NOW - 9 * DAY, NOW),
    ],
    ids=["undated", "undated at first", "future", "fresh", "a day old", "old", "old but late"],
)
def test_it_dates_an_entry_that_is_met_for_the_first_time(
    published: datetime | None, old: datetime | None, published_at: datetime, first_seen: datetime
) -> None:
    assert moments(published, NOW, old) == (published_at, first_seen)
