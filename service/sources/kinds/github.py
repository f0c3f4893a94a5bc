"""Repositories out of GitHub's search (docs.github.com/rest/search/search), with their stars.

What a day gained is the difference of two snapshots, which ``issues`` takes: a search for
repositories created this week would miss the old one that everybody talks about today.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field
from w3lib.url import add_or_replace_parameter, url_query_parameter

from service.sources.identity import web_link
from service.sources.kinds.base import (
    BadFeed,
    Kind,
    KindConfig,
    Page,
    Parsed,
    ParsedSnapshot,
    SourceView,
    read_config,
    read_json,
)
from service.sources.kinds.feed import clean_topics
from service.sources.text import one_line

DEFAULT_PER_PAGE = 30


class GithubConfig(KindConfig):
    pages: int = Field(default=1, ge=1, le=10)
    """How many pages of the search are read; GitHub gives 1000 results at most."""
    forks: bool = False
    archived: bool = False
    """Whether forks and archived repositories are kept."""
    topics: tuple[str, ...] = ()
    """Given to every repository, before its own."""


class Github(Kind):
    config: ClassVar[type[KindConfig]] = GithubConfig
    headers: ClassVar[Mapping[str, str]] = {
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }

    def next_url(self, pages: Sequence[Page], source: SourceView) -> str | None:
        config = read_config(GithubConfig, source.config)
        asked = url_query_parameter(source.url, "per_page", str(DEFAULT_PER_PAGE))
        full = str(len(_found(pages[-1]))) == asked
        if len(pages) >= config.pages or not full:
            return None
        return add_or_replace_parameter(source.url, "page", str(len(pages) + 1))

    def parse(self, pages: Sequence[Page], source: SourceView) -> Parsed:
        config = read_config(GithubConfig, source.config)
        rows: dict[str, dict[str, Any]] = {}
        skipped: list[str] = []
        for raw in (raw for page in pages for raw in _found(page)):
            row = _repository(raw, config)
            if isinstance(row, str):
                skipped.append(row)
            else:
                rows.setdefault(row["key"], row)
        if not rows:
            raise BadFeed("The search found no repositories; look at the query in the address.")
        return Parsed(snapshot=ParsedSnapshot(tuple(rows.values())), skipped=tuple(skipped))


def _found(page: Page) -> list[Any]:
    document = read_json(page)
    found = document.get("items") if isinstance(document, dict) else None
    if not isinstance(found, list):
        said = document.get("message") if isinstance(document, dict) else None
        reason = f": {one_line(str(said))}" if said else ""
        raise BadFeed(f"The answer is no search result of GitHub{reason}")
    return found


def _repository(raw: Any, config: GithubConfig) -> dict[str, Any] | str:
    """A snapshot's row, or why the repository is passed over."""
    if not isinstance(raw, dict):
        return "an entry that is not an object"
    name = one_line(str(raw.get("full_name") or ""), 200)
    stars = raw.get("stargazers_count")
    if not name or isinstance(stars, bool) or not isinstance(stars, int):
        return f"a repository without {'a count of stars' if name else 'a name'} ({name or '?'})"
    if raw.get("fork") and not config.forks:
        return f"{name} is a fork"
    if raw.get("archived") and not config.archived:
        return f"{name} is archived"
    topics = raw.get("topics")
    own = [topic for topic in topics if isinstance(topic, str)] if isinstance(topics, list) else []
    link = web_link("https://github.com/", str(raw.get("html_url") or name))
    if link is None:
        return f"{name} has no link to the web"
    return {
        "key": name,
        "name": name,
        "url": link,
        "description": one_line(str(raw.get("description") or ""), 500),
        "language": one_line(str(raw.get("language") or ""), 60),
        "stars": stars,
        "topics": list(clean_topics([*config.topics, *own])),
    }
