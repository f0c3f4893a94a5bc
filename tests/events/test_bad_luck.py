"""Events about a try that is no longer the last one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

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
