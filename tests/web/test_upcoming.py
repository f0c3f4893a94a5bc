"""The next issues of a schedule, and when its clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from service.newsletters.spec import ScheduleSpec
from service.web.admin.numbers.upcoming import clock_change, upcoming

NOW = datetime(2026, 11, 21, 5, tzinfo=UTC)  # a Saturday


@pytest.mark.parametrize(
    ("given", "runs"),
    [
        ({}, ["21 07:00 daily", "22 07:00 daily", "23 07:00 daily"]),
        (
            {"timezone": "Asia/Tokyo", "time": "07:00"},
            ["21 22:00 daily", "22 22:00 daily", "23 22:00 daily"],
        ),
        (
            {"days": ["mon"], "weekly": "sun"},
            ["22 07:00 weekly", "23 07:00 daily", "29 07:00 weekly"],
        ),
        (
            {"days": ["sun"], "weekly": "sun"},
            ["22 07:00 daily+weekly", "29 07:00 daily+weekly", "06 07:00 daily+weekly"],
        ),
        ({"days": []}, []),
    ],
)
def test_it_tells_the_next_three(given: dict[str, Any], runs: list[str]) -> None:
    found = upcoming(ScheduleSpec.model_validate(given), NOW)
    assert [f"{run.at:%d %H:%M} {'+'.join(run.kinds)}" for run in found] == runs


@pytest.mark.parametrize(
    ("zone", "day", "forward"),
    [
        ("Europe/Berlin", date(2027, 3, 28), True),
        ("America/New_York", date(2027, 3, 14), True),
        ("Australia/Sydney", date(2027, 4, 4), False),
    ],
)
def test_it_tells_when_the_clock_changes(zone: str, day: date, forward: bool) -> None:
    found = clock_change(ScheduleSpec(timezone=zone), NOW)
    assert found is not None
    assert (found.day, found.forward) == (day, forward)
    assert abs(found.before.hour - found.after.hour) == 1


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_it_knows_of_no_change_where_there_is_none(zone: str) -> None:
    assert clock_change(ScheduleSpec(timezone=zone), NOW) is None
