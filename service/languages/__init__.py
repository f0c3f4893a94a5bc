"""What readers read, in their language: texts, dates and numbers.

Texts are written in English where they stand, and each other language is a catalog of gettext
(``po/de.po``), read when it is first needed: nothing is compiled beforehand. Which language
is spoken is a matter of the moment, kept in a context variable as Django and Flask-Babel do:
:func:`speaking` sets it for a mail, the web sets it for a request, and elsewhere it is English.
"""

from __future__ import annotations

from service.languages.catalogs import SOURCE, best, called, code_of, there
from service.languages.current import current, locale, speak, speaking
from service.languages.texts import gettext, later, listed, ngettext

__all__ = [
    "SOURCE",
    "best",
    "called",
    "code_of",
    "current",
    "gettext",
    "later",
    "listed",
    "locale",
    "ngettext",
    "speak",
    "speaking",
    "there",
]
