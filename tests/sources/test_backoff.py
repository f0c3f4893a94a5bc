from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from service.sources.backoff import next_check

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)


def minutes(number: float | None) -> timedelta | None:
    return None if number is None else timedelta(minutes=number)


@pytest.mark.parametrize(
    ("interval", "failures", "retry_after", "max_age", "wait"),
    [
        (60, 0, None, None, 60),
        (60, 0, None, 10, 60),
        (60, 0, None, 90, 90),
        (60, 0, 120, 90, 120),
        (60, 0, None, 999_999, 1440),
        (10_080, 0, None, None, 1440),
        (60, 1, None, None, 30),
        (60, 2, None, None, 60),
        (60, 3, None, None, 120),
        (60, 7, None, None, 1440),
        (60, 100_000, None, None, 1440),
        (5, 1, None, None, 5),
        (1440, 1, None, None, 30),
        (60, 1, 200, None, 200),
        (60, 1, 999_999, None, 1440),
        (60, 4, 1, 999_999, 240),
    ],
)
def test_it_says_when_a_source_is_looked_at_next(
    interval: float, failures: int, retry_after: float | None, max_age: float | None, wait: float
) -> None:
    found = next_check(
        NOW,
        timedelta(minutes=interval),
        failures=failures,
        retry_after=minutes(retry_after),
        max_age=minutes(max_age),
    )
    assert found - NOW == timedelta(minutes=wait)
