"""Waves when clocks change: each zone gets its issue at its own hour, whatever that is in UTC."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.delivery.claim import claim_batch
from service.delivery.plan import plan_issue
from service.models import Delivery, DeliveryBatch, Issue, Subscription, Timing
from tests.delivery.conftest import LEASE
from tests.delivery.rows import a_newsletter, add_readers, an_approved_issue


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


CHANGES = [
    # (when it goes, zone, hour, due); Europe goes forward on 29 March 2026 at 01:00 UTC
    ("2026-03-28 06:00", "Europe/Berlin", 7, "2026-03-28 06:00"),
    ("2026-03-29 00:30", "Europe/Berlin", 7, "2026-03-29 05:00"),
    ("2026-03-28 23:00", "Europe/Berlin", 2, "2026-03-29 01:00"),  # 02:00 is left out: 03:00
    ("2026-03-29 00:30", "Europe/London", 1, "2026-03-29 01:00"),  # 01:00 is left out: 02:00
    ("2026-03-29 00:30", "Asia/Kolkata", 7, "2026-03-29 01:30"),  # has no summer time
    # … and back on 25 October 2026 at 01:00 UTC
    ("2026-10-24 20:00", "Europe/Berlin", 7, "2026-10-25 06:00"),
    ("2026-10-24 23:00", "Europe/Berlin", 2, "2026-10-25 00:00"),  # comes twice: the first
    ("2026-10-25 00:30", "Europe/Berlin", 2, "2026-10-26 01:00"),  # never both
    # New York goes forward on 8 March at 07:00 UTC, back on 1 November at 06:00 UTC
    ("2026-03-08 05:00", "America/New_York", 2, "2026-03-08 07:00"),
    ("2026-03-08 05:00", "America/New_York", 7, "2026-03-08 11:00"),
    ("2026-11-01 04:00", "America/New_York", 1, "2026-11-01 05:00"),
    ("2026-11-01 04:00", "America/New_York", 7, "2026-11-01 12:00"),
    # Lord Howe moves by half an hour: forward on 4 October at 15:30 UTC the day before
    ("2026-10-03 12:00", "Australia/Lord_Howe", 2, "2026-10-03 15:30"),  # 02:00 is left out: 02:30
    ("2026-10-03 12:00", "Australia/Lord_Howe", 7, "2026-10-03 20:00"),
    # the south goes back in April
    ("2026-04-04 12:00", "Australia/Sydney", 2, "2026-04-04 15:00"),
    ("2026-04-04 12:00", "Australia/Sydney", 7, "2026-04-04 21:00"),
]


@pytest.mark.parametrize(("goes", "zone", "hour", "due"), CHANGES)
def test_it_is_due_at_the_readers_own_hour_across_a_change(
    database: Engine, goes: str, zone: str, hour: int, due: str
) -> None:
    planned(database, at(goes), [(zone, hour)])
    with Session(database) as session:
        assert session.scalars(select(DeliveryBatch.due_at)).all() == [at(due)]


def test_it_writes_to_each_zone_when_its_hour_comes_and_not_before(database: Engine) -> None:
    """The morning after the clocks went back in Europe, and not yet in America."""
    readers = [("Asia/Tokyo", 7), ("Europe/Berlin", 7), ("Europe/London", 7), ("America/Denver", 7)]
    goes = at("2026-10-24 21:00")
    planned(database, goes, readers)
    assert [claimed(database, goes + timedelta(minutes=half * 30)) for half in range(37)] == [
        {2: ["Asia/Tokyo"], 18: ["Europe/Berlin"], 20: ["Europe/London"], 32: ["America/Denver"]}
        .get(half, [])
        for half in range(37)
    ]  # fmt: skip


def planned(database: Engine, goes: datetime, readers: list[tuple[str, int]]) -> Issue:
    """An issue at everyone's hour from *goes* on, and a reader for each zone and hour."""
    with Session(database, expire_on_commit=False) as session, session.begin():
        owner = a_newsletter(session, goes)
        for zone, hour in readers:
            name = f"{zone.lower().replace('/', '-').replace('_', '-')}-{hour}-"
            add_readers(session, owner, 1, goes, name=name, timezone=zone, send_hour=hour)
        issue = an_approved_issue(session, owner, goes, Timing.READER_HOUR)
    with Session(database) as session, session.begin():
        plan_issue(session, issue.id, goes, batch_size=500)
    return issue


def claimed(database: Engine, now: datetime) -> list[str]:
    """The zones whose readers can be written to now and were not before."""
    zones: list[str] = []
    with Session(database) as session, session.begin():
        while claim := claim_batch(session, now, LEASE):
            zones += session.scalars(
                select(Subscription.timezone)
                .join(Delivery, Delivery.subscription_id == Subscription.id)
                .where(Delivery.batch_id == claim.batch_id)
            )
    return zones
