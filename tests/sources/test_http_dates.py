from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.sources.http_dates import max_age, retry_after

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("120", 120),
        (" 120 ", 120),
        ("-5", None),
        ("Fri, 20 Nov 2026 07:10:00 GMT", 600),
        ("Fri, 20 Nov 2026 06:00:00 GMT", 0),
        ("Fri, 20 Nov 2026 07:10:00 -0000", 600),
        ("soon", None),
        ("9" * 40, None),
        ("Fri, 99 Nov 2026 07:10:00 GMT", None),
    ],
)
def test_it_reads_retry_after(header: str | None, seconds: float | None) -> None:
    wait = retry_after(header, NOW)
    assert (wait and wait.total_seconds()) == seconds if seconds else not wait


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("no-store", None),
        ("max-age=600", 600),
        ("public, Max-Age = 600, must-revalidate", 600),
        ("s-maxage=900", None),
        ("x-max-age=900", None),
        ("max-age=never", None),
    ],
)
def test_it_reads_max_age(header: str | None, seconds: float | None) -> None:
    age = max_age(header)
    assert (age.total_seconds() if age else None) == seconds
