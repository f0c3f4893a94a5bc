"""Planning: one row for each reader who is to get it, once, in the wave of their hour."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, delete, select, update
from sqlalchemy.orm import Session

from service.audience.suppression import suppress
from service.delivery.audience import count_audience
from service.delivery.finish import finish_issues
from service.delivery.plan import (
    MissingVariants,
    Planned,
    plan_issue,
    plan_rest,
    unplanned_issues,
)
from service.models import (
    BatchState,
    Cadence,
    Delivery,
    DeliveryBatch,
    DeliveryState,
    Issue,
    IssueKind,
    IssueState,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
    Timing,
    Variant,
    Wave,
)
from tests.delivery.rows import a_newsletter, add_readers, an_approved_issue


def planned(engine: Engine, issue: Issue, now: datetime, batch_size: int = 500) -> Planned:
    with Session(engine) as session, session.begin():
        return plan_issue(session, issue.id, now, batch_size=batch_size)


def test_it_plans_every_active_reader_once(
    database: Engine, session: Session, now: datetime
) -> None:
    newsletter = a_newsletter(session, now)
    add_readers(session, newsletter, 7, now)
    issue = an_approved_issue(session, newsletter, now)
    assert count_audience(session, issue, now) == 7
    session.commit()

    assert planned(database, issue, now, batch_size=3) == Planned(deliveries=7, batches=3)

    with Session(database) as check:
        assert check.get_one(Issue, issue.id).state is IssueState.SENDING
        assert check.get_one(Issue, issue.id).audience_count == 7
        readers = list(check.scalars(select(Delivery.subscriber_id)))
        assert len(readers) == len(set(readers)) == 7
        sizes = Counter(check.scalars(select(Delivery.batch_id)))
        assert sorted(sizes.values()) == [1, 3, 3]


def test_it_changes_nothing_when_planned_again(
    database: Engine, session: Session, now: datetime
) -> None:
    newsletter = a_newsletter(session, now)
    add_readers(session, newsletter, 4, now)
    issue = an_approved_issue(session, newsletter, now)
    session.commit()
    planned(database, issue, now)

    assert planned(database, issue, now) == Planned(0, 0)
    with Session(database) as check:
        assert len(check.scalars(select(Delivery.id)).all()) == 4


def test_it_leaves_out_whoever_is_not_to_get_it(
    database: Engine, session: Session, now: datetime
) -> None:
    newsletter = a_newsletter(session, now)
    add_readers(session, newsletter, 5, now)
    subscriptions = list(session.scalars(select(Subscription).order_by(Subscription.id)))
    subscriptions[0].state = SubscriptionState.UNSUBSCRIBED
    subscriptions[1].state = SubscriptionState.PENDING
    subscriptions[2].paused_until = now + timedelta(days=7)
    third = session.get_one(Subscriber, subscriptions[3].subscriber_id)
    suppress(session, third.email_hash, SuppressionReason.BOUNCE, "no such mailbox", now)
    issue = an_approved_issue(session, newsletter, now)
    session.commit()

    assert planned(database, issue, now).deliveries == 1
    with Session(database) as check:
        assert check.scalars(select(Delivery.subscription_id)).all() == [subscriptions[4].id]


@pytest.mark.parametrize(
    ("kind", "day", "expected"),
    [
        (IssueKind.DAILY, "2026-11-20", {Cadence.DAILY, Cadence.WEEKDAYS}),  # a Friday
        (IssueKind.DAILY, "2026-11-21", {Cadence.DAILY}),  # a Saturday
        (IssueKind.WEEKLY, "2026-11-21", {Cadence.WEEKLY}),
        (IssueKind.MANUAL, None, {Cadence.DAILY, Cadence.WEEKDAYS, Cadence.WEEKLY}),
    ],
)
def test_it_keeps_each_readers_rhythm(
    database: Engine,
    session: Session,
    now: datetime,
    kind: IssueKind,
    day: str | None,
    expected: set[Cadence],
) -> None:
    newsletter = a_newsletter(session, now)
    for cadence in Cadence:
        add_readers(session, newsletter, 1, now, name=cadence.value, cadence=cadence)
    issue = an_approved_issue(session, newsletter, now)
    issue.kind = kind
    issue.local_date = datetime.fromisoformat(day).date() if day else None
    session.commit()
    planned(database, issue, now)

    with Session(database) as check:
        got = check.scalars(
            select(Subscription.cadence).join(Delivery, Delivery.subscription_id == Subscription.id)
        )
        assert set(got) == expected


def test_it_sends_each_reader_at_their_own_hour(
    database: Engine, session: Session, now: datetime
) -> None:
    newsletter = a_newsletter(session, now)
    add_readers(session, newsletter, 1, now, name="ours")
    add_readers(session, newsletter, 2, now, name="ny", timezone="America/New_York", send_hour=7)
    add_readers(session, newsletter, 1, now, name="tokyo", timezone="Asia/Tokyo", send_hour=7)
    issue = an_approved_issue(session, newsletter, now, Timing.READER_HOUR)
    session.commit()
    planned(database, issue, now)

    with Session(database) as check:
        waves = check.execute(
            select(Wave.timezone, Wave.send_hour, Wave.due_at, DeliveryBatch.due_at).join(
                DeliveryBatch, DeliveryBatch.wave_id == Wave.id
            )
        ).all()
    assert {(zone, hour, due) for zone, hour, due, _ in waves} == {
        ("", -1, now),
        ("America/New_York", 7, datetime(2026, 11, 20, 12, 0, tzinfo=UTC)),
        ("Asia/Tokyo", 7, datetime(2026, 11, 20, 22, 0, tzinfo=UTC)),
    }
    assert all(wave_due == batch_due for _, _, wave_due, batch_due in waves)


def test_it_ignores_their_hour_for_an_issue_that_goes_now(
    database: Engine, session: Session, now: datetime
) -> None:
    newsletter = a_newsletter(session, now)
    add_readers(session, newsletter, 2, now, timezone="Asia/Tokyo", send_hour=7)
    issue = an_approved_issue(session, newsletter, now, Timing.NOW)
    session.commit()
    planned(database, issue, now)
    with Session(database) as check:
        assert set(check.scalars(select(DeliveryBatch.due_at))) == {now}


def test_it_writes_nothing_while_a_choice_is_not_rendered(
    database: Engine, session: Session, now: datetime
) -> None:
    newsletter = a_newsletter(session, now)
    add_readers(session, newsletter, 3, now)
    issue = an_approved_issue(session, newsletter, now)
    session.execute(delete(Variant))
    session.commit()

    with pytest.raises(MissingVariants):
        planned(database, issue, now)
    with Session(database) as check:
        assert check.get_one(Issue, issue.id).state is IssueState.APPROVED
        assert check.scalars(select(Delivery.id)).all() == []


def test_it_plans_nothing_for_an_issue_that_is_not_approved(
    database: Engine, session: Session, now: datetime
) -> None:
    newsletter = a_newsletter(session, now)
    add_readers(session, newsletter, 1, now)
    issue = an_approved_issue(session, newsletter, now)
    session.execute(update(Issue).values(state=IssueState.HELD))
    session.commit()
    assert planned(database, issue, now) == Planned(0, 0)


def test_it_plans_a_few_first_and_then_the_others(
    database: Engine, session: Session, now: datetime
) -> None:
    owner = a_newsletter(session, now)
    add_readers(session, owner, 7, now)
    issue = an_approved_issue(session, owner, now)
    session.commit()

    with Session(database) as other, other.begin():
        first = plan_issue(other, issue.id, now, batch_size=2, first=3)
        assert unplanned_issues(other) == [issue.id]
    assert first.deliveries == 3
    with Session(database) as other, other.begin():
        for row in other.scalars(select(Delivery)):
            row.state = DeliveryState.ACCEPTED
        for batch in other.scalars(select(DeliveryBatch)):
            batch.state = BatchState.DONE
        assert finish_issues(other, now) == [], "called sent before all its readers are planned"
    with Session(database) as other, other.begin():
        add_readers(other, other.merge(owner), 1, now, name="late")  # who joins meanwhile
    for expected in (5, 0):
        with Session(database) as other, other.begin():
            assert plan_rest(other, issue.id, now, batch_size=2).deliveries == expected
    with Session(database) as other:
        rows = list(other.scalars(select(Delivery.subscriber_id)))
        assert len(rows) == len(set(rows)) == 8
        numbers = list(other.scalars(select(DeliveryBatch.number).order_by(DeliveryBatch.number)))
        assert numbers == [1, 2, 3, 4, 5]
        found = other.get_one(Issue, issue.id)
        assert found.audience_count == 8
        assert unplanned_issues(other) == []


def test_it_is_done_at_once_when_the_readers_are_few(
    database: Engine, session: Session, now: datetime
) -> None:
    owner = a_newsletter(session, now)
    add_readers(session, owner, 2, now)
    issue = an_approved_issue(session, owner, now)
    session.commit()
    with Session(database) as other, other.begin():
        assert plan_issue(other, issue.id, now, batch_size=2, first=3).deliveries == 2
        assert unplanned_issues(other) == []


def test_it_gives_those_planned_later_their_own_hour_too(
    database: Engine, session: Session, now: datetime
) -> None:
    owner = a_newsletter(session, now)
    add_readers(session, owner, 4, now)
    issue = an_approved_issue(session, owner, now, timing=Timing.READER_HOUR)
    session.commit()
    with Session(database) as other, other.begin():
        plan_issue(other, issue.id, now, batch_size=500, first=2)
    with Session(database) as other, other.begin():  # an hour that nobody had before
        last = other.scalars(select(Subscription).order_by(Subscription.id.desc())).first()
        assert last is not None
        last.timezone, last.send_hour = "Asia/Tokyo", 5
    with Session(database) as other, other.begin():
        assert plan_rest(other, issue.id, now, batch_size=500).deliveries == 2
    with Session(database) as other:
        zones = other.scalars(
            select(Wave.timezone)
            .join(DeliveryBatch, DeliveryBatch.wave_id == Wave.id)
            .join(Delivery, Delivery.batch_id == DeliveryBatch.id)
            .order_by(Delivery.id)
        ).all()
        assert sorted(zones) == ["", "", "", "Asia/Tokyo"]
