"""All pages of one source, asked for with its key and with what it told us the last time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from service.config import secret_from_environment, settings
from service.sources.fetch import Ask, Fetched, Fetcher
from service.sources.kinds import BadFeed, Kind, Page, Parsed, SourceView
from service.sources.kinds.base import KindConfig, read_config
from service.sources.uploads import is_upload, read_upload

MOST_PAGES = 20


class MissingKey(Exception):
    """The variable that holds a source's key is not set; the text says which."""


@dataclass(frozen=True)
class Known:
    """What the last good answer left: its validators (RFC 9110, 8.8) and the hash of its body."""

    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None


@dataclass(frozen=True)
class Reading:
    first: Fetched
    """The first page's answer; its headers speak for the source."""
    parsed: Parsed | None
    """None when the source is as it was."""
    known: Known
    """What to remember for the next time."""


def read_source(kind: Kind, source: SourceView, known: Known, fetcher: Fetcher) -> Reading:
    """Read *source* to its last page, unless it is as it was.

    Raises ``FetchFailed``, ``BadFeed``, ``BadSource`` and :class:`MissingKey`. A failure on a later
    page is a failure of the whole: half a table would look like one whose rows went away.
    """
    config = read_config(kind.config, source.config)
    headers = {**kind.headers, **_secrets(config)}
    private = config.allow_private or settings().allow_private_sources
    ask = read_upload if is_upload(source.url) else fetcher
    written = kind.inline(source)
    if written is not None:
        first = Fetched("new", written, source.url)
    else:
        first = ask(
            Ask(source.url, headers, known.etag, known.last_modified, allow_private=private)
        )
    if first.status == "unchanged":
        return Reading(first, None, known)
    pages = [_page(first)]
    while url := kind.next_url(pages, source):
        if len(pages) == MOST_PAGES:
            raise BadFeed(f"The source has more than {MOST_PAGES} pages.")
        pages.append(_page(ask(Ask(url, headers, allow_private=private))))
    body_hash = _hash(pages)
    if body_hash == known.body_hash:
        return Reading(first, None, known)
    parsed = kind.parse(pages, source)
    return Reading(first, parsed, _to_remember(first, pages, body_hash, parsed))


def _to_remember(first: Fetched, pages: list[Page], body_hash: str, parsed: Parsed) -> Known:
    if parsed.damage:
        return Known()  # so that the next check reads it again, whatever its headers say
    if len(pages) > 1:
        return Known(body_hash=body_hash)  # page 1 does not vouch for page 2
    return Known(first.etag, first.last_modified, body_hash)


def _page(fetched: Fetched) -> Page:
    return Page(fetched.body, fetched.final_url, fetched.content_type)


def _hash(pages: list[Page]) -> str:
    """One hash over all pages, each set off by its length."""
    whole = hashlib.sha256()
    for page in pages:
        whole.update(b"%d:" % len(page.body))
        whole.update(page.body)
    return whole.hexdigest()


def _secrets(config: KindConfig) -> Mapping[str, str]:
    found = {header: secret_from_environment(name) for header, name in config.header_env.items()}
    missing = [config.header_env[header] for header, secret in found.items() if secret is None]
    if missing:
        raise MissingKey(
            f"The source takes a key: set {' and '.join(missing)} in the environment or in the "
            "file .env, and start the service again."
        )
    return {header: secret for header, secret in found.items() if secret is not None}
