"""Which issues a newsletter owes: after an outage one of each kind, never one for each day."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from service.localtime import DAY, due_at_local_hour, exists, moment_of, next_run, zone
from service.models import IssueKind

__all__ = ["Owed", "Timetable", "due_at_local_hour", "missed_dates", "next_run", "owed"]

SLACK = timedelta(hours=12)
"""Time zone rules change at short notice: a run stored under the old rules is still found."""


@dataclass(frozen=True)
class Timetable:
    """When a newsletter comes: ``days`` and ``weekly_day`` count from Monday as 0."""

    timezone: str
    hour: int
    minute: int
    days: frozenset[int]
    weekly_day: int | None = None

    @property
    def all_days(self) -> frozenset[int]:
        """Days on which anything runs; the digest may have a day of its own."""
        return self.days if self.weekly_day is None else self.days | {self.weekly_day}

    def next_run(self, after: datetime) -> datetime | None:
        """The first run later than *after*; None when no day is set."""
        return next_run(after, self.timezone, self.hour, self.minute, self.all_days)

    def moment_of(self, day: date) -> datetime:
        """When the run of *day* is due."""
        return moment_of(day, self.hour, self.minute, self.timezone)


@dataclass(frozen=True)
class Owed:
    """An issue to build: its date, the run it was due at, and the dates it makes up for."""

    kind: IssueKind
    local_date: date
    due_at: datetime
    missed: tuple[date, ...] = ()


def missed_dates(
    table: Timetable, days: Collection[int], since: datetime, now: datetime
) -> list[date]:
    """Local dates on *days* whose run fell within [since, now], oldest first.

    All but the last were missed: the last one's issue catches up for them.
    """
    where = zone(table.timezone)
    first, last = since.astimezone(where).date(), now.astimezone(where).date()
    return [
        day
        for day in (first + DAY * ahead for ahead in range((last - first).days + 1))
        if day.weekday() in days
        and exists(day, table.timezone)
        and since <= table.moment_of(day) <= now
    ]


def owed(table: Timetable, next_due: datetime, now: datetime) -> tuple[Owed, ...]:
    """What is to be built at *now* when the next run was set to *next_due*; () when it is early."""
    if next_due > now:
        return ()
    kinds: list[tuple[IssueKind, frozenset[int]]] = [(IssueKind.DAILY, table.days)]
    if table.weekly_day is not None:
        kinds.append((IssueKind.WEEKLY, frozenset({table.weekly_day})))
    found = []
    for kind, days in kinds:
        dates = missed_dates(table, days, next_due - SLACK, now)
        if dates:
            found.append(Owed(kind, dates[-1], table.moment_of(dates[-1]), tuple(dates[:-1])))
    return tuple(found)
