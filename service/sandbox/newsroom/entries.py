"""What was published when: the written stories and the filler around them, as dated entries.

All of it is a function of the anchor date and the day that is asked for. Day 0 is the anchor;
an entry of day *d* was published in the 24 hours before 06:00 UTC of that day.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

CONTENT = Path(__file__).parent / "content"
WRITTEN = range(-4, 1)  # Days whose stories were written by hand; filler lies before and after.
_MORNING = time(6, tzinfo=UTC)
_UTM = "?utm_source=latent-dispatch&utm_medium=rss&utm_campaign=feed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as a feed shows it. *path* is the article's, with its query; *summary* is HTML."""

    slug: str
    title: str
    summary: str
    path: str
    published: datetime | None
    updated: datetime | None
    guid: str | None
    day: int


@dataclass(frozen=True, slots=True)
class Feed:
    """A publication. *window* is how many entries it holds; *format* is rss, atom or json."""

    name: str
    title: str
    group: str
    path: str
    tagline: str
    format: str
    window: int
    full_text: bool = False

    @property
    def home(self) -> str:
        return f"/news/{self.group}/{self.name}/"

    def entries(self, anchor: date, day: int) -> list[Entry]:
        """What the feed shows on a day, newest first."""
        return entries(self.group, self.name, anchor, day, self.window)


def seeded(*parts: object) -> int:
    """A number that depends on *parts* alone."""
    text = ":".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:6])


def slug_of(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:80]


def moment(anchor: date, day: int, hours_before: float = 0) -> datetime:
    """So many hours before the morning of a day."""
    morning = datetime.combine(anchor + timedelta(days=day), _MORNING)
    return morning - timedelta(hours=hours_before)


@cache
def _written(group: str) -> dict[str, Any]:
    return tomllib.loads((CONTENT / f"{group}.toml").read_text(encoding="utf-8"))


def entries(group: str, feed: str, anchor: date, day: int, window: int) -> list[Entry]:
    """The newest *window* entries that *feed* of *group* (labs, wire) shows on *day*."""
    shown: list[Entry] = []
    at = day
    while len(shown) < window and at > day - 120:
        if at in WRITTEN:
            rows = _written(group)[feed].get(f"day{at}", [])
            shown += [_entry(feed, anchor, at, day, row) for row in rows]
        else:
            shown += _filler(group, feed, anchor, at)
        at -= 1
    shown.sort(key=lambda entry: entry.published or moment(anchor, entry.day), reverse=True)
    return shown[:window]


def _entry(feed: str, anchor: date, day: int, shown_on: int, row: list[Any]) -> Entry:
    hours, title, summary = row[:3]
    odd: dict[str, Any] = row[3] if len(row) > 3 else {}
    slug = f"{feed}-{slug_of(title)}"
    home, _, linked = odd.get("link", f"{feed}/{title}").partition("/")
    path = f"/news/articles/{home}-{slug_of(linked)}{_UTM if odd.get('utm') else ''}"
    published = moment(anchor, day, hours) + timedelta(days=odd.get("future_days", 0))
    made = Entry(
        slug=slug,
        title=title,
        summary=summary,
        path=path,
        published=None if odd.get("nodate") else published,
        updated=None,
        guid=None if odd.get("noguid") else f"tag:{feed}.example,2026:{slug}",
        day=day,
    )
    revised = odd.get("revised")
    if revised and shown_on >= revised["day"]:
        return replace(
            made,
            title=revised.get("title", title),
            summary=revised["summary"],
            updated=moment(anchor, revised["day"], 3),
        )
    return made


def _filler(group: str, feed: str, anchor: date, day: int) -> list[Entry]:
    """One entry, on most days, made of phrases."""
    if seeded(feed, day, "quiet") % 4 == 0:
        return []
    source = _written(group)["filler"]
    slots = {
        name: choices[seeded(feed, day, name) % len(choices)]
        for name, choices in source["slots"].items()
    }
    titles, summaries = source["titles"], source["summaries"]
    title = titles[seeded(feed, day, "title") % len(titles)].format(**slots)
    summary = summaries[seeded(feed, day, "summary") % len(summaries)]
    slug = f"{feed}-{slug_of(title)}-{abs(day)}{'a' if day > 0 else ''}"
    return [
        Entry(
            slug=slug,
            title=title,
            summary=summary,
            path=f"/news/articles/{slug}",
            published=moment(anchor, day, seeded(feed, day) % 180 / 10 + 2),
            updated=None,
            guid=f"tag:{feed}.example,2026:{slug}",
            day=day,
        )
    ]
