"""The drawing of readers over time."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.audience.growth import Day
from service.web.admin.numbers.chart import HEIGHT, chart_of, scale


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([0, 0], [0, 1]),
        ([12, 12], [12, 13]),
        ([0, 3], [0, 1, 2, 3]),
        ([980, 1_204], [900, 1_000, 1_100, 1_200, 1_300]),
        ([], [0, 1]),
    ],
)
def test_it_marks_round_numbers(numbers: list[int], expected: list[int]) -> None:
    assert scale(numbers) == expected


@given(st.lists(st.integers(0, 2_000_000), min_size=1, max_size=90))
def test_it_draws_every_day_within_its_frame(numbers: list[int]) -> None:
    first = date(2026, 8, 1)
    days = [Day(first + timedelta(days=n), readers, 0, 0) for n, readers in enumerate(numbers)]
    points = [point.split(",") for point in chart_of(days).line.split()]
    assert len(points) == len(numbers)
    assert all(0 <= float(height) <= HEIGHT for _, height in points)
    assert 2 <= len(scale(numbers)) <= 6


def test_it_tells_the_weeks_latest_first() -> None:
    first = date(2026, 11, 1)
    chart = chart_of([Day(first + timedelta(days=n), 10 + n, 1, 0) for n in range(10)])
    assert [(week.ending.day, week.readers, week.joined) for week in chart.weeks] == [
        (10, 19, 7),
        (3, 12, 3),
    ]
