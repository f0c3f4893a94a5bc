"""A page that has no feed: its entries by CSS selectors (www.w3.org/TR/selectors-4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, ClassVar
from urllib.parse import urljoin

from pydantic import AfterValidator, Field, field_validator
from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError
from w3lib.encoding import html_to_unicode

from service.sources.identity import item_identity, web_link
from service.sources.kinds.base import (
    BadFeed,
    Kind,
    KindConfig,
    Page,
    Parsed,
    ParsedItem,
    SourceView,
    read_config,
)
from service.sources.kinds.dates import formatted_moment, iso_moment
from service.sources.kinds.feed import clean_topics
from service.sources.kinds.xml_feed import MOST_ENTRIES
from service.sources.text import one_line, plain_text, title_text


def _selector(text: str) -> str:
    try:
        LexborHTMLParser("<p>").css(text)
    except SelectolaxError as error:
        raise ValueError(f"'{text}' is no CSS selector; write it like 'article h2'") from error
    return text


Selector = Annotated[str, Field(max_length=500), AfterValidator(_selector)]


class PageConfig(KindConfig):
    """Where things stand on the page. ``item`` is looked for in the page, the rest in each item;
    an item that matches itself is found as well, such as a card that is one link."""

    item: Selector
    title: Selector
    link: Selector = "a[href]"
    summary: Selector | None = None
    date: Selector | None = None
    date_attribute: str = ""
    """Where the date stands, such as ``datetime`` of ``<time>``; '' is its text."""
    date_format: str = ""
    """As ``strptime`` reads it, such as ``%B %d, %Y``; '' is ISO 8601."""
    topics: tuple[str, ...] = ()

    @field_validator("date_format")
    @classmethod
    def _says_the_year(cls, form: str) -> str:
        if form and not any(part in form for part in ("%Y", "%y", "%c", "%x", "%G")):
            raise ValueError("must hold the year (%Y), or every item is of 1900")
        return form


class WebPage(Kind):
    """A page is asked to hold what its selectors name: one that was redesigned is a failure."""

    config: ClassVar[type[KindConfig]] = PageConfig
    headers: ClassVar[Mapping[str, str]] = {"Accept": "text/html, application/xhtml+xml;q=0.9"}

    def parse(self, pages: Sequence[Page], source: SourceView) -> Parsed:
        config = read_config(PageConfig, source.config)
        (page,) = pages
        if not page.body.strip():
            raise BadFeed("The answer is empty.")
        tree = LexborHTMLParser(html_to_unicode(page.content_type or None, page.body)[1])
        nodes = tree.css(config.item)
        if not nodes:
            raise BadFeed(
                f"The page has nothing at '{config.item}': it was redesigned, it is drawn by a "
                "script, or a login stands before it. Look at it and correct the selectors."
            )
        base = _base(tree, page.url or source.url)
        read = [_item(node, base, config) for node in nodes[:MOST_ENTRIES]]
        skipped = [item for item in read if isinstance(item, str)]
        items: dict[str, ParsedItem] = {}
        for item in read:
            if isinstance(item, ParsedItem):
                items.setdefault(item.identity, item)
        if not items:
            raise BadFeed(
                f"None of the {len(nodes)} items at '{config.item}' can be used: {skipped[0]}. "
                "The page was redesigned; correct the selectors."
            )
        if len(nodes) > MOST_ENTRIES:
            skipped.append(f"{len(nodes) - MOST_ENTRIES} items after the first {MOST_ENTRIES}")
        return Parsed(tuple(items.values()), None, tuple(skipped), _undated(items, config))


def _base(tree: LexborHTMLParser, url: str) -> str:
    """What the page's links are relative to: its ``<base>``, else where it came from."""
    element = tree.css_first("base[href]")
    try:
        return urljoin(url, element.attributes.get("href") or "") if element else url
    except ValueError:
        return url


def _item(node: LexborNode, base: str, config: PageConfig) -> ParsedItem | str:
    """The entry at *node*, or why it is passed over."""
    title = title_text(_markup(node, config.title), markup=True)
    if not title:
        return f"an item without a title at '{config.title}'"
    anchor = node.css_first(config.link)
    href = anchor.attributes.get("href") if anchor else None
    link = web_link(base, href) if href else None
    if link is None:
        return f"an item without a link to the web at '{config.link}' ({title[:120]})"
    summary = plain_text(_markup(node, config.summary)) if config.summary else ""
    return ParsedItem(
        identity=item_identity("", link, title, summary),
        url=link,
        title=title,
        summary=summary,
        topics=clean_topics(config.topics),
        published_at=_date(node, config),
    )


def _markup(node: LexborNode, selector: str) -> str:
    found = node.css_first(selector)
    return (found.html or "") if found else ""


def _date(node: LexborNode, config: PageConfig) -> datetime | None:
    found = node.css_first(config.date) if config.date else None
    if found is None:
        return None
    if config.date_attribute:
        stamp = one_line(found.attributes.get(config.date_attribute) or "")
    else:
        stamp = title_text(found.html or "", markup=True)
    return formatted_moment(stamp, config.date_format) if config.date_format else iso_moment(stamp)


def _undated(items: Mapping[str, ParsedItem], config: PageConfig) -> str:
    """Dates that are asked for and found nowhere are a mistake; the items are good all the same."""
    if config.date is None or any(item.published_at for item in items.values()):
        return ""
    form = config.date_format or "an ISO 8601 date"
    return f"No item has a date at '{config.date}' that reads as {form}; correct the selectors."
