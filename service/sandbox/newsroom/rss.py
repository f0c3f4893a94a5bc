"""RSS 2.0, with the namespaces that real feeds carry. https://www.rssboard.org/rss-specification"""

from __future__ import annotations

from email.utils import format_datetime
from html import escape

from .articles import body_of
from .entries import Entry, Feed


def write(feed: Feed, entries: list[Entry], base: str) -> bytes:
    """The feed as bytes; dates are those of its entries, so that equal content is equal bytes."""
    dates = [e.updated or e.published for e in entries if e.published]
    built = format_datetime(max(d for d in dates if d)) if dates else ""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/">',
        "<channel>",
        f"<title>{escape(feed.title)}</title>",
        f"<link>{base}{feed.home}</link>",
        f"<description>{escape(feed.tagline)}</description>",
        "<language>en-us</language>",
        f"<lastBuildDate>{built}</lastBuildDate>",
        f'<atom:link href="{base}{feed.path}" rel="self" type="application/rss+xml"/>',
        *(_item(feed, entry, base) for entry in entries),
        "</channel>",
        "</rss>",
    ]
    return "\n".join(lines).encode()


def _item(feed: Feed, entry: Entry, base: str) -> str:
    fields = [
        f"<title>{escape(entry.title)}</title>",
        f"<link>{escape(base + entry.path)}</link>",
        f"<description>{escape(entry.summary)}</description>",
        f"<dc:creator>{escape(feed.title)}</dc:creator>",
    ]
    if entry.guid:
        fields.append(f'<guid isPermaLink="false">{escape(entry.guid)}</guid>')
    if entry.published:
        fields.append(f"<pubDate>{format_datetime(entry.published)}</pubDate>")
    if entry.updated:
        fields.append(f"<atom:updated>{entry.updated.isoformat()}</atom:updated>")
    if feed.full_text:
        fields.append(f"<content:encoded><![CDATA[{body_of(entry)}]]></content:encoded>")
    return "<item>\n  " + "\n  ".join(fields) + "\n</item>"
