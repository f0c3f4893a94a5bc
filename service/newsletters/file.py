"""A newsletter's file: loaded into the rows, and written down from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.models import Newsletter
from service.newsletters import toml
from service.newsletters.problems import BadNewsletter, Place, read_spec, sentence
from service.newsletters.rows import Stored, describe, locked, store
from service.newsletters.spec import NewsletterSpec

CheckSource = Callable[[str, dict[str, Any]], None]
"""Raises ValueError when there is no such kind of source, or its config is not for it."""
CheckTheme = Callable[[Mapping[str, Any]], object]
"""Raises ValueError when the theme cannot be drawn."""


def load_newsletter(
    session: Session,
    text: str,
    now: datetime,
    *,
    check_source: CheckSource,
    check_theme: CheckTheme | None = None,
) -> Stored:
    """Create or update the newsletter that *text* describes.

    Raises :class:`BadNewsletter` with every problem, and with nothing changed.
    """
    spec = read_spec(text)
    faults = list(unfit(spec, check_source, check_theme))
    if faults:
        raise BadNewsletter([sentence(text, place, said) for place, said in faults])
    stored = store(session, spec, now)
    row = locked(session, spec.slug)
    assert row is not None
    stored = replace(stored, edited_at=row.edited_at)
    row.loaded_at, row.edited_at = now, None
    session.flush()
    return stored


def unfit(
    spec: NewsletterSpec, check_source: CheckSource, check_theme: CheckTheme | None
) -> Iterator[tuple[Place, str]]:
    """Where in *spec* stands what no kind of source, or no theme, can do with, and why."""
    for number, source in enumerate(spec.sources):
        try:
            check_source(source.kind, source.config)
        except ValueError as error:
            yield ("sources", number, "config"), f"source '{source.slug}': {error}"
    if check_theme is not None:
        try:
            check_theme(spec.theme)
        except ValueError as error:
            yield ("theme",), f"theme: {error}"


def dump_newsletter(session: Session, slug: str) -> str:
    """The file of the newsletter *slug*; loading it changes nothing. KeyError for no such one."""
    row = session.scalar(select(Newsletter).where(Newsletter.slug == slug))
    if row is None:
        raise KeyError(slug)
    return toml.document(describe(session, row).model_dump(mode="json", exclude_defaults=True))
