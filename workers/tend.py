"""The minute's tick: find all that is due in the database, whatever rings were lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import structlog
from sqlalchemy.orm import Session

from service.config import settings
from service.db import session_scope
from service.delivery.canary import judge_canaries
from service.delivery.claim import due_issues_with_batches, release_expired
from service.delivery.finish import drop_stopped, finish_issues
from service.delivery.lag import grace_now
from service.delivery.late import skip_late
from service.delivery.notices import due_notices, tend_notices
from service.delivery.plan import unplanned_issues
from service.delivery.reconcile import reconcile_unknown
from service.doorbell import Bell, publish
from service.events.apply import apply_waiting
from service.issues.ai.asked import due_drafts
from service.issues.due import due_issues, due_newsletters
from service.issues.waiting import tend_waiting
from service.sources.collect import due_sources
from workers.app import app

log = structlog.get_logger(__name__)


@app.task(name=Bell.TICK.value)
def tick() -> None:
    """Sweep up what crashes left, then ring for everything that is due."""
    now = datetime.now(UTC)
    try:
        sweep(now)
    finally:  # what could not be moved, or not yet, keeps nothing else from being sent
        ring_for_what_is_due(now)


def ring_for_what_is_due(now: datetime) -> None:
    with session_scope() as session:
        rings = list(due_rings(session, now))
    for bell, identity in rings:
        if not publish(bell, identity):
            break  # Redis is away: the next tick finds the same


def sweep(now: datetime) -> None:
    """Move on what nobody holds any more: leases, unknown rows, stored events, finished issues."""
    apply_waiting(now)
    with session_scope() as session:
        grace = grace_now(session, settings(), now)
        released = release_expired(session, now)
        again, never = reconcile_unknown(session, now, grace)
        notices = tend_notices(session, now, grace)
        stopped = drop_stopped(session, now)
        late = skip_late(session, now)
        canaries = judge_canaries(session, now)
        finished = finish_issues(session, now)
        waiting = tend_waiting(session, now)
    swept = {
        "leases": released,
        "sent_again": again,
        "given_up": never,
        "notices": notices,
        "stopped": stopped,
        "late": late,
        "canaries": canaries,
        "finished": finished,
        "waiting": waiting,
    }
    if any(swept.values()):
        log.info("tend.swept", **swept)


def due_rings(session: Session, now: datetime) -> Iterator[tuple[Bell, int]]:
    """What to ring for, the most urgent first. A pure function of the rows and the time."""
    for notice_id in due_notices(session, now):
        yield Bell.NOTICE, notice_id
    for issue_id in due_issues_with_batches(session, now):
        yield Bell.BATCH, issue_id
    for issue_id in (*due_issues(session, now), *unplanned_issues(session)):
        yield Bell.DISPATCH, issue_id
    for newsletter_id, _ in due_newsletters(session, now):
        yield Bell.BUILD, newsletter_id
    for issue_id in due_drafts(session, now):
        yield Bell.DRAFT, issue_id
    for source_id in due_sources(session, now):
        yield Bell.COLLECT, source_id
