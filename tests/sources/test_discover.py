"""An address that is tried: the feed that is there, the feed that the page names, or why none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from service.sources.discover import NothingThere, discover, feeds_of, guarded, web_address
from service.sources.fetch import Ask, Fetched, FetchFailed
from service.sources.kinds import Page

NOW = datetime(2026, 11, 21, 5, tzinfo=UTC)
RSS = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>The &lt;b&gt;Lab&lt;/b&gt;</title>
<item><title>One</title><link>https://lab.example/1</link>
<pubDate>Fri, 20 Nov 2026 10:00:00 GMT</pubDate></item></channel></rss>"""
JSON = b"""{"version": "https://jsonfeed.org/version/1.1", "title": "Quillon",
"items": [{"id": "1", "url": "https://q.example/1", "title": "One"}]}"""
HTML = b"""<!doctype html><html><head><base href="/blog/">
<link rel="alternate" type="application/rss+xml" title="All posts" href="feed.xml">
<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">
<link rel="alternate" type="text/html" hreflang="de" href="/de">
<link rel="home alternate" type="Application/Atom+XML" href="https://other.example/atom">
</head><body>Hello</body></html>"""


def server(pages: dict[str, bytes]) -> Callable[[Ask], Fetched]:
    def answer(ask: Ask) -> Fetched:
        if ask.url not in pages:
            raise FetchFailed("Nothing is at this address (404).", "status", status=404)
        return Fetched("new", pages[ask.url], ask.url)

    return answer


def test_it_reads_the_feed_that_is_there() -> None:
    found = discover("lab.example/feed", NOW, server({"https://lab.example/feed": RSS}))
    assert (found.url, found.title) == ("https://lab.example/feed", "The Lab")
    assert [item.title for item in found.parsed.items] == ["One"]


def test_it_reads_the_title_of_a_json_feed() -> None:
    assert discover("https://q.example/", NOW, server({"https://q.example/": JSON})).title == (
        "Quillon"
    )


def test_it_follows_a_page_to_the_feed_that_it_names() -> None:
    pages = {"https://lab.example/about": HTML, "https://lab.example/blog/feed.xml": RSS}
    found = discover("https://lab.example/about", NOW, server(pages))
    assert found.url == "https://lab.example/blog/feed.xml"
    assert [(link.url, link.form) for link in found.others] == [
        ("https://other.example/atom", "Atom")
    ]


def test_it_takes_only_links_to_feeds_on_the_web() -> None:
    links = feeds_of(Page(HTML, "https://lab.example/about"))
    assert [(link.url, link.title) for link in links] == [
        ("https://lab.example/blog/feed.xml", "All posts"),
        ("https://other.example/atom", ""),
    ]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<!doctype html><p>Hello", "names no feed"),
        (b"", "empty"),
        (b'{"a": 1}', "no JSON Feed"),
        (b"plain words", "neither RSS nor Atom"),
    ],
)
def test_it_says_why_there_is_no_feed(body: bytes, said: str) -> None:
    with pytest.raises(NothingThere, match=said):
        discover("https://lab.example/", NOW, server({"https://lab.example/": body}))


def test_it_names_the_feed_that_the_page_names_wrongly() -> None:
    pages = {"https://lab.example/": HTML, "https://lab.example/blog/feed.xml": HTML}
    with pytest.raises(NothingThere, match=r"names the feed https://lab\.example/blog/feed\.xml"):
        discover("https://lab.example/", NOW, server(pages))


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/feed", "http://[::1]:9/", "http://10.0.0.1"]
)
def test_it_stays_out_of_our_own_network(address: str, data_dir: object) -> None:
    with pytest.raises(NothingThere, match="not on the public internet") as caught:
        discover(address, NOW, guarded)
    assert "allow_private" not in str(caught.value)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [(" lab.example ", "https://lab.example"), ("http://a", "http://a"), ("", "")],
)
def test_it_completes_a_name(typed: str, meant: str) -> None:
    assert web_address(typed) == meant
