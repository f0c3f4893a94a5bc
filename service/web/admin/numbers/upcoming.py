"""The next issues of a schedule, on its own clock and in UTC, and when its clock changes: pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from service.localtime import DAY, moment_of, next_run, zone
from service.newsletters.spec import ScheduleSpec

YEAR = 366


@dataclass(frozen=True)
class Run:
    at: datetime
    kinds: tuple[str, ...]
    """``daily``, ``weekly`` or both."""


@dataclass(frozen=True)
class ClockChange:
    """The first day on which the same hour is another one in UTC."""

    day: date
    forward: bool
    before: datetime
    """The run of the day before, in UTC."""
    after: datetime


def upcoming(schedule: ScheduleSpec, now: datetime, count: int = 3) -> list[Run]:
    """The next *count* runs after *now*; [] when no day is set."""
    weekly = schedule.weekly_day
    days = {*schedule.weekdays, *(() if weekly is None else (weekly,))}
    runs: list[Run] = []
    at: datetime | None = now
    while len(runs) < count:
        at = next_run(at or now, schedule.timezone, schedule.hour, schedule.minute, days)
        if at is None:
            return runs
        weekday = at.astimezone(zone(schedule.timezone)).weekday()
        daily = ("daily",) if weekday in schedule.weekdays else ()
        digest = ("weekly",) if weekday == weekly else ()
        runs.append(Run(at, (*daily, *digest)))
    return runs


def clock_change(schedule: ScheduleSpec, now: datetime) -> ClockChange | None:
    """The next one within a year; None where the clock stays as it is."""
    today = now.astimezone(zone(schedule.timezone)).date()
    before = _on(schedule, today)
    for ahead in range(1, YEAR + 1):
        day = today + DAY * ahead
        after = _on(schedule, day)
        if after - before != timedelta(days=1):
            return ClockChange(day, after - before < timedelta(days=1), before, after)
        before = after
    return None


def _on(schedule: ScheduleSpec, day: date) -> datetime:
    return moment_of(day, schedule.hour, schedule.minute, schedule.timezone).astimezone(UTC)
