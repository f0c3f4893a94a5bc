"""Events about a try that is no longer the last one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.db import session_scope
from service.delivery.record import Sent, settle
from service.delivery.transports import Outcome, Verdict
from service.models import Delivery, DeliveryState, Issue
from tests.events.samples import event
from tests.events.test_apply import hear

S = DeliveryState


@pytest.mark.parametrize(
    ("kind", "tried", "expected"),
    [
        ("Rendering Failure", 1, S.ACCEPTED),
        ("Reject", 1, S.ACCEPTED),
        ("Rendering Failure", 2, S.REJECTED),
        ("Send", 1, S.ACCEPTED),
        ("Delivery", 1, S.DELIVERED),
        ("Bounce", 1, S.BOUNCED),
    ],
)
def test_it_holds_a_refusal_of_the_first_try_against_that_try_only(
    database: Engine,
    planned_issue: Callable[..., Issue],
    now: datetime,
    kind: str,
    tried: int,
    expected: DeliveryState,
) -> None:
    """The second try is in flight; what proves a message holds for the row, whichever it was."""
    planned_issue(count=1)
    with session_scope() as session:
        row = session.scalars(select(Delivery)).one()
        row.state, row.attempt, row.resends = S.SENDING, 2, 1
    hear(now, event(kind, {"delivery": row.id, "attempt": tried}))
    with session_scope() as session:
        settle(session, [Sent(row.id, 2)], [Outcome(Verdict.ACCEPTED, "m2")], now)
    with Session(database) as session:
        assert session.get_one(Delivery, row.id).state is expected


def test_it_leaves_a_row_as_it_is_that_an_event_of_an_earlier_try_names(
    database: Engine, planned_issue: Callable[..., Issue], now: datetime
) -> None:
    """The grace period of the second try runs on, and its message keeps its own id."""
    planned_issue(count=2)
    with session_scope() as session:
        first, second = session.scalars(select(Delivery).order_by(Delivery.id)).all()
        first.state, first.attempt, first.resends = S.UNKNOWN, 2, 1
        second.state, second.attempt, second.message_id = S.ACCEPTED, 2, "m2"
    later = now + timedelta(minutes=10)
    hear(later, event("Reject", {"delivery": first.id, "attempt": 1}, message_id="m1"))
    hear(later, event("Delivery", {"delivery": second.id, "attempt": 1}, message_id="m0"))
    with Session(database) as session:
        unknown = session.get_one(Delivery, first.id)
        assert (unknown.state, unknown.changed_at) == (S.UNKNOWN, now)
        assert session.get_one(Delivery, second.id).message_id == "m2"
