"""How many confirmed readers a newsletter had, day by day.

Counted back from today by who confirmed and who left. Readers who deleted their data have no row
any more, so that the past is that of the readers who are still known; a reader who left and came
back counts from their return.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, cast, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from service.db import dialect_of
from service.models import Subscription, SubscriptionState

DAYS = 90


@dataclass(frozen=True)
class Day:
    on: date
    """By UTC."""
    readers: int
    """Confirmed at the end of the day."""
    joined: int
    left: int


def curve(
    last: date, readers: int, joined: Mapping[date, int], left: Mapping[date, int], days: int
) -> list[Day]:
    """Pure: the *days* up to *last*, oldest first, when there are *readers* at the end of it."""
    found = []
    for back in range(days):
        on = last - timedelta(days=back)
        found.append(Day(on, max(0, readers), joined.get(on, 0), left.get(on, 0)))
        readers += left.get(on, 0) - joined.get(on, 0)
    return found[::-1]


def growth(session: Session, newsletter_id: int, now: datetime, days: int = DAYS) -> list[Day]:
    """The last *days* of a newsletter, today's being the last."""
    today = now.date()
    since = datetime.combine(today - timedelta(days=days - 1), datetime.min.time(), now.tzinfo)
    active = select(func.count()).where(
        Subscription.newsletter_id == newsletter_id,
        Subscription.state == SubscriptionState.ACTIVE,
    )
    joined = _by_day(
        session, newsletter_id, SubscriptionState.ACTIVE, Subscription.confirmed_at, since
    )
    gone = _by_day(
        session, newsletter_id, SubscriptionState.UNSUBSCRIBED, Subscription.confirmed_at, since
    )
    left = _by_day(
        session, newsletter_id, SubscriptionState.UNSUBSCRIBED, Subscription.unsubscribed_at, since
    )
    every = {day: joined.get(day, 0) + gone.get(day, 0) for day in joined.keys() | gone.keys()}
    return curve(today, session.execute(active).scalar_one(), every, left, days)


def _by_day(
    session: Session,
    newsletter_id: int,
    state: SubscriptionState,
    moment: InstrumentedAttribute[datetime | None],
    since: datetime,
) -> dict[date, int]:
    sqlite = dialect_of(session) == "sqlite"
    day: ColumnElement[Any] = (
        func.date(moment) if sqlite else cast(func.timezone("UTC", moment), Date)
    )
    rows = session.execute(
        select(day, func.count())
        .where(
            Subscription.newsletter_id == newsletter_id,
            Subscription.state == state,
            moment >= since,
            Subscription.confirmed_at.is_not(None),
        )
        .group_by(day)
    )
    return {_date(on): number for on, number in rows}


def _date(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value
