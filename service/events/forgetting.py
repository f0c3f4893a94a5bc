"""What is told of readers who deleted their data: settled like any other, and then forgotten.

An erasure leaves alone what waits to be settled, and a bounce may come days after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Select, Table, exists, func, select, update
from sqlalchemy.orm import Session

from service.audience.erasure import FORGOTTEN, SOMEBODY
from service.db import BigId, GivenRows, dialect_of
from service.events.batch import Batch, Told
from service.events.rows import DELIVERIES
from service.events.store import EVENTS
from service.models import Subscription

SUBSCRIPTIONS = cast("Table", Subscription.__table__)


def forget_the_gone(session: Session, batch: Batch) -> None:
    """Take the address out of the events of *batch* whose reader is here no more."""
    gone = _gone(session, batch.told)
    rowless = batch.of_rows_that_are_gone()
    if not gone and not rowless:
        return
    connection = session.connection()
    forgotten = [*(one.stored.id for one in gone), *rowless]
    connection.execute(update(EVENTS).where(EVENTS.c.id.in_(forgotten)).values(raw=FORGOTTEN))
    for one in gone:
        # Mail servers repeat the address: ``550 <ann@example.org> unknown``.
        if one.row.reason and one.event.sent_to and one.row.subscriber_id is not None:
            reason = func.replace(DELIVERIES.c.reason, one.event.sent_to, SOMEBODY)
            of_it = update(DELIVERIES).where(DELIVERIES.c.id == one.row.id)
            connection.execute(of_it.values(reason=reason))


def _gone(session: Session, told: Sequence[Told]) -> list[Told]:
    """Those of *told* that are of a subscription which is not there any more."""
    of_readers = [one for one in told if one.row.subscription_id is not None]
    if not of_readers:
        return []
    statement, given = _missing(dialect_of(session))
    values = given.values([(one.row.subscription_id,) for one in of_readers])
    missing = set(session.connection().execute(statement, values).scalars())
    return [one for one in of_readers if one.row.subscription_id in missing]


@lru_cache
def _missing(dialect: str) -> tuple[Select[Any], GivenRows]:
    given = GivenRows(dialect, {"id": BigId})
    there = exists().where(SUBSCRIPTIONS.c.id == given.c["id"])
    return select(given.c["id"]).where(~there), given
