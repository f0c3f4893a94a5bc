"""Soft bounces: one says little, a week of nothing else says that nobody is there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from service.audience.suppression import lift
from service.db import session_scope
from service.delivery.plan import plan_issue
from service.events.soft_bounces import Past, dead_since
from service.models import (
    Delivery,
    DeliveryState,
    Newsletter,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)
from tests.conftest import NOW
from tests.delivery.rows import a_newsletter, add_readers, an_approved_issue
from tests.events.samples import event, transient
from tests.events.test_apply import hear

SOFT, GOOD, SENT = DeliveryState.SOFT_BOUNCED, DeliveryState.DELIVERED, DeliveryState.ACCEPTED
SKIPPED, REFUSED = DeliveryState.SKIPPED, DeliveryState.REJECTED
FULL, AWAY, LARGE = "Transient/MailboxFull", "Transient/General", "Transient/MessageTooLarge: 552"


def past(days_ago: float, state: DeliveryState = SOFT, reason: str | None = FULL) -> Past:
    return Past(state, reason, NOW - timedelta(days=days_ago))


def week(*days_ago: float, reason: str = FULL) -> list[Past]:
    return [past(days, reason=reason) for days in days_ago]


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        (week(0, 2, 4, 6, 7), (5, 7)),
        (week(0, 1, 2, 3, 4, 5, 6, 7), (8, 7)),
        (week(0, 7, 14, 21, 28), (5, 28)),
        (week(0, 2, 4, 6, 7, reason=AWAY), (5, 7)),
        (week(0, 2, 4, 6, 7, reason="Undetermined/Undetermined"), (5, 7)),
        ([*week(0, 2, 4, 6, 7), past(8, GOOD)], (5, 7)),
        ([*week(0, 2, 4), past(5, SKIPPED), past(5, REFUSED), *week(6, 7)], (5, 7)),
        ([*week(0, 2, 4), past(5, reason=LARGE), *week(6, 7)], (5, 7)),
        ([], None),
        (week(0), None),
        (week(0, reason=AWAY), None),
        (week(0, 7, 14, 21), None),  # four
        (week(0, 1, 2, 3, 4, 5, 6.9), None),  # not yet a week
        (week(0, 0, 0, 0, 0, 0), None),  # many issues on a bad day
        ([*week(0, 2), past(3, GOOD), *week(4, 6, 7, 8)], None),
        ([*week(0, 2), past(3, SENT), *week(4, 6, 7, 8)], None),  # it may have arrived
        ([past(0, GOOD), *week(2, 4, 6, 7, 9)], None),
        ([*week(0, 2, 4, 6), past(7, reason=LARGE)], None),
        (week(0, 2, 4, 6, 7, reason=LARGE), None),
    ],
)
def test_it_gives_up_a_mailbox_that_took_nothing_for_a_week(
    history: list[Past], expected: tuple[int, int] | None
) -> None:
    found = dead_since(history)
    assert found == (expected and (expected[0], NOW - timedelta(days=expected[1])))


@pytest.fixture
def newsletter(database: Engine, now: datetime) -> Newsletter:
    with Session(database, expire_on_commit=False) as session, session.begin():
        made = a_newsletter(session, now)
        add_readers(session, made, 2, now)
        return made


def issue_of(newsletter: Newsletter, at: datetime) -> list[int]:
    """The deliveries of another issue, which SES has taken."""
    with session_scope() as session:
        issue = an_approved_issue(session, session.get_one(Newsletter, newsletter.id), at)
    with session_scope() as session:
        plan_issue(session, issue.id, at, batch_size=500)
    with session_scope() as session:
        session.execute(
            update(Delivery)
            .where(Delivery.issue_id == issue.id)
            .values(state=DeliveryState.ACCEPTED, attempt=1, changed_at=at)
        )
        return list(
            session.scalars(
                select(Delivery.id)
                .where(Delivery.issue_id == issue.id)
                .order_by(Delivery.subscriber_id)
            )
        )


def bounce(delivery_id: int, sub_type: str = "MailboxFull") -> str:
    told = {**transient(sub_type), "feedbackId": f"f{delivery_id}"}
    return event("Bounce", {"delivery": delivery_id}, message_id=f"m{delivery_id}", **told)


def delivered(delivery_id: int) -> str:
    return event("Delivery", {"delivery": delivery_id}, message_id=f"m{delivery_id}")


def suppressed(database: Engine) -> list[tuple[SuppressionReason, str]]:
    with Session(database) as session:
        found = session.scalars(select(Suppression)).all()
        return [(row.reason, row.detail) for row in found]


def days_of(
    newsletter: Newsletter, start: datetime, days: list[int], tell: Callable[[int], str] = bounce
) -> datetime:
    """An issue on each day: the first reader's comes to what *tell* says, the other's arrives."""
    at = start
    for day in days:
        at = start + timedelta(days=day)
        first, second = issue_of(newsletter, at)
        hear(at + timedelta(hours=1), tell(first), delivered(second))
    return at


def test_it_suppresses_after_a_week_of_soft_bounces_and_says_why(
    database: Engine, newsletter: Newsletter, now: datetime
) -> None:
    days_of(newsletter, now, [0, 1, 2, 3, 4, 5, 6])
    assert suppressed(database) == []
    days_of(newsletter, now, [7])
    assert suppressed(database) == [
        (
            SuppressionReason.BOUNCE,
            "8 issues in a row came back since 2026-11-20. The last: Transient/MailboxFull: "
            "smtp; 550 5.1.1 user unknown",
        )
    ]
    assert len(issue_of(newsletter, now + timedelta(days=8))) == 1, "only the other reader"
    with Session(database) as session:
        states = set(session.scalars(select(Subscription.state)))
        assert states == {SubscriptionState.ACTIVE}, "the reader did not leave"


def test_it_begins_anew_after_something_arrived(
    database: Engine, newsletter: Newsletter, now: datetime
) -> None:
    days_of(newsletter, now, [0, 1, 2, 3])
    days_of(newsletter, now, [4], delivered)
    days_of(newsletter, now, [5, 6, 7, 8, 9])
    assert suppressed(database) == []
    days_of(newsletter, now, [12])
    assert len(suppressed(database)) == 1


def test_it_takes_no_holiday_for_a_dead_mailbox(
    database: Engine, newsletter: Newsletter, now: datetime
) -> None:
    """The mail arrives, and the answer that its reader is away comes as a bounce, before or after
    SES's word of the delivery."""
    for day in range(10):
        at = now + timedelta(days=day)
        first, _ = issue_of(newsletter, at)
        told = [bounce(first, "General"), delivered(first)]
        hear(at, *(told if day % 2 else told[::-1]))
    assert suppressed(database) == []


