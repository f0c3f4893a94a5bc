"""The language of the moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from babel import Locale

from service.languages.catalogs import SOURCE, best, locale_of

_tag: ContextVar[str] = ContextVar("language", default=SOURCE)


def current() -> str:
    """The tag (BCP 47) of the language that is spoken now."""
    return _tag.get()


def speak(*tags: str | None) -> None:
    """Speak the first of *tags* that there is, else English, until somebody says otherwise."""
    _tag.set(best(*tags))


@contextmanager
def speaking(*tags: str | None) -> Iterator[None]:
    """Speak the first of *tags* that there is, else English, in this block."""
    before = _tag.set(best(*tags))
    try:
        yield
    finally:
        _tag.reset(before)


def locale() -> Locale:
    """How dates and numbers are written now."""
    return locale_of(current())
