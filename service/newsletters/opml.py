"""Lists of feeds out of other readers (opml.org/spec2.opml), as sources of a newsletter: pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from typing import NamedTuple
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from pydantic import ValidationError

from service.newsletters import toml
from service.newsletters.spec import SourceSpec

MOST_BYTES = 5 * 1024 * 1024
MOST_FEEDS = 1000


class BadOpml(ValueError):
    """The file is no OPML; the text says why."""


class Feed(NamedTuple):
    name: str
    url: str


def read_opml(document: bytes) -> list[Feed]:
    """The feeds of *document*, groups opened up, each address once. Raises :class:`BadOpml`.

    A document type is refused as a whole: no list needs one, and entities in entities grow.
    """
    if len(document) > MOST_BYTES:
        raise BadOpml(f"The list is longer than {MOST_BYTES // 2**20} MiB.")
    names: list[str] = []
    found: dict[str, Feed] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        names.append(name.lower())
        given = {key.lower(): value.strip() for key, value in attributes.items()}
        url = given.get("xmlurl", "")
        if names[-1] == "outline" and url:
            found.setdefault(url, Feed(given.get("title") or given.get("text") or url, url))

    def refuse(*_: object) -> None:
        raise BadOpml("The list has a document type (<!DOCTYPE …>), which is not read.")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        if isinstance(error, BadOpml):
            raise
        raise BadOpml(f"The list is not whole XML: {error}.") from error
    if names[0] != "opml":
        raise BadOpml(f"The file is XML but no OPML: it begins with <{names[0]}>.")
    if not found:
        raise BadOpml("The list names no feed: no <outline> has an xmlUrl.")
    if len(found) > MOST_FEEDS:
        raise BadOpml(f"The list names more than {MOST_FEEDS} feeds.")
    return list(found.values())


class Described(NamedTuple):
    sources: tuple[SourceSpec, ...]
    skipped: tuple[str, ...]


def describe(feeds: Iterable[Feed], section: str, taken: Collection[str]) -> Described:
    """*feeds* as sources of *section*; slugs are made of names, beside those that are *taken*."""
    slugs = set(taken)
    sources, skipped = [], []
    for feed in feeds:
        name = " ".join("".join(c if c.isprintable() else " " for c in feed.name).split())[:200]
        slug = free_slug(name, slugs)
        try:
            source = SourceSpec(slug=slug, kind="feed", name=name, url=feed.url, section=section)
        except ValidationError as error:
            said = error.errors()[0]["msg"].removeprefix("Value error, ")
            skipped.append(f"{name[:80] or '?'} ({feed.url[:120]}): {said}")
            continue
        slugs.add(slug)
        sources.append(source)
    return Described(tuple(sources), tuple(skipped))


def as_toml(sources: Iterable[SourceSpec]) -> str:
    """What is to be pasted into the newsletter's file."""
    return toml.document(
        {"sources": [source.model_dump(mode="json", exclude_defaults=True) for source in sources]}
    )


def write_opml(title: str, feeds: Iterable[Feed]) -> str:
    """*feeds* as a list that other readers take."""
    outlines = "".join(
        f'    <outline type="rss" text={quoteattr(feed.name)} title={quoteattr(feed.name)} '
        f"xmlUrl={quoteattr(feed.url)}/>\n"
        for feed in feeds
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0">\n'
        f"  <head><title>{escape(title)}</title></head>\n  <body>\n{outlines}  </body>\n</opml>\n"
    )


def free_slug(name: str, taken: Collection[str]) -> str:
    """A slug out of *name*, such as ``the-daily-parser``, with a number where it is taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50].rstrip("-")
    if not slug[:1].isalpha():
        slug = f"feed-{slug}".rstrip("-")
    if slug not in taken:
        return slug
    number = 2
    while f"{slug}-{number}" in taken:
        number += 1
    return f"{slug}-{number}"
