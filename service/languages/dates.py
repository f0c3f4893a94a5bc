"""Dates, times and numbers as they are written in the language that is spoken.

By the Unicode CLDR, of which Babel carries a copy. Hours are always those of a 24-hour clock.
"""

from __future__ import annotations

from datetime import date, datetime

from babel.dates import format_date, format_time, get_day_names, get_timezone_name
from babel.numbers import format_decimal

from service.languages.catalogs import SOURCE
from service.languages.current import current, locale


def long_date(day: date) -> str:
    """``April 27, 2026``; ``27. April 2026``."""
    return format_date(day, "long", locale=locale())


def short_date(day: date) -> str:
    """``Apr 27``; ``27. Apr.``."""
    return _by("MMMd", day)


def weekday_and_date(day: date) -> str:
    """``Fri, Nov 20``; ``Fr., 20. Nov.``."""
    return _by("MMMEd", day)


def clock(moment: datetime) -> str:
    """``07:40``, on the clock that *moment* is of."""
    return format_time(moment, "HH:mm", tzinfo=moment.tzinfo, locale=locale())


def zone_letters(moment: datetime) -> str:
    """``CET``, in German ``MEZ``; ``+03`` of a zone that has no letters of its own."""
    known = moment.tzname() or ""
    if current() == SOURCE:  # CLDR writes GMT+1 there, which fewer people know
        return known
    here = get_timezone_name(moment, "short", locale=locale())
    return here if here.isalpha() else known


def weekday(number: int) -> str:
    """The name of a day; Monday is 0."""
    return str(get_day_names("wide", "stand-alone", locale=locale())[number])


def short_weekday(number: int) -> str:
    """``Fri``; ``Fr``."""
    return str(get_day_names("abbreviated", "stand-alone", locale=locale())[number])


def number(value: float) -> str:
    """``12,345``; ``12.345``."""
    return format_decimal(value, locale=locale())


def _by(skeleton: str, day: date) -> str:
    here = locale()
    return format_date(day, here.datetime_skeletons[skeleton].pattern, locale=here)
