"""JSON Feed 1.1. https://www.jsonfeed.org/version/1.1/"""

from __future__ import annotations

import json
from typing import Any

from .articles import body_of
from .entries import Entry, Feed


def write(feed: Feed, entries: list[Entry], base: str) -> bytes:
    """The feed as bytes."""
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "description": feed.tagline,
        "home_page_url": base + feed.home,
        "feed_url": base + feed.path,
        "language": "en",
        "authors": [{"name": feed.title}],
        "items": [_item(entry, base) for entry in entries],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _item(entry: Entry, base: str) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": entry.guid or entry.path,
        "url": base + entry.path,
        "title": entry.title,
        "summary": entry.summary,
        "content_html": body_of(entry),
    }
    if entry.published:
        item["date_published"] = entry.published.isoformat()
    if entry.updated:
        item["date_modified"] = entry.updated.isoformat()
    return item
