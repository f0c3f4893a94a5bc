"""Readers whose own hour is long past before anything was tried for them get nothing.

It happens when the service was away: nobody wants yesterday's news tomorrow. An issue that is slow,
that an editor held, or that waits for the account's quota is late for nobody on that account: as
long as a worker is at it, whoever waits behind is excused.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import CursorResult, exists, or_, select, update
from sqlalchemy.orm import Session

from service.models import (
    BatchState,
    Delivery,
    DeliveryBatch,
    DeliveryState,
    Issue,
    IssueState,
    Newsletter,
    Wave,
)
from service.staff.alerts import alert_owners


def is_late(
    due_at: datetime, released_at: datetime | None, limit: timedelta, now: datetime
) -> bool:
    """Whether a wave that was due at *due_at* is too old at *now*.

    Nothing could go before *released_at*, when the issue was frozen or last resumed.
    """
    return now - max(due_at, released_at or due_at) > limit


def skip_late(session: Session, now: datetime) -> int:
    """Skip the readers of waves that are too late, and tell the owners; how many."""
    _excuse_who_waits(session, now)
    skipped = 0
    for issue_id, waves in _late_waves(session, now).items():
        issue = session.get_one(Issue, issue_id)
        hours = issue.newsletter.lateness_hours
        count = _skip(session, waves, hours, now)
        if count:
            alert_owners(session, issue, "late", _told(issue, count, hours), now)
        skipped += count
    return skipped


def _excuse_who_waits(session: Session, now: datetime) -> None:
    """Who waits for the account's quota, or behind others, is not late, nor will be afterwards."""
    under_way = exists().where(
        DeliveryBatch.issue_id == Issue.id,
        DeliveryBatch.state == BatchState.CLAIMED,
        DeliveryBatch.lease_until >= now,
    )
    session.execute(
        update(Issue)
        .where(Issue.state == IssueState.SENDING, or_(Issue.parked_until.is_not(None), under_way))
        .values(released_at=now)
        .execution_options(synchronize_session=False)
    )


def _late_waves(session: Session, now: datetime) -> dict[int, list[int]]:
    """By issue: the waves that are too late and of which nothing was tried."""
    waiting = exists().where(
        DeliveryBatch.wave_id == Wave.id, DeliveryBatch.state == BatchState.READY
    )
    begun = exists().where(
        DeliveryBatch.wave_id == Wave.id,
        DeliveryBatch.state != BatchState.READY,
        DeliveryBatch.canary.is_(False),
    )
    waves = session.execute(
        select(Wave.id, Wave.issue_id, Wave.due_at, Issue.released_at, Newsletter.lateness_hours)
        .join(Issue, Issue.id == Wave.issue_id)
        .join(Newsletter, Newsletter.id == Issue.newsletter_id)
        .where(
            Issue.state == IssueState.SENDING,
            Issue.parked_until.is_(None),
            Wave.due_at < now,
            waiting,
            ~begun,
        )
    )
    found: dict[int, list[int]] = {}
    for wave in waves.all():
        limit = timedelta(hours=wave.lateness_hours)
        if is_late(wave.due_at, wave.released_at, limit, now) and not _tried(session, wave.id):
            found.setdefault(wave.issue_id, []).append(wave.id)
    return found


def _tried(session: Session, wave_id: int) -> bool:
    """Whether a row of the wave was sent or refused, in a batch that then had to wait again."""
    tried = (
        select(Delivery.id)
        .join(DeliveryBatch, DeliveryBatch.id == Delivery.batch_id)
        .where(
            DeliveryBatch.wave_id == wave_id,
            DeliveryBatch.canary.is_(False),
            Delivery.attempt > 0,
        )
    )
    return session.execute(tried.limit(1)).first() is not None


def _skip(session: Session, waves: list[int], hours: int, now: datetime) -> int:
    of_waves = DeliveryBatch.wave_id.in_(waves) & (DeliveryBatch.state == BatchState.READY)
    dropped = session.execute(
        update(Delivery)
        .where(
            Delivery.batch_id.in_(select(DeliveryBatch.id).where(of_waves)),
            Delivery.state == DeliveryState.QUEUED,
            Delivery.attempt == 0,
        )
        .values(
            state=DeliveryState.SKIPPED,
            reason=f"Too late: it could not begin within {hours} hours of the reader's hour.",
            changed_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    queued = exists().where(
        Delivery.batch_id == DeliveryBatch.id, Delivery.state == DeliveryState.QUEUED
    )
    session.execute(
        update(DeliveryBatch)
        .where(of_waves, ~queued)
        .values(state=BatchState.DONE)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(dropped, CursorResult)
    return dropped.rowcount


def _told(issue: Issue, count: int, hours: int) -> str:
    return (
        f"{issue.newsletter.name} No. {issue.number}: {count:,} readers were not written to, since "
        f"sending could not begin within {hours} hours of their hour. The next issue goes to them "
        "as usual. Look at why nothing was sent: were the workers running?"
    )
