"""Social posts out of an export: each said once, with what it quotes apart. Nothing is fetched."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar

from pydantic import Field

from service.sources.identity import digest, web_link
from service.sources.kinds.base import (
    Kind,
    KindConfig,
    Page,
    Parsed,
    ParsedItem,
    SourceView,
    read_config,
)
from service.sources.kinds.feed import clean_topics
from service.sources.kinds.post_exports import Export, RawPost, read_export
from service.sources.kinds.xml_feed import MOST_ENTRIES
from service.sources.text import one_line, post_text

UNDATED = datetime.min.replace(tzinfo=UTC)


class PostsConfig(KindConfig):
    handle: str = Field(default="", pattern=r"^\w{0,15}$")
    """Whose archive it is, without '@': an archive does not say it itself."""
    replies: bool = False
    """Keep answers to others, which say little without what they answer."""
    topics: tuple[str, ...] = ()


class Posts(Kind):
    """The identity is what a post says, its white space in order: a post that is put out again,
    under a new id, is the old one. Text is plain; mentions are linked where it is rendered."""

    config: ClassVar[type[KindConfig]] = PostsConfig
    headers: ClassVar[Mapping[str, str]] = {"Accept": "application/json"}

    def parse(self, pages: Sequence[Page], source: SourceView) -> Parsed:
        config = read_config(PostsConfig, source.config)
        (page,) = pages
        export = read_export(page, config.handle)
        skipped = list(export.skipped)
        newest = sorted(export.posts, key=_when, reverse=True)
        if len(newest) > MOST_ENTRIES:
            skipped.append(f"{len(newest) - MOST_ENTRIES} posts before the newest {MOST_ENTRIES}")
        items: dict[str, ParsedItem] = {}
        for post in newest[:MOST_ENTRIES]:
            item = _item(post, export, config)
            if isinstance(item, str):
                skipped.append(item)
            else:
                if item.identity in items:
                    skipped.append(f"post {post.id} is said again later")
                items[item.identity] = item  # the last one is the oldest: who said it first
        return Parsed(tuple(items.values()), skipped=tuple(skipped))


def _when(post: RawPost) -> tuple[datetime, str]:
    return post.published_at or UNDATED, post.id


def _item(post: RawPost, export: Export, config: PostsConfig) -> ParsedItem | str:
    """The item of a post, or why it is passed over."""
    if post.repost:
        return f"post {post.id} repeats somebody else's"
    if post.reply and not config.replies:
        return f"post {post.id} answers somebody else"
    quoted = export.known.get(post.quoted)
    text = _said(post, without=post.quoted if quoted else "")
    link = web_link("https://x.com/", f"{post.handle or 'i'}/status/{post.id}")
    if not text or link is None:
        return f"post {one_line(post.id, 40)} has no {'link' if text else 'words of its own'}"
    quoted_text = _said(quoted, without="") if quoted else ""
    return ParsedItem(
        identity=f"text:{digest(*(' '.join(part.split()) for part in (text, quoted_text)))}",
        url=link,
        title=one_line(text, 120),
        summary=text,
        author=_author(post),
        topics=clean_topics(config.topics),
        published_at=post.published_at,
        quoted_author=_author(quoted) if quoted else "",
        quoted_text=quoted_text,
    )


def _said(post: RawPost, without: str) -> str:
    """The post's words, its links in full; *without* the link to the post of that id.

    A short link is never followed: where it leads stands in the export, or it stays as it is.
    """
    text = post.text
    # The longest first: one short link may be the beginning of another.
    for short, target in sorted(post.links, key=lambda link: -len(link[0])):
        leads_there = without and re.search(rf"/status/{re.escape(without)}(?!\d)", target)
        text = text.replace(short, "" if leads_there else html.escape(target, quote=False))
    return post_text(html.unescape(text))


def _author(post: RawPost) -> str:
    at = f"@{post.handle}" if post.handle else ""
    return f"{post.author} ({at})" if post.author and at else post.author or at
