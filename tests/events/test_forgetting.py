"""What is told of readers who deleted their data is settled, and names nobody afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.audience.erasure import erase
from service.audience.notify import notify
from service.db import Base, session_scope
from service.models import Delivery, DeliveryState, Issue, NoticeKind, Subscriber, Subscription
from tests.events.samples import READER, event
from tests.events.test_apply import hear, suppressions

Planned = Callable[..., Issue]
BOUNCED = [{"emailAddress": READER, "diagnosticCode": f"550 <{READER}> unknown"}]


@pytest.fixture
def numbers(database: Engine, planned_issue: Planned, now: datetime) -> dict[str, int]:
    """Of a delivery and of a notice to a reader who has deleted their data meanwhile."""
    planned_issue(count=1)
    with session_scope() as session:
        row = session.scalars(select(Delivery)).one()
        row.state, row.attempt = DeliveryState.ACCEPTED, 1
        subscription = session.scalars(select(Subscription)).one()
        notice = notify(session, subscription, NoticeKind.WELCOME, now)
        found = {"delivery": row.id, "notice": notice.id}
    with session_scope() as session:
        erase(session, session.scalars(select(Subscriber)).one(), now)
    return found


def test_it_settles_and_then_forgets_who_it_was(
    database: Engine, numbers: dict[str, int], now: datetime
) -> None:
    hear(now, event("Bounce", {"delivery": numbers["delivery"]}, bouncedRecipients=BOUNCED))
    hear(now, event("Delivery", {"notice": numbers["notice"]}, message_id="m2"))
    assert len(suppressions(database)) == 1
    with Session(database) as session:
        row = session.scalars(select(Delivery)).one()
        assert row.state is DeliveryState.BOUNCED
        assert "550 <(reader)>" in (row.reason or "")
        stored = [session.execute(select(table)).all() for table in Base.metadata.sorted_tables]
    assert READER not in repr(stored)
