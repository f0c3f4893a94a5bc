"""Which languages there are, and their catalogs, compiled in memory."""

from __future__ import annotations

import io
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

SOURCE = "en"
"""What the texts are written in; it needs no catalog."""

FOLDER = Path(__file__).parent / "po"


@lru_cache(maxsize=1)
def there() -> tuple[str, ...]:
    """Codes of the languages a reader can have, English first."""
    return (SOURCE, *sorted(path.stem for path in FOLDER.glob("*.po")))


def best(*tags: str | None) -> str:
    """The first of *tags* (BCP 47, ``de-AT``) whose language is there, else English.

    The tag is kept as it is: ``de-AT`` reads the German catalog, and writes January as Jänner.
    """
    return next((tag for tag in tags if tag and code_of(tag) in there()), SOURCE)


def code_of(tag: str) -> str:
    """``de`` for ``de-AT``."""
    return tag.replace("_", "-").partition("-")[0].lower()


def called(code: str) -> str:
    """What a language calls itself: ``Deutsch``."""
    return str(Locale.parse(code).get_display_name() or code).capitalize()


@lru_cache(maxsize=64)
def locale_of(tag: str) -> Locale:
    """How dates and numbers are written in the language of *tag*; English when it is not there."""
    subtags = best(tag).replace("_", "-").split("-")
    while len(subtags) > 1:
        try:
            return Locale.parse("-".join(subtags), sep="-")
        except (ValueError, UnknownLocaleError):
            subtags.pop()
    return Locale(subtags[0].lower())


@lru_cache(maxsize=16)
def translations(code: str) -> NullTranslations:
    """The catalog of a language that is there."""
    if code == SOURCE:
        return NullTranslations()
    with (FOLDER / f"{code}.po").open("rb") as file:
        catalog = read_po(file, locale=code, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)
