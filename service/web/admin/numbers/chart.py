"""A newsletter's readers over time, as a drawing of plain SVG and as a table. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil, floor, log10

from service.audience.growth import Day

WIDTH, HEIGHT = 640.0, 160.0
"""Of the drawing, in its own units."""

WEEK = 7


@dataclass(frozen=True)
class Week:
    """A row of the table: seven days, or what there is of them."""

    ending: date
    readers: int
    joined: int
    left: int


@dataclass(frozen=True)
class Chart:
    days: tuple[Day, ...]
    line: str
    """Points of the polyline."""
    ticks: tuple[tuple[float, int], ...]
    """Height in the drawing, and the number of readers there."""

    @property
    def joined(self) -> int:
        return sum(day.joined for day in self.days)

    @property
    def left(self) -> int:
        return sum(day.left for day in self.days)

    @property
    def has_news(self) -> bool:
        """Whether there is anything but a straight line to draw."""
        return bool(self.joined or self.left)

    @property
    def weeks(self) -> list[Week]:
        """Latest first."""
        days = self.days[::-1]
        cut = [days[start : start + WEEK] for start in range(0, len(days), WEEK)]
        return [
            Week(
                part[0].on,
                part[0].readers,
                sum(day.joined for day in part),
                sum(day.left for day in part),
            )
            for part in cut
        ]


def chart_of(days: Sequence[Day]) -> Chart:
    levels = scale([day.readers for day in days])
    low, high = levels[0], levels[-1]

    def height(readers: int) -> float:
        return HEIGHT - HEIGHT * (readers - low) / (high - low)

    step = WIDTH / max(1, len(days) - 1)
    line = " ".join(
        f"{place * step:.1f},{height(day.readers):.1f}" for place, day in enumerate(days)
    )
    return Chart(tuple(days), line, tuple((round(height(level), 1), level) for level in levels))


def scale(numbers: Sequence[int]) -> list[int]:
    """Round levels, at least two, between which all *numbers* lie."""
    low, high = min(numbers, default=0), max(numbers, default=0)
    step = _step(max(1, high - low) / 3)
    first, last = floor(low / step) * step, ceil(high / step) * step
    if first == last:
        last += step
    return list(range(first, last + 1, step))


def _step(rough: float) -> int:
    size = 10 ** floor(log10(rough)) if rough > 1 else 1
    return next(int(size * one) for one in (1, 2, 5, 10) if size * one >= rough)
