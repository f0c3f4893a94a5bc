"""Atom 1.0. https://www.rfc-editor.org/rfc/rfc4287"""

from __future__ import annotations

from html import escape

from .articles import body_of
from .entries import Entry, Feed


def write(feed: Feed, entries: list[Entry], base: str) -> bytes:
    """The feed as bytes."""
    dates = [e.updated or e.published for e in entries]
    newest = max(d for d in dates if d)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">',
        f"<id>tag:{feed.name}.example,2026:feed</id>",
        f"<title>{escape(feed.title)}</title>",
        f"<subtitle>{escape(feed.tagline)}</subtitle>",
        f"<updated>{newest.isoformat()}</updated>",
        f'<link rel="self" type="application/atom+xml" href="{base}{feed.path}"/>',
        f'<link rel="alternate" type="text/html" href="{base}{feed.home}"/>',
        f"<author><name>{escape(feed.title)}</name></author>",
        *(_entry(entry, base) for entry in entries),
        "</feed>",
    ]
    return "\n".join(lines).encode()


def _entry(entry: Entry, base: str) -> str:
    published = entry.published.isoformat() if entry.published else ""
    updated = entry.updated.isoformat() if entry.updated else published
    fields = [
        f"<id>{escape(entry.guid or entry.path)}</id>",
        f'<title type="html">{escape(escape(entry.title, quote=False))}</title>',
        f'<link rel="alternate" href="{escape(base + entry.path)}"/>',
        f"<published>{published}</published>",
        f"<updated>{updated}</updated>",
        f'<summary type="html">{escape(entry.summary)}</summary>',
        f'<content type="html">{escape(body_of(entry))}</content>',
    ]
    return "<entry>\n  " + "\n  ".join(fields) + "\n</entry>"
