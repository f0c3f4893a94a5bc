"""arXiv's lists of papers: its RSS (info.arxiv.org/help/rss.html) and its API's Atom."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from service.sources.kinds.arxiv_gap import PER_PAGE, catch_up_url
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
from service.sources.kinds.feed import ACCEPT, clean_topics
from service.sources.kinds.xml_feed import moment_of, read_xml, terms_of
from service.sources.text import one_line, paragraphs

MOST_CATCH_UP = 5
"""Pages of the API that are read after an outage."""

# 2607.30001v2, or cs/0112017v1 for papers of before April 2007.
_NUMBER = re.compile(r"(?P<id>\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?$")
_ABSTRACT = re.compile(r"\bAbstract:\s*")


class ArxivConfig(KindConfig):
    catch_up: str = ""
    """Address of the query API where the source is a copy of arXiv; '' knows arXiv's own."""
    primary_only: tuple[str, ...] = ()
    """Keep only papers whose primary category is one of these; () keeps all."""


class Arxiv(Kind):
    """New and cross-listed papers; replacements are no news.

    The identity is the paper's number without its version, so that a second version is the same
    paper. Topics are its categories, the primary one first. Text stays as written, LaTeX and all:
    nothing in an abstract is markup, even where ``$x<y$`` looks like a tag.
    """

    config: ClassVar[type[KindConfig]] = ArxivConfig
    headers: ClassVar[Mapping[str, str]] = {"Accept": ACCEPT}
    queue: ClassVar[str] = "arxiv"

    def next_url(self, pages: Sequence[Page], source: SourceView) -> str | None:
        """After an outage: the RSS holds one day's papers only, the API those of the days before.

        A full page of the API has a further one, up to 1500 papers.
        """
        config = read_config(ArxivConfig, source.config)
        caught_up = len(pages) - 1
        if caught_up and (caught_up >= MOST_CATCH_UP or _entries(pages[-1]) < PER_PAGE):
            return None
        return catch_up_url(source, config.catch_up, start=caught_up * PER_PAGE)

    def parse(self, pages: Sequence[Page], source: SourceView) -> Parsed:
        config = read_config(ArxivConfig, source.config)
        feeds = [read_xml(page) for page in pages]
        skipped = [reason for feed in feeds for reason in feed.skipped]
        items: dict[str, ParsedItem] = {}
        for entry in (entry for feed in feeds for entry in feed.entries):
            paper = _paper(entry)
            if isinstance(paper, str):
                skipped.append(paper)
            elif not config.primary_only or paper.topics[0] in config.primary_only:
                items.setdefault(paper.identity, paper)
        damage = next((feed.damage for feed in feeds if feed.damage), "")
        return Parsed(items=tuple(items.values()), skipped=tuple(skipped), damage=damage)


def _entries(page: Page) -> int:
    return len(re.findall(rb"<entry[\s>]", page.body))


def _paper(entry: Any) -> ParsedItem | str:
    """The paper of an entry, or why it is passed over."""
    if "/api/errors" in str(entry.get("id")):
        # The API answers a bad query with 200 and an entry that holds the error.
        raise BadFeed(f"arXiv answers with an error: {one_line(str(entry.get('summary')))}")
    title = one_line(str(entry.get("title") or ""))
    number = _NUMBER.search(str(entry.get("id") or "")) or _NUMBER.search(
        str(entry.get("link") or "")
    )
    if number is None:
        return f"an entry without an arXiv number ({title})"
    if str(entry.get("arxiv_announce_type", "")).startswith("replace"):
        return f"{number['id']} is a replacement"
    topics = clean_topics([_primary(entry), *terms_of(entry)])
    if not title or not topics:
        return f"{number['id']} has no {'category' if title else 'title'}"
    return ParsedItem(
        identity=number["id"],
        url=f"https://arxiv.org/abs/{number['id']}",
        title=title,
        summary=paragraphs(_ABSTRACT.split(str(entry.get("summary") or ""), maxsplit=1)[-1]),
        author=one_line(_authors(entry), 1000),
        topics=topics,
        published_at=moment_of(entry),
    )


def _primary(entry: Any) -> str:
    primary = entry.get("arxiv_primary_category")
    return str(primary.get("term") or "") if isinstance(primary, Mapping) else ""


def _authors(entry: Any) -> str:
    names = [str(author.get("name") or "") for author in entry.get("authors") or ()]
    return ", ".join(name for name in names if name)
