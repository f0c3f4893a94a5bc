"""Schedules: never early, never twice for a date, never missed, over every zone's DST."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.issues.schedule import Timetable, missed_dates, owed
from service.localtime import UnknownTimezone, due_at_local_hour, moment_of, next_run
from service.models import IssueKind

EVERY_DAY = frozenset(range(7))
ZONES = st.sampled_from(sorted(available_timezones() - {"localtime", "Factory"}))
MOMENTS = st.floats(datetime(2008, 1, 1, tzinfo=UTC).timestamp(), 2**31).map(
    lambda seconds: datetime.fromtimestamp(round(seconds), UTC)
)
DAYS = st.frozensets(st.integers(0, 6), min_size=1)
HOURS = st.integers(0, 23)
MINUTES = st.integers(0, 59)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "timezone", "hour", "minute", "expected"),
    [
        ("2026-11-20 06:59:59", "UTC", 7, 0, "2026-11-20 07:00"),
        ("2026-11-20 07:00:00", "UTC", 7, 0, "2026-11-21 07:00"),
        ("2026-11-20 00:00:00", "America/New_York", 7, 0, "2026-11-20 12:00"),
        ("2026-07-20 00:00:00", "America/New_York", 7, 0, "2026-07-20 11:00"),
        # 02:30 is jumped over on 29 March 2026: 03:00 CEST is the first moment after the gap.
        ("2026-03-28 12:00:00", "Europe/Berlin", 2, 30, "2026-03-29 01:00"),
        # 02:30 comes twice on 25 October 2026: the first, in CEST, and not again.
        ("2026-10-24 12:00:00", "Europe/Berlin", 2, 30, "2026-10-25 00:30"),
        ("2026-10-25 00:30:00", "Europe/Berlin", 2, 30, "2026-10-26 01:30"),
        # Half an hour of daylight saving.
        ("2026-10-03 12:00:00", "Australia/Lord_Howe", 2, 15, "2026-10-03 15:30"),
        # Beirut has no midnight on 29 March 2026.
        ("2026-03-28 00:00:00", "Asia/Beirut", 0, 0, "2026-03-28 22:00"),
        # Samoa had no 30 December 2011.
        ("2011-12-29 17:00:00", "Pacific/Apia", 7, 0, "2011-12-30 17:00"),
    ],
)
def test_it_runs_at_the_local_time(
    after: str, timezone: str, hour: int, minute: int, expected: str
) -> None:
    assert next_run(at(after), timezone, hour, minute, EVERY_DAY) == at(expected)


def test_it_runs_on_the_days_named_only() -> None:
    friday = at("2026-11-20 08:00")
    assert next_run(friday, "UTC", 7, 0, {0, 2}) == at("2026-11-23 07:00")


def test_it_never_runs_when_no_day_is_named() -> None:
    assert next_run(at("2026-11-20 08:00"), "UTC", 7, 0, ()) is None


def test_it_names_a_zone_that_does_not_exist() -> None:
    with pytest.raises(UnknownTimezone, match="'Europe/Bärlin' is not a known time zone"):
        next_run(at("2026-11-20 08:00"), "Europe/Bärlin", 7, 0, EVERY_DAY)


@given(after=MOMENTS, timezone=ZONES, hour=HOURS, minute=MINUTES, days=DAYS)
def test_it_is_later_and_never_before_the_local_time(
    after: datetime, timezone: str, hour: int, minute: int, days: frozenset[int]
) -> None:
    run = next_run(after, timezone, hour, minute, days)

    assert run is not None
    assert run > after
    local = run.astimezone(ZoneInfo(timezone))
    if local.weekday() in days and (local.hour, local.minute) == (hour, minute):
        return
    # Otherwise the clock jumped over the time, and this is the first moment behind the gap.
    before = (run - timedelta(seconds=1)).astimezone(ZoneInfo(timezone))
    assert before.utcoffset() != local.utcoffset()
    assert before.replace(tzinfo=None) < local.replace(tzinfo=None) - timedelta(seconds=1)


@given(start=MOMENTS, timezone=ZONES, hour=HOURS, minute=MINUTES, days=DAYS)
def test_it_misses_no_date_and_repeats_none(
    start: datetime, timezone: str, hour: int, minute: int, days: frozenset[int]
) -> None:
    end = start + timedelta(days=40)
    runs = []
    run = next_run(start, timezone, hour, minute, days)
    while run is not None and run <= end:
        runs.append(run)
        run = next_run(run, timezone, hour, minute, days)

    table = Timetable(timezone, hour, minute, days)
    dates = missed_dates(table, days, start + timedelta(microseconds=1), end)
    assert runs == [moment_of(day, hour, minute, timezone) for day in dates]
    assert len(set(dates)) == len(dates)
    local_days = (end - start).days * len(days) / 7
    assert abs(len(dates) - local_days) <= len(days) + 1


@given(after=MOMENTS, timezone=ZONES, hour=HOURS)
def test_a_readers_hour_is_the_first_one_shown(after: datetime, timezone: str, hour: int) -> None:
    due = due_at_local_hour(after, timezone, hour)

    assert after <= due <= after + timedelta(days=3)
    assert due_at_local_hour(due, timezone, hour) == due
    step = timedelta(minutes=15)  # every offset since 2008 is a multiple of it
    probe = after + (datetime.min.replace(tzinfo=UTC) - after) % step
    first_times = set()
    while probe < due:
        local = probe.astimezone(ZoneInfo(timezone))
        if (local.hour, local.minute) == (hour, 0) and not local.fold:
            first_times.add(probe)
        probe += step
    assert first_times == set()


def test_a_readers_hour_that_is_now_is_now() -> None:
    run = at("2026-11-20 12:00")
    assert due_at_local_hour(run, "America/New_York", 7) == run


TABLE = Timetable("Europe/Berlin", 7, 0, frozenset({0, 1, 2, 3, 4}), weekly_day=6)


def test_nothing_is_owed_before_the_run() -> None:
    assert owed(TABLE, at("2026-11-20 06:00"), at("2026-11-20 05:59")) == ()


def test_a_run_owes_the_issue_of_its_local_date() -> None:
    (issue,) = owed(TABLE, at("2026-11-20 06:00"), at("2026-11-20 06:00:30"))

    assert (issue.kind, issue.local_date) == (IssueKind.DAILY, date(2026, 11, 20))
    assert issue.due_at == at("2026-11-20 06:00")
    assert issue.missed == ()


def test_the_digest_may_have_a_day_of_its_own() -> None:
    assert TABLE.next_run(at("2026-11-21 12:00")) == at("2026-11-22 06:00")
    (issue,) = owed(TABLE, at("2026-11-22 06:00"), at("2026-11-22 06:01"))
    assert (issue.kind, issue.local_date) == (IssueKind.WEEKLY, date(2026, 11, 22))


def test_after_an_outage_one_issue_of_each_kind_catches_up() -> None:
    daily, weekly = owed(TABLE, at("2026-11-12 06:00"), at("2026-11-24 09:00"))

    assert daily.local_date == date(2026, 11, 24)
    assert [day.day for day in daily.missed] == [12, 13, 16, 17, 18, 19, 20, 23]
    assert weekly.local_date == date(2026, 11, 22)
    assert [day.day for day in weekly.missed] == [15]


def test_a_run_survives_a_change_of_the_zones_rules() -> None:
    stored_under_old_rules = at("2026-11-20 07:00")
    (issue,) = owed(TABLE, stored_under_old_rules, at("2026-11-20 07:00"))
    assert issue.local_date == date(2026, 11, 20)


@given(
    start=MOMENTS,
    timezone=ZONES,
    hour=HOURS,
    minute=MINUTES,
    waits=st.lists(st.integers(1, 200), min_size=1, max_size=25),
)
def test_whatever_the_outages_each_date_is_owed_once(
    start: datetime, timezone: str, hour: int, minute: int, waits: list[int]
) -> None:
    table = Timetable(timezone, hour, minute, EVERY_DAY)
    due = table.next_run(start)
    assert due is not None
    first, now = due, start
    seen: list[date] = []
    for wait in waits:
        now += timedelta(hours=wait)
        for issue in owed(table, due, now):
            assert issue.due_at <= now
            seen += [*issue.missed, issue.local_date]
        following = table.next_run(now)
        assert following is not None
        due = following

    assert seen == missed_dates(table, EVERY_DAY, first, now)
