"""The kinds of sources that can be read, and the check of what a newsletter's file says of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.sources.kinds.arxiv import Arxiv
from service.sources.kinds.base import (
    BadFeed,
    BadSource,
    Kind,
    Page,
    Parsed,
    ParsedItem,
    ParsedSnapshot,
    SourceView,
    read_config,
)
from service.sources.kinds.feed import Feed
from service.sources.kinds.github import Github
from service.sources.kinds.manual import Manual
from service.sources.kinds.page import WebPage
from service.sources.kinds.posts import Posts
from service.sources.kinds.table import Table

KINDS: Mapping[str, Kind] = {
    "feed": Feed(),
    "arxiv": Arxiv(),
    "table": Table(),
    "github": Github(),
    "page": WebPage(),
    "posts": Posts(),
    "manual": Manual(),
}


def kind_named(name: str) -> Kind:
    """The kind called *name*; raises :class:`BadSource` that lists those there are."""
    if name not in KINDS:
        raise BadSource(f"there is no kind of source called '{name}'; use {', '.join(KINDS)}")
    return KINDS[name]


def check_config(kind: str, config: Mapping[str, Any]) -> None:
    """Raise :class:`BadSource` when a source of this *kind* cannot be read by *config*."""
    read_config(kind_named(kind).config, config)


__all__ = [
    "KINDS",
    "BadFeed",
    "BadSource",
    "Kind",
    "Page",
    "Parsed",
    "ParsedItem",
    "ParsedSnapshot",
    "SourceView",
    "check_config",
    "kind_named",
]
