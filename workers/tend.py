"""The minute's tick: find all that is due in the database, whatever rings were lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

import structlog
from sqlalchemy.orm import Session

from service.audience.imports.jobs import discard_forgotten, due_imports
from service.audience.reminders import remind_unconfirmed
from service.config import settings
from service.db import session_scope
from service.delivery.canary import judge_canaries
from service.delivery.claim import due_issues_with_batches, release_expired
from service.delivery.finish import drop_stopped, finish_issues
from service.delivery.lag import patience
from service.delivery.late import skip_late
from service.delivery.notices import due_notices, tend_notices
from service.delivery.plan import unplanned_issues
from service.delivery.reconcile import reconcile_unknown
from service.doorbell import Bell, publish
from service.events.apply import apply_waiting
from service.issues.ai.asked import due_drafts
from service.issues.due import due_issues, due_newsletters
from service.issues.waiting import tend_waiting
from service.provisioning.doctor.kept import due_examinations
from service.sources.due import due_sources
from service.staff.tokens import forget_old_keys
from service.webhooks.deliver import due_webhooks, forget_old_calls
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
    """Move on what nobody holds any more: leases, unknown rows, stored events, finished issues.

    Each part in a transaction of its own: a row that one cannot stand must not bring back at every
    tick what all the others have done.
    """
    parts: dict[str, Callable[[Session], object]] = {
        "leases": lambda session: release_expired(session, now),
        "unknown": lambda session: _reconcile(session, now),
        "notices": lambda session: tend_notices(
            session, now, patience(session, settings(), now).grace
        ),
        "stopped": lambda session: drop_stopped(session, now),
        "late": lambda session: skip_late(session, now),
        "canaries": lambda session: judge_canaries(session, now),
        "finished": lambda session: finish_issues(session, now),
        "waiting": lambda session: tend_waiting(session, now),
        "reminders": lambda session: remind_unconfirmed(session, now),
        "webhooks": lambda session: forget_old_calls(session, now),
        "uploads": lambda session: discard_forgotten(session, now),
        "keys": lambda session: forget_old_keys(session, now),
    }
    swept = {"events": _part("events", lambda: apply_waiting(now))}
    for name, part in parts.items():
        swept[name] = _part(name, partial(_in_a_transaction, part))
    if any(swept.values()):
        log.info("tend.swept", **{name: done for name, done in swept.items() if done})


def _part(name: str, work: Callable[[], object]) -> object:
    """What *work* did; None when it failed, which is told and tried again at the next tick."""
    try:
        return work()
    except Exception:  # whatever it is: it is logged, and the other parts are done
        log.exception("tend.part_failed", part=name)
        return None


def _in_a_transaction(part: Callable[[Session], object]) -> object:
    with session_scope() as session:
        return part(session)


def _reconcile(session: Session, now: datetime) -> dict[str, int]:
    again, never = reconcile_unknown(session, now, *patience(session, settings(), now))
    done = {"sent_again": again, "given_up": never}
    return {what: count for what, count in done.items() if count}


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
    for import_id in due_imports(session, now):
        yield Bell.IMPORT, import_id
    for webhook_id in due_webhooks(session, now):
        yield Bell.WEBHOOK, webhook_id
    for issue_id in due_drafts(session, now):
        yield Bell.DRAFT, issue_id
    for examination_id in due_examinations(session, now):
        yield Bell.EXAMINE, examination_id
    for source_id in due_sources(session, now):
        yield Bell.COLLECT, source_id
