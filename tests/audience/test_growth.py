"""Readers over time, counted back from today."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.audience.growth import Day, curve, growth
from service.audience.joining import Reader, add_confirmed
from service.models import Newsletter, Subscription, SubscriptionState

TODAY = date(2026, 11, 20)
NUMBERS = st.lists(st.integers(0, 50), min_size=10, max_size=10)


def test_it_counts_back_from_today() -> None:
    yesterday = TODAY - timedelta(days=1)
    assert curve(TODAY, 10, {TODAY: 3, yesterday: 1}, {TODAY: 1}, 3) == [
        Day(TODAY - timedelta(days=2), 7, 0, 0),
        Day(yesterday, 8, 1, 0),
        Day(TODAY, 10, 3, 1),
    ]


@given(joined=NUMBERS, left=NUMBERS)
def test_it_moves_each_day_by_who_joined_and_who_left(joined: list[int], left: list[int]) -> None:
    days = [TODAY - timedelta(days=back) for back in range(10)]
    came, went = (dict(zip(days, numbers, strict=True)) for numbers in (joined, left))
    found = curve(TODAY, 1_000, came, went, 10)
    assert found[-1].readers == 1_000
    for before, after in pairwise(found):
        assert after.readers == before.readers + after.joined - after.left


def test_it_reads_who_confirmed_and_who_left(session: Session) -> None:
    now = datetime(2026, 11, 20, 9, tzinfo=UTC)
    newsletter = Newsletter(
        slug="report",
        name="The Report",
        from_name="R",
        from_address="r@news.example.org",
        postal_address="1 Quay Street",
        created_at=now,
    )
    session.add(newsletter)
    session.flush()
    for name, back in (("ann", 40), ("bob", 2), ("cid", 2), ("dee", 0)):
        reader = Reader(parse_address(f"{name}@example.org"))
        add_confirmed(session, newsletter, reader, now - timedelta(days=back))
    session.flush()
    gone = session.query(Subscription).order_by(Subscription.id).all()[2]
    gone.state, gone.unsubscribed_at = SubscriptionState.UNSUBSCRIBED, now - timedelta(days=1)
    session.flush()

    found = growth(session, newsletter.id, now, days=4)
    assert [(day.readers, day.joined, day.left) for day in found] == [
        (1, 0, 0),
        (3, 2, 0),
        (2, 0, 1),
        (3, 1, 0),
    ]
    assert found[-1].on == TODAY
