"""An address that somebody pasted: the feed that is there, or that the page there names.

Nothing is stored. The fetcher is the guarded one, so that a pasted address leads no further into
our own network than a source's may.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser
from w3lib.encoding import html_to_unicode

from service.config import settings
from service.sources.fetch import Ask, Fetched, Fetcher, FetchFailed, Limits, fetch
from service.sources.identity import web_link
from service.sources.kinds import BadFeed, Page, Parsed, SourceView
from service.sources.kinds.base import read_json, refuse_html
from service.sources.kinds.feed import ACCEPT, Feed
from service.sources.kinds.xml_feed import read_xml
from service.sources.text import one_line, title_text

SECONDS = 10.0
"""For each request: somebody waits for the answer."""
MOST_LINKS = 10
FEED_TYPES = {
    "application/rss+xml": "RSS",
    "application/atom+xml": "Atom",
    "application/feed+json": "JSON Feed",
}
"""What a page says of the feeds it names (html.spec.whatwg.org, 4.6.6.1, "alternate")."""


class NothingThere(Exception):
    """No feed was found; the text says why, and what to do."""


class Link(NamedTuple):
    """A feed that a page names."""

    url: str
    title: str
    form: str
    """RSS, Atom or JSON Feed."""


@dataclass(frozen=True)
class Found:
    """A feed, with its entries as they would become items."""

    url: str
    title: str
    parsed: Parsed
    others: tuple[Link, ...] = ()
    """Further ones that the page names."""


def guarded(ask: Ask) -> Fetched:
    return fetch(ask, Limits(seconds=SECONDS))


def discover(address: str, now: datetime, fetcher: Fetcher = guarded) -> Found:
    """The feed at *address*, or the first one that the page there names.

    Raises :class:`NothingThere`.
    """
    page = _get(web_address(address), fetcher)
    links = feeds_of(page)
    try:
        if not links:
            return _read(page, now)
        first, *others = links
        return _read(_get(first.url, fetcher), now, tuple(others))
    except BadFeed as error:
        raise NothingThere(_advice(page, links, error)) from error


def web_address(text: str) -> str:
    """What was typed, with ``https://`` before it where only a name was."""
    text = text.strip()
    return text if "://" in text or not text else f"https://{text}"


def feeds_of(page: Page) -> list[Link]:
    """The feeds that an HTML page names in its head; [] where it is none. Pure."""
    if not _is_web_page(page):
        return []
    tree = LexborHTMLParser(html_to_unicode(page.content_type or None, page.body)[1])
    element = tree.css_first("base[href]")
    base = urljoin(page.url, (element.attributes.get("href") or "") if element else "")
    found: dict[str, Link] = {}
    for node in tree.css("link[rel~=alternate][href]"):
        form = FEED_TYPES.get((node.attributes.get("type") or "").strip().lower())
        url = web_link(base, node.attributes.get("href") or "")
        if form and url:
            title = one_line(node.attributes.get("title") or "", 200)
            found.setdefault(url, Link(url, title, form))
    return list(found.values())[:MOST_LINKS]


def title_of(page: Page) -> str:
    """What a feed calls itself; '' where it does not say."""
    if page.body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        document: Any = read_json(page)
        title = document.get("title") if isinstance(document, Mapping) else None
        return title_text(title, markup=False, limit=200) if isinstance(title, str) else ""
    return title_text(read_xml(page).title, markup=True, limit=200)


def _read(page: Page, now: datetime, others: tuple[Link, ...] = ()) -> Found:
    parsed = Feed().parse([page], SourceView("tried", "", page.url, asked_at=now))
    return Found(page.url, title_of(page), parsed, others)


def _get(url: str, fetcher: Fetcher) -> Page:
    private = settings().allow_private_sources
    try:
        answer = fetcher(Ask(url, {"Accept": f"{ACCEPT}, text/html;q=0.4"}, allow_private=private))
    except FetchFailed as error:
        raise NothingThere(_public(error)) from error
    return Page(answer.body, answer.final_url, answer.content_type)


def _public(error: FetchFailed) -> str:
    """Without what the file alone may say of a source."""
    return error.reason.partition(" If it is meant")[0]


def _advice(page: Page, links: list[Link], error: BadFeed) -> str:
    if links:
        return f"The page names the feed {links[0].url}, but: {error}"
    if _is_web_page(page):
        return (
            "This is a web page, and it names no feed. Look on it for a link called RSS, Atom "
            "or feed, and give that address; or add it as a source of kind “page”."
        )
    return str(error)


def _is_web_page(page: Page) -> bool:
    try:
        refuse_html(page.body, "a feed")
    except BadFeed:
        return bool(page.body.strip())
    return False
