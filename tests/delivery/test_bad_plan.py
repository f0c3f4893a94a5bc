"""Plans that one odd reader, or an editor who is quicker, must not break."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from service.delivery.plan import Planned, plan_issue
from service.issues.approve import approve, reopen
from service.models import DeliveryBatch, Issue, IssueState, Subscription, Timing
from tests.delivery.rows import a_newsletter, add_readers, an_approved_issue


def planned(database: Engine, issue: Issue, now: datetime) -> Planned:
    with Session(database) as session, session.begin():
        return plan_issue(session, issue.id, now, batch_size=500)


def test_it_plans_nothing_that_was_put_off_while_it_was_rendered(
    database: Engine, now: datetime
) -> None:
    with Session(database, expire_on_commit=False) as session, session.begin():
        owner = a_newsletter(session, now)
        add_readers(session, owner, 1, now)
        issue = an_approved_issue(session, owner, now)
        reopen(session, issue)
        approve(session, issue, now, scheduled_at=now + timedelta(days=1))
    assert planned(database, issue, now) == Planned(0, 0)
    with Session(database) as session:
        assert session.get_one(Issue, issue.id).state is IssueState.APPROVED


def test_it_sends_at_the_newsletters_hour_to_a_zone_that_nobody_knows_any_more(
    database: Engine, now: datetime
) -> None:
    """Zones are renamed and dropped: one reader's must not keep the issue from all others."""
    with Session(database, expire_on_commit=False) as session, session.begin():
        owner = a_newsletter(session, now)
        add_readers(session, owner, 2, now, send_hour=9, timezone="Europe/Berlin")
        issue = an_approved_issue(session, owner, now, Timing.READER_HOUR)
        first = select(Subscription.id).order_by(Subscription.id).limit(1)
        session.execute(
            update(Subscription)
            .where(Subscription.id == session.scalars(first).one())
            .values(timezone="Mars/Olympus")
        )
    assert planned(database, issue, now) == Planned(2, 2)
    with Session(database) as session:
        due = session.scalars(select(DeliveryBatch.due_at).order_by(DeliveryBatch.due_at)).all()
    assert due == [now, now + timedelta(hours=1)]
