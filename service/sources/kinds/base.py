"""What a kind of source is, and the values that go into it and come out of it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, NoReturn, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError


class BadSource(ValueError):
    """A source is described in a way that its kind cannot read; the text says what to write."""


class BadFeed(Exception):
    """What a source answered cannot be read; the text says why, for an editor."""


class KindConfig(BaseModel):
    """``config`` of a source: what every kind knows. A kind adds fields of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    header_env: dict[str, str] = {}
    """Headers whose values are secrets: header name to environment variable."""
    allow_private: bool = False
    """This source may be at a private address, such as a file server of the house."""


C = TypeVar("C", bound=KindConfig)


@dataclass(frozen=True)
class SourceView:
    """A source as its kind sees it."""

    slug: str
    name: str
    url: str
    config: Mapping[str, Any] = field(default_factory=dict)
    good_at: datetime | None = None
    """The last good answer before this one."""
    asked_at: datetime | None = None
    """Now."""


@dataclass(frozen=True)
class Page:
    """One answer of a source; *url* is where it came from in the end."""

    body: bytes
    url: str = ""
    content_type: str = ""


@dataclass(frozen=True)
class ParsedItem:
    """One entry. All text is plain and clean; ``url`` is http or https."""

    identity: str
    url: str
    title: str
    summary: str = ""
    author: str = ""
    topics: tuple[str, ...] = ()
    published_at: datetime | None = None
    """None when the entry does not say."""
    quoted_author: str = ""
    quoted_text: str = ""
    """Of a post that quotes another: what it quotes, apart from its own text."""


@dataclass(frozen=True)
class ParsedSnapshot:
    """A table in rank order; each row has ``key`` (identity) and ``name``, and is JSON."""

    rows: tuple[dict[str, Any], ...]
    edition: str = ""


@dataclass(frozen=True)
class Parsed:
    items: tuple[ParsedItem, ...] = ()
    snapshot: ParsedSnapshot | None = None
    skipped: tuple[str, ...] = ()
    """Why entries were passed over, a sentence each."""
    damage: str = ""
    """What is wrong with the answer although something could be kept; '' when it is whole."""


class Kind(Protocol):
    """Bytes to items or to a table. A kind asks nothing of the network and writes no rows."""

    config: ClassVar[type[KindConfig]]
    headers: ClassVar[Mapping[str, str]] = {}
    queue: ClassVar[str] = ""
    """The queue that all sources of this kind share, of ``turns.QUEUES``; '' for none."""

    def inline(self, source: SourceView) -> bytes | None:
        """The answer where the source's own config holds it; None asks for ``source.url``."""
        return None

    def next_url(self, pages: Sequence[Page], source: SourceView) -> str | None:
        """Where the page after *pages* is; None when they are all. The first is ``source.url``."""
        return None

    def parse(self, pages: Sequence[Page], source: SourceView) -> Parsed:
        """Everything on *pages*, at least one.

        Raises :class:`BadFeed` when they are not what this kind reads, and :class:`BadSource`
        when the source's ``config`` is not.
        """
        ...


def read_config(model: type[C], config: Mapping[str, Any]) -> C:
    """*config* as a kind's own model; raises :class:`BadSource` naming each field in the wrong."""
    try:
        return model.model_validate(config)
    except ValidationError as error:
        known = sorted(model.model_fields)
        problems = [_sentence(problem, known) for problem in error.errors()]
        raise BadSource("; ".join(problems)) from error


def _sentence(problem: Mapping[str, Any], known: Sequence[str]) -> str:
    place = ".".join(str(step) for step in problem["loc"])
    said = str(problem["msg"]).removeprefix("Value error, ").replace("Input should", "must", 1)
    if problem["type"] == "missing":
        return f"config.{place} is missing; add it (docs/adding-a-source.md shows how)"
    if problem["type"] == "extra_forbidden" and len(problem["loc"]) == 1:
        near = difflib.get_close_matches(place, known, n=1)
        todo = f"write '{near[0]}' instead, or remove it" if near else "remove it"
        return (
            f"config.{place} is not known to a source of this kind; {todo}. "
            f"There are: {', '.join(known)}"
        )
    return f"config.{place}: {said}" if place else f"config: {said}"


def read_json(page: Page) -> Any:
    """The JSON document of *page*; what JSON has no word for (NaN, Infinity) reads as null."""
    refuse_html(page.body, "JSON")
    try:
        return json.loads(page.body, parse_constant=lambda _: None)
    except RecursionError as error:
        raise BadFeed("The answer is JSON nested too deeply to be read.") from error
    except ValueError as error:
        raise BadFeed(f"The answer is not whole JSON: {error}") from error


def refuse_html(body: bytes, expected: str) -> None:
    """Raise :class:`BadFeed` for an empty answer, and for a web page in place of *expected*."""
    start = body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not body.strip():
        raise BadFeed("The answer is empty.")
    if start.startswith((b"<!doctype html", b"<html")):
        _refuse_page(expected)


def _refuse_page(expected: str) -> NoReturn:
    raise BadFeed(
        f"The answer is a web page where {expected} should be: the address may have changed, "
        "or a login or an error page stands before it."
    )
