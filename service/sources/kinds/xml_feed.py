"""RSS and Atom by feedparser: entries out of bytes, whatever state they are in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import feedparser

from service.sources.kinds.base import BadFeed, Page, refuse_html

MOST_ENTRIES = 300

_ENTRY_END = re.compile(rb"</(?:[\w-]+:)?(?:item|entry)\s*>")
_NUMBERED = re.compile(rb"&#(?:[xX]0*([0-9a-fA-F]{1,8})|0*([0-9]{1,8}));")
_FEED_END = re.compile(rb"</(?:[\w-]+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)


@dataclass(frozen=True)
class XmlFeed:
    entries: tuple[Any, ...]
    """feedparser's own dicts, at most :data:`MOST_ENTRIES`, whole ones only."""
    skipped: tuple[str, ...]
    damage: str
    """Says that the feed was cut off, when it was."""
    title: str = ""
    """As it calls itself; may hold markup."""


def read_xml(page: Page) -> XmlFeed:
    """The entries of an RSS or Atom feed; raises :class:`BadFeed` when it is none."""
    refuse_html(page.body, "a feed")
    ends = [end.end() for end in _ENTRY_END.finditer(page.body)]
    parsed = _feedparser(page, _without_the_rest(page.body, ends))
    entries = list(parsed.entries[:MOST_ENTRIES])
    if not parsed.version and not entries:
        raise BadFeed("The answer is neither RSS nor Atom nor JSON Feed.")
    damage = ""
    if _was_cut(parsed, page.body):
        # feedparser closes the last entry itself: half a title would pass for a whole one.
        entries = entries[: len(ends)]
        if not entries:
            raise BadFeed("The feed was cut off before its first entry ended.")
        damage = f"The feed was cut off; {len(entries)} whole entries were kept."
    rest = len(ends) - MOST_ENTRIES
    skipped = (f"{rest} entries after the first {MOST_ENTRIES}",) if rest > 0 else ()
    return XmlFeed(tuple(entries), skipped, damage, str(parsed.feed.get("title") or ""))


def _without_the_rest(body: bytes, ends: list[int]) -> bytes:
    """*body* without the entries after the first 300: an archive of 13 MB takes 24 s to parse."""
    if len(ends) <= MOST_ENTRIES:
        return body
    return body[: ends[MOST_ENTRIES - 1]] + body[ends[-1] :]


def _feedparser(page: Page, body: bytes) -> Any:
    # BytesIO, because feedparser opens a string as a file or an address. Its own cleaning is off:
    # all text goes through service.sources.text, and abstracts hold "$x<y$", which is no markup.
    # It is not told the address: it would make a guid such as "117" a part of it, and every entry
    # a new one on the day on which the feed moves.
    headers = {"content-type": page.content_type} if page.content_type else {}
    try:
        return feedparser.parse(
            BytesIO(_NUMBERED.sub(_sound, body)),
            response_headers=headers,
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as error:
        # feedparser promises never to raise and does on hostile bytes, with whatever its many
        # date, charset and SGML helpers happen to raise.
        raise BadFeed(f"The feed cannot be read ({type(error).__name__}: {error}).") from error


def _sound(reference: re.Match[bytes]) -> bytes:
    """A character by its number, or nothing where there is no such character.

    Some feeds write an emoji as the two halves of UTF-16, on which feedparser gives up altogether.
    """
    number = int(reference[1], 16) if reference[1] else int(reference[2])
    exists = 0 < number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF
    return reference[0] if exists else b""


def _was_cut(parsed: Any, body: bytes) -> bool:
    return bool(parsed.bozo) and not _FEED_END.search(body[-4096:])


def moment_of(entry: Any) -> datetime | None:
    """When an entry says that it was published, or else updated, in UTC."""
    # `in` first: feedparser answers for a missing "updated" with "published" and a warning.
    dated = (name for name in ("published_parsed", "updated_parsed") if name in entry)
    stamp = next((entry[name] for name in dated if entry[name]), None)
    if stamp is None:
        return None
    year, month, day, hour, minute, second = stamp[:6]
    try:
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None


def terms_of(entry: Any) -> Iterable[str]:
    """The categories of an entry, in its own order."""
    return (str(tag.get("term") or "") for tag in entry.get("tags") or ())
