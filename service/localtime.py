"""Local clocks to moments: when a newsletter runs, and when a reader's own hour comes.

Stands below the stages because three of them ask: ``issues`` (the next run), ``newsletters`` (the
first run of a new schedule) and ``delivery`` (a reader's hour). Pure; all moments are UTC.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
LOOK_AHEAD_DAYS = 15
"""A weekday may fall on a date that a zone left out, as Samoa did with 30 December 2011."""


class UnknownTimezone(ValueError):
    """Not a name of the IANA time zone database."""


def zone(name: str) -> ZoneInfo:
    """The zone called *name*, such as ``Europe/Berlin``; raises :class:`UnknownTimezone`."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise UnknownTimezone(
            f"{name!r} is not a known time zone; use a name such as Europe/Berlin or UTC"
        ) from error


def moment_of(day: date, hour: int, minute: int, timezone: str) -> datetime:
    """The moment (UTC) at which the clock first shows ``hour:minute`` on *day*.

    A time that the clock jumps over gives the first moment after the gap; a time that it shows
    twice gives the first one (PEP 495: ``fold=0``).
    """
    where = zone(timezone)
    local = datetime.combine(day, time(hour, minute))
    moment = local.replace(tzinfo=where).astimezone(UTC)
    if moment.astimezone(where).replace(tzinfo=None) == local:
        return moment
    return _end_of_gap(local.replace(tzinfo=where, fold=1).astimezone(UTC), moment, where)


def next_run(
    after: datetime, timezone: str, hour: int, minute: int, days: Collection[int]
) -> datetime | None:
    """The first run later than *after* (UTC); None when *days* (Monday is 0) names none."""
    if not days:
        return None
    for day in _dates_from(after, timezone):
        if day.weekday() in days and exists(day, timezone):
            moment = moment_of(day, hour, minute, timezone)
            if moment > after:
                return moment
    raise AssertionError("a weekday comes round within two weeks")


def due_at_local_hour(after: datetime, timezone: str, hour: int) -> datetime:
    """The first moment at or after *after* when the clock in *timezone* shows ``hour:00``."""
    for day in _dates_from(after, timezone):
        if exists(day, timezone):
            moment = moment_of(day, hour, 0, timezone)
            if moment >= after:
                return moment
    raise AssertionError("an hour comes round within two weeks")


def exists(day: date, timezone: str) -> bool:
    """Whether the zone had that date at all: crossing the date line leaves one out."""
    start = moment_of(day, 0, 0, timezone)
    return start.astimezone(zone(timezone)).date() == day


def _dates_from(after: datetime, timezone: str) -> Iterator[date]:
    first = after.astimezone(zone(timezone)).date()
    return (first + DAY * ahead for ahead in range(LOOK_AHEAD_DAYS + 1))


def _end_of_gap(before: datetime, behind: datetime, where: ZoneInfo) -> datetime:
    """Halve down to the second at which the offset changes between the two moments."""
    offset = before.astimezone(where).utcoffset()
    while behind - before > SECOND:
        middle = before + (behind - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(where).utcoffset() == offset:
            before = middle
        else:
            behind = middle
    return behind
