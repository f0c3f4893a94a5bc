"""What an editor writes: entries in Markdown, in the newsletter's file or in one of their own.

## [What we will do in December](https://example.org/december) 2026-11-30

A paragraph or two, which is the summary.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import ClassVar

from markdown_it import MarkdownIt
from markdown_it.token import Token

from service.sources.identity import item_identity, web_link
from service.sources.kinds.base import (
    BadFeed,
    BadSource,
    Kind,
    KindConfig,
    Page,
    Parsed,
    ParsedItem,
    SourceView,
    read_config,
)
from service.sources.kinds.dates import iso_moment
from service.sources.kinds.feed import clean_topics
from service.sources.kinds.xml_feed import MOST_ENTRIES
from service.sources.text import one_line, plain_text

_DATE = re.compile(r"\s*(\d{4}-\d{2}-\d{2})\s*$")


class ManualConfig(KindConfig):
    text: str = ""
    """The Markdown itself; '' where the address names an uploaded file."""
    author: str = ""
    topics: tuple[str, ...] = ()


class Manual(Kind):
    """Each heading is an entry: a link, by which it is known, and a date or none.

    An entry without a date is of the day on which it is first read. Later changes correct it.
    """

    config: ClassVar[type[KindConfig]] = ManualConfig

    def inline(self, source: SourceView) -> bytes | None:
        text = read_config(ManualConfig, source.config).text
        if not text and not source.url.startswith("upload:"):
            raise BadSource(
                "write the entries into config.text, or put a Markdown file into the folder "
                "uploads and give its name as the address: upload:NAME.md"
            )
        return text.encode("utf-8", "replace") if text else None

    def parse(self, pages: Sequence[Page], source: SourceView) -> Parsed:
        config = read_config(ManualConfig, source.config)
        (page,) = pages
        try:
            text = page.body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise BadFeed("The text is not UTF-8; save it as such.") from error
        skipped: list[str] = []
        items: dict[str, ParsedItem] = {}
        for heading, body in _entries(text):
            item = _item(heading, body, config)
            if isinstance(item, str):
                skipped.append(item)
            elif len(items) < MOST_ENTRIES:
                items.setdefault(item.identity, item)
        if not items:
            why = f" ({skipped[0]})" if skipped else ""
            raise BadFeed(
                f"The text has no entry{why}: begin each with a line like "
                "'## [Title](https://example.org/page)'."
            )
        return Parsed(tuple(items.values()), skipped=tuple(skipped))


_MARKDOWN = MarkdownIt("commonmark", {"html": False})


def _entries(text: str) -> Iterator[tuple[Token, str]]:
    """The text of each heading, with the HTML of what stands below it."""
    tokens = _MARKDOWN.parse(text)
    starts = [
        number
        for number, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0
    ]
    for start, end in pairwise([*starts, len(tokens)]):
        body = _MARKDOWN.renderer.render(tokens[start + 3 : end], _MARKDOWN.options, {})
        yield tokens[start + 1], body


def _item(heading: Token, body: str, config: ManualConfig) -> ParsedItem | str:
    children = heading.children or []
    said = "".join(
        " " if child.type in {"softbreak", "hardbreak"} else child.content for child in children
    )
    date = _DATE.search(said)
    title = one_line(_DATE.sub("", said))
    href = next((child.attrGet("href") for child in children if child.type == "link_open"), None)
    link = web_link("", str(href or ""))
    if not title:
        return "a heading without words"
    if link is None:
        return f"the entry '{title[:120]}' has no link to the web"
    return ParsedItem(
        identity=item_identity("", link, title, ""),
        url=link,
        title=title,
        summary=plain_text(body),
        author=one_line(config.author),
        topics=clean_topics(config.topics),
        published_at=iso_moment(date[1]) if date else None,
    )
