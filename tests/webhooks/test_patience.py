from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from service.webhooks.patience import MOST_TRIES, wait_after, why_off

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def test_it_tries_for_about_a_day() -> None:
    waits = [wait_after(tries, 0.0) for tries in range(1, MOST_TRIES)]
    assert all(waits)
    assert waits == sorted(waits)
    assert 20 * HOUR < sum(waits, timedelta()) < 26 * HOUR
    assert wait_after(MOST_TRIES, 0.0) is None
    assert wait_after(MOST_TRIES + 1, 1.0) is None


@pytest.mark.parametrize(
    ("tries", "chance", "asked", "wait"),
    [
        (1, 0.0, None, MINUTE),
        (1, 1.0, None, 1.1 * MINUTE),
        (1, 0.0, 10 * MINUTE, 10 * MINUTE),
        (4, 0.0, MINUTE, HOUR),
        (1, 0.0, 30 * DAY, 12 * HOUR),
        (MOST_TRIES, 0.0, HOUR, None),
    ],
)
def test_it_waits_longer_each_time(
    tries: int, chance: float, asked: timedelta | None, wait: timedelta | None
) -> None:
    assert wait_after(tries, chance, asked) == wait


@pytest.mark.parametrize(
    ("status", "failing_for", "off"),
    [
        (500, timedelta(0), False),
        (500, 3 * DAY - MINUTE, False),
        (500, 3 * DAY, True),
        (None, 4 * DAY, True),
        (410, timedelta(0), True),
        (404, DAY, False),
    ],
)
def test_it_gives_an_endpoint_up_after_days(
    status: int | None, failing_for: timedelta, off: bool
) -> None:
    assert bool(why_off(status, NOW - failing_for, NOW)) is off