def test_it_begins_anew_once_the_reader_has_another_address(
    database: Engine, newsletter: Newsletter, now: datetime
) -> None:
    at = days_of(newsletter, now, [0, 1, 2, 3, 4, 5, 6])
    with session_scope() as session:
        session.execute(update(Subscriber).values(address_since=at + timedelta(hours=2)))
    days_of(newsletter, now, [7, 8])
    assert suppressed(database) == []
    days_of(newsletter, now, [10, 11, 15])
    assert len(suppressed(database)) == 1


def test_it_begins_anew_once_an_operator_let_the_address_go(
    database: Engine, newsletter: Newsletter, now: datetime
) -> None:
    last = days_of(newsletter, now, [0, 2, 4, 6, 8])
    assert len(suppressed(database)) == 1
    with session_scope() as session:
        row = session.scalars(select(Suppression)).one()
        lift(session, row.email_hash, "The host was moved", last + timedelta(hours=2))
    days_of(newsletter, now, [9, 10])
    assert suppressed(database) == []


def test_it_finds_the_dead_when_the_events_of_weeks_come_at_once(
    database: Engine, newsletter: Newsletter, now: datetime
) -> None:
    told = []
    for day in [0, 3, 6, 9, 12]:
        first, second = issue_of(newsletter, now + timedelta(days=day))
        told += [bounce(first), delivered(second)]
    hear(now + timedelta(days=13), *told[::-1])
    assert len(suppressed(database)) == 1


def test_it_is_not_put_off_by_mail_that_is_on_its_way(
    database: Engine, newsletter: Newsletter, now: datetime
) -> None:
    days_of(newsletter, now, [0, 2, 4, 6])
    last, _ = issue_of(newsletter, now + timedelta(days=8))
    issue_of(newsletter, now + timedelta(days=8))
    hear(now + timedelta(days=8), bounce(last))
    assert len(suppressed(database)) == 1
