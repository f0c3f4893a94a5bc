from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from service.languages import best, called, current, dates, gettext, listed, ngettext, speaking

FRIDAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("tags", "spoken"),
    [
        ((), "en"),
        (("de",), "de"),
        (("de-AT",), "de-AT"),
        (("DE_de",), "DE_de"),
        (("fr", "de"), "de"),
        (("fr",), "en"),
        ((None, "", "de"), "de"),
        (("../po/de",), "en"),
    ],
)
def test_it_speaks_the_first_language_that_is_there(
    tags: tuple[str | None, ...], spoken: str
) -> None:
    assert best(*tags) == spoken


def test_it_goes_back_to_the_language_of_before() -> None:
    with speaking("de"):
        with speaking("en"):
            assert gettext("Unsubscribe") == "Unsubscribe"
        assert gettext("Unsubscribe") == "Abmelden"
    assert current() == "en"


def test_it_puts_values_where_the_language_wants_them() -> None:
    with speaking("de"):
        assert gettext("Welcome to %(name)s", name="100 % %(x)s") == "Willkommen bei 100 % %(x)s"


@pytest.mark.parametrize(
    ("language", "number", "said"),
    [
        ("en", 1, "Pause for 1 day"),
        ("en", 7, "Pause for 7 days"),
        ("de", 1, "1 Tag Pause"),
        ("de", 7, "7 Tage Pause"),
    ],
)
def test_it_counts(language: str, number: int, said: str) -> None:
    with speaking(language):
        assert ngettext("Pause for %(num)s day", "Pause for %(num)s days", number) == said


@pytest.mark.parametrize(
    ("language", "long", "short", "weekday", "number"),
    [
        ("en", "November 20, 2026", "Nov 20", "Friday", "12,345.5"),
        ("en-GB", "20 November 2026", "20 Nov", "Friday", "12,345.5"),
        ("de", "20. November 2026", "20. Nov.", "Freitag", "12.345,5"),
        ("de-Latn-XX", "20. November 2026", "20. Nov.", "Freitag", "12.345,5"),
        ("fr", "November 20, 2026", "Nov 20", "Friday", "12,345.5"),
    ],
)
def test_it_writes_dates_and_numbers_as_the_language_does(
    language: str, long: str, short: str, weekday: str, number: str
) -> None:
    with speaking(language):
        assert dates.long_date(FRIDAY) == long
        assert dates.short_date(FRIDAY) == short
        assert dates.weekday(4) == weekday
        assert dates.number(12345.5) == number
        assert dates.clock(datetime(2026, 11, 20, 19, 5, tzinfo=UTC)) == "19:05"


@pytest.mark.parametrize(
    ("parts", "said"),
    [([], ""), (["a"], "a"), (["a", "b"], "a und b"), (["a", "b", "c"], "a, b und c")],
)
def test_it_lists(parts: list[str], said: str) -> None:
    with speaking("de"):
        assert listed(parts) == said


def test_it_names_a_language_as_it_names_itself() -> None:
    assert called("de") == "Deutsch"


@pytest.mark.parametrize(
    ("language", "zone", "letters"),
    [
        ("en", "Europe/Berlin", "CET"),
        ("de", "Europe/Berlin", "MEZ"),
        ("de", "Asia/Tokyo", "JST"),
        ("de", "UTC", "UTC"),
        ("de", "America/Sao_Paulo", "-03"),
    ],
)
def test_it_names_a_zone_as_people_do(language: str, zone: str, letters: str) -> None:
    with speaking(language):
        at = datetime(2026, 11, 20, 6, 0, tzinfo=ZoneInfo(zone))
        assert dates.zone_letters(at) == letters
