"""Move the deliveries that events speak of, and leave alone whom they say to leave alone.

An event finds its row by our own tag, never by SES's message id: it may come before we wrote that
down. The row is there already, since it was committed before SES was called.

Events are applied many in a transaction. When that fails they are applied one by one, so that a
bad one keeps no other out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from service.config import settings
from service.db import read_scope, session_scope
from service.events.batch import Batch
from service.events.settle import settle, still_waiting
from service.events.store import Waiting, waiting_events

log = structlog.get_logger(__name__)

AT_ONCE = 500
MOST_IN_A_SWEEP = 20_000
"""Some seconds of a tick, at which other things are due too."""
EARLY = timedelta(minutes=5)
"""How long an event that names its message by SES's id alone waits for us to write that id down.

Our record follows the call within the call's timeout, or else within the lease's end.
"""


def apply_waiting(now: datetime, limit: int = MOST_IN_A_SWEEP) -> int:
    """Apply stored events, the oldest first; how many. One that fails waits for the next sweep."""
    applied = seen = last = 0
    while seen < limit:
        with read_scope() as session:
            waiting = waiting_events(session, min(AT_ONCE, limit - seen), after=last)
        if not waiting:
            break
        applied += apply_events(waiting, now)
        seen, last = seen + len(waiting), waiting[-1].id
    return applied


def apply_events(events: Sequence[Waiting], now: datetime) -> int:
    """Apply these stored events; how many. Twice, late, or out of order comes to the same."""
    if not events:
        return 0
    try:
        applied, left = _apply(events, now, wait=False)
    except SQLAlchemyError as error:
        log.warning("events.one_by_one", events=len(events), error=str(error))
        applied, left = 0, list(events)
    for event in left:
        try:
            applied += _apply([event], now, wait=True)[0]
        except SQLAlchemyError as error:
            log.warning("event.not_applied", event_id=event.id, error=str(error))
    return applied


def _apply(events: Sequence[Waiting], now: datetime, *, wait: bool) -> tuple[int, list[Waiting]]:
    """In one transaction: how many were applied, and which speak of a row that another holds."""
    with session_scope() as session:
        ours = still_waiting(session, events, wait=wait)
        if not ours:
            return 0, []
        batch = Batch.of(session, ours, site=settings().site, wait=wait)
        batch.move(now, early=EARLY)
        settle(session, batch, now)
        return len(batch.outcomes), batch.busy
