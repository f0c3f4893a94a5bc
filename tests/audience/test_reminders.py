"""The one reminder of a confirmation that is missing."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from service.audience.reminders import remind_unconfirmed
from service.audience.sign_up import sign_up
from service.audience.subscribe import confirm, unsubscribe
from service.models import DeliveryState, Newsletter, Notice, NoticeKind, Subscription

ANN = "ann@example.org"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def asked(session: Session, newsletter: Newsletter, now: datetime) -> Subscription:
    """Ann asked for it, and the confirmation reached her mailbox."""
    sign_up(session, newsletter, ANN, now=now)
    session.execute(update(Notice).values(state=DeliveryState.DELIVERED))
    return session.scalars(select(Subscription)).one()


def reminded(session: Session) -> list[str]:
    query = select(Notice.address).where(Notice.kind == NoticeKind.REMIND)
    return list(session.scalars(query))


@pytest.mark.parametrize(
    ("hours", "reminders"), [(1, 0), (23, 0), (24, 1), (48, 1), (71, 1), (72, 0), (1000, 0)]
)
def test_it_reminds_after_a_day(
    session: Session, newsletter: Newsletter, now: datetime, hours: int, reminders: int
) -> None:
    asked(session, newsletter, now)
    assert remind_unconfirmed(session, now + hours * HOUR) == reminders
    assert reminded(session) == [ANN] * reminders


def test_it_reminds_once_ever(session: Session, newsletter: Newsletter, now: datetime) -> None:
    asked(session, newsletter, now)
    remind_unconfirmed(session, now + DAY)
    asked(session, newsletter, now + 30 * DAY)
    for hours in range(20, 80, 5):
        remind_unconfirmed(session, now + 30 * DAY + hours * HOUR)
    assert reminded(session) == [ANN]


def test_it_waits_for_a_day_after_the_last_confirmation(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    asked(session, newsletter, now)
    asked(session, newsletter, now + 20 * HOUR)
    assert remind_unconfirmed(session, now + 30 * HOUR) == 0
    assert remind_unconfirmed(session, now + 44 * HOUR) == 1


def test_it_reminds_nobody_who_confirmed_or_left(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    row = asked(session, newsletter, now)
    confirm(session, row.id, now, now)
    assert remind_unconfirmed(session, now + DAY) == 0
    unsubscribe(session, row.id, now, how="page")
    assert remind_unconfirmed(session, now + DAY) == 0


def test_it_reminds_nobody_of_a_newsletter_that_has_ended(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    asked(session, newsletter, now)
    newsletter.archived_at = now + HOUR
    session.flush()
    assert remind_unconfirmed(session, now + DAY) == 0


@pytest.mark.parametrize("state", [DeliveryState.BOUNCED, DeliveryState.SKIPPED])
def test_it_reminds_nobody_whom_the_first_message_did_not_reach(
    session: Session, newsletter: Newsletter, now: datetime, state: DeliveryState
) -> None:
    asked(session, newsletter, now)
    session.execute(update(Notice).values(state=state))
    assert remind_unconfirmed(session, now + DAY) == 0
