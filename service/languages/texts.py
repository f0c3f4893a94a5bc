"""Texts, looked up in the catalog of the language that is spoken.

Values stand in a text as ``%(name)s``, so that a translator may put them in another order; a
percent sign of its own is written ``%%``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service.languages.catalogs import code_of, translations
from service.languages.current import current


def gettext(message: str, **values: Any) -> str:
    """*message* in the language of the moment, with *values* put in."""
    return raw(message) % values


def ngettext(singular: str, plural: str, number: int, **values: Any) -> str:
    """The form of the text that goes with *number*, which is ``%(num)s`` in it."""
    return raw_plural(singular, plural, number) % {"num": number, **values}


def later(message: str) -> str:
    """Marks a text that is looked up when it is shown, not where it stands."""
    return message


def listed(parts: Sequence[str]) -> str:
    """``a, b and c``."""
    if len(parts) < 2:
        return "".join(parts)
    return gettext("%(list)s and %(last)s", list=", ".join(parts[:-1]), last=parts[-1])


def raw(message: str) -> str:
    """As :func:`gettext`, with the places for values still in it; for Jinja, which fills them."""
    return translations(code_of(current())).gettext(message)


def raw_plural(singular: str, plural: str, number: int) -> str:
    """As :func:`ngettext`, with the places for values still in it; for Jinja."""
    return translations(code_of(current())).ngettext(singular, plural, number)
