"""RSS, Atom and JSON Feed (jsonfeed.org, version 1.1): labs and the press."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

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
    read_json,
)
from service.sources.kinds.dates import iso_moment
from service.sources.kinds.xml_feed import MOST_ENTRIES, moment_of, read_xml, terms_of
from service.sources.text import one_line, paragraphs, plain_text, shortened, title_text

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, "
    "application/xml;q=0.9, application/json;q=0.9, */*;q=0.5"
)
MOST_TOPICS = 20


class FeedConfig(KindConfig):
    topics: tuple[str, ...] = ()
    """Given to every item, before the categories of its own."""


@dataclass(frozen=True)
class _Draft:
    """An entry before it is judged: plain text, but a link that may lead nowhere."""

    guid: str
    link: str
    title: str
    summary: str
    author: str
    topics: Iterable[str]
    published_at: datetime | None


class Feed(Kind):
    config: ClassVar[type[KindConfig]] = FeedConfig
    headers: ClassVar[Mapping[str, str]] = {"Accept": ACCEPT}

    def parse(self, pages: Sequence[Page], source: SourceView) -> Parsed:
        config = read_config(FeedConfig, source.config)
        (page,) = pages
        skipped: list[str] = []
        damage = ""
        if page.body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            drafts = _json_drafts(page, skipped)
        else:
            feed = read_xml(page)
            drafts = map(_xml_draft, feed.entries)
            skipped.extend(feed.skipped)
            damage = feed.damage
        items = tuple(_items(drafts, page.url or source.url, config.topics, skipped))
        return Parsed(items=items, skipped=tuple(skipped), damage=damage)


def _items(
    drafts: Iterable[_Draft], base: str, topics: tuple[str, ...], skipped: list[str]
) -> Iterator[ParsedItem]:
    for draft in drafts:
        title = draft.title or shortened(draft.summary.partition("\n")[0], 120)
        link = web_link(base, draft.link) if draft.link else None
        if not title:
            skipped.append(f"an entry without a title ({one_line(draft.link, 120) or 'no link'})")
        elif link is None:
            skipped.append(f"an entry without a link to the web ({shortened(title, 120)})")
        else:
            yield ParsedItem(
                identity=item_identity(draft.guid, link, title, draft.summary),
                url=link,
                title=title,
                summary=draft.summary,
                author=one_line(draft.author),
                topics=clean_topics([*topics, *draft.topics]),
                published_at=draft.published_at,
            )


def clean_topics(terms: Iterable[str]) -> tuple[str, ...]:
    """Topics on a line each, without empty or repeated ones, the first 20."""
    lines = (one_line(term, 80) for term in terms)
    return tuple(dict.fromkeys(line for line in lines if line))[:MOST_TOPICS]


def _xml_draft(entry: Any) -> _Draft:
    title = entry.get("title_detail") or {}
    bodies = [entry.get("summary"), *(part.get("value") for part in entry.get("content") or ())]
    return _Draft(
        guid=str(entry.get("id") or ""),
        link=str(entry.get("link") or ""),
        title=title_text(str(title.get("value") or ""), markup=title.get("type") != "text/plain"),
        summary=plain_text(next((str(body) for body in bodies if body), "")),
        author=str(entry.get("author") or ""),
        topics=terms_of(entry),
        published_at=moment_of(entry),
    )


def _json_drafts(page: Page, skipped: list[str]) -> Iterator[_Draft]:
    document = read_json(page)
    if not isinstance(document, dict) or "jsonfeed.org" not in str(document.get("version")):
        raise BadFeed("The answer is JSON, but no JSON Feed: its 'version' does not say so.")
    entries = document.get("items")
    if not isinstance(entries, list):
        raise BadFeed("The JSON Feed has no list of 'items'.")
    if len(entries) > MOST_ENTRIES:
        skipped.append(f"{len(entries) - MOST_ENTRIES} entries after the first {MOST_ENTRIES}")
    for entry in entries[:MOST_ENTRIES]:
        if isinstance(entry, dict):
            yield _json_draft(entry)
        else:
            skipped.append("an entry that is not an object")


def _json_draft(entry: Mapping[str, Any]) -> _Draft:
    text = {name: value for name, value in entry.items() if isinstance(value, str)}
    markup = text.get("content_html", "")
    authors = entry.get("authors")
    names = (
        [str(author.get("name") or "") for author in authors if isinstance(author, dict)]
        if isinstance(authors, list)
        else []
    )
    tags = entry.get("tags")
    guid = entry.get("id")
    return _Draft(
        guid=str(guid) if isinstance(guid, str | int) else "",
        link=text.get("url") or text.get("external_url") or "",
        title=title_text(text.get("title", ""), markup=False),
        summary=paragraphs(text.get("summary") or text.get("content_text") or "")
        or plain_text(markup),
        author=", ".join(name for name in names if name),
        topics=[tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else (),
        published_at=iso_moment(text.get("date_published") or text.get("date_modified") or ""),
    )
