"""Repository search in the shape of GitHub's REST API, with stars that grow by day.

https://docs.github.com/en/rest/search/search#search-repositories
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple

from .entries import moment, seeded
from .tables import rows


class Page(NamedTuple):
    """Which page, 1 the first, and how many rows it holds."""

    number: int
    size: int


def search(anchor: date, day: int, base: str, query: str, page: Page) -> dict[str, Any]:
    """Repositories that hold every plain word of *query*, most stars first; qualifiers are idle."""
    words = [word.lower() for word in query.split() if ":" not in word and ">" not in word]
    found = [_shown(row, anchor, day, base) for row in rows("repositories")]
    found = [item for item in found if all(word in _text(item) for word in words)]
    found.sort(key=lambda item: -item["stargazers_count"])
    return {
        "total_count": len(found),
        "incomplete_results": False,
        "items": found[(page.number - 1) * page.size : page.number * page.size],
    }


def _text(item: dict[str, Any]) -> str:
    return " ".join((item["full_name"], item["description"], *item["topics"])).lower()


def _shown(row: tuple[str, ...], anchor: date, day: int, base: str) -> dict[str, Any]:
    full_name, language, stars, gain, topics, description = row
    owner, _, name = full_name.partition("/")
    age = 20 + seeded(full_name, "age") % 900
    return {
        "id": 700_000_000 + seeded(full_name) % 99_999_999,
        "name": name,
        "full_name": full_name,
        "owner": {"login": owner, "type": "Organization"},
        "private": False,
        "html_url": f"{base}/news/github/{full_name}",
        "description": description,
        "fork": owner == "student-forks",
        "created_at": f"{anchor - timedelta(days=age)}T09:12:44Z",
        "pushed_at": f"{moment(anchor, day, 2):%Y-%m-%dT%H:%M:%SZ}",
        "stargazers_count": int(stars) + _grown(full_name, int(gain), day),
        "language": language,
        "topics": topics.split(","),
        "archived": owner == "oldguard",
        "license": {"key": "apache-2.0", "spdx_id": "Apache-2.0"},
        "default_branch": "main",
        "score": 1.0,
    }


def _grown(name: str, gain: int, day: int) -> int:
    """Stars gained since day 0, or still to be gained before it (negative)."""
    nights = range(day, 0) if day < 0 else range(0, day)
    total = sum(gain * (60 + seeded(name, night) % 80) // 100 for night in nights)
    return -total if day < 0 else total
