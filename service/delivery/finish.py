"""When an issue is sent, when it is held, and the counts that add up to its audience."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, CursorResult, exists, func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from service.delivery.states import UNRESOLVED
from service.models import BatchState, Delivery, DeliveryBatch, DeliveryState, Issue, IssueState
from service.webhooks.announce import Happening, announce_all, of_issue

LATE_ANSWERS = timedelta(days=7)
"""How long after a stop a worker that was frozen may still give rows back."""


def counts(session: Session, issue_id: int) -> dict[DeliveryState, int]:
    """Deliveries of the issue by state, every state named. They add up to ``audience_count``."""
    tally = select(Delivery.state, func.count()).where(Delivery.issue_id == issue_id)
    found = dict(session.execute(tally.group_by(Delivery.state)).all())
    return {state: found.get(state, 0) for state in DeliveryState}


def finish_issues(session: Session, now: datetime) -> list[int]:
    """Move to ``sent`` every issue in which no row is unresolved; their ids."""
    open_batch = exists().where(
        DeliveryBatch.issue_id == Issue.id, DeliveryBatch.state != BatchState.DONE
    )
    # Locked, and looked at anew: whoever queues rows of it again holds the issue while they do.
    candidates = session.scalars(
        select(Issue.id)
        .where(Issue.state == IssueState.SENDING, Issue.planned_at.is_not(None), ~open_batch)
        .with_for_update(of=Issue, key_share=True, skip_locked=True)
    ).all()
    if not candidates:
        return []
    # By batch, which is a few thousand looks into an index; by issue it would be all of its rows.
    unresolved = exists().where(
        DeliveryBatch.issue_id == Issue.id,
        Delivery.batch_id == DeliveryBatch.id,
        Delivery.state.in_(list(UNRESOLVED)),
    )
    sent = list(
        session.execute(
            update(Issue)
            .where(
                Issue.id.in_(candidates),
                Issue.state == IssueState.SENDING,
                Issue.planned_at.is_not(None),
                ~unresolved,
                ~open_batch,
            )
            .values(state=IssueState.SENT, finished_at=now)
            .returning(Issue.id)
            .execution_options(synchronize_session=False)
        ).scalars()
    )
    tell_of_issues(session, Happening.ISSUE_SENT, sent, now)
    return sent


def halt_issue(session: Session, issue_id: int, reason: str) -> None:
    """Hold an issue that is being sent; its queued rows stay as they are until it is resumed."""
    _halt(session, issue_id, IssueState.SENDING, reason)


def say_waiting(session: Session, issue_id: int, reason: str | None) -> None:
    """Say with an issue that is being sent what it waits for; None when it goes on."""
    session.execute(
        update(Issue)
        .where(
            Issue.id == issue_id,
            Issue.state == IssueState.SENDING,
            or_(Issue.reason.is_distinct_from(reason), Issue.parked_until.is_not(None)),
        )
        .values(reason=reason, parked_until=None)
    )


def park_issue(session: Session, issue_id: int, until: datetime, reason: str) -> None:
    """Let an issue that is being sent rest until *until*; then it goes on by itself."""
    session.execute(
        update(Issue)
        .where(Issue.id == issue_id, Issue.state == IssueState.SENDING)
        .values(parked_until=until, reason=reason)
    )


def halt_unsent(session: Session, issue_id: int, reason: str) -> None:
    """Hold an approved issue that cannot be planned; nothing of it has gone out."""
    _halt(session, issue_id, IssueState.APPROVED, reason)


def _halt(session: Session, issue_id: int, state: IssueState, reason: str) -> None:
    held = session.execute(
        update(Issue)
        .where(Issue.id == issue_id, Issue.state == state)
        .values(state=IssueState.HELD, reason=reason)
        .returning(Issue.id)
    ).scalars()
    # When it is told of is all that the time is for.
    tell_of_issues(session, Happening.ISSUE_HELD, list(held), datetime.now(UTC))


def tell_of_issues(
    session: Session, event: Happening, issue_ids: Sequence[int], now: datetime
) -> None:
    """Announce what became of issues, as they are now."""
    if issue_ids:
        found = session.scalars(
            select(Issue)
            .where(Issue.id.in_(issue_ids))
            .options(joinedload(Issue.newsletter))
            .execution_options(populate_existing=True)
        )
        announce_all(session, event, [of_issue(issue) for issue in found], now)


def drop_stopped(session: Session, now: datetime) -> int:
    """Say of the queued rows of stopped issues that they were not sent, and why; how many.

    Those of the issues stopped long ago need no look any more.
    """
    return drop_queued(session, Issue.finished_at > now - LATE_ANSWERS, now)


def drop_queued(session: Session, which: ColumnElement[bool], now: datetime) -> int:
    """:func:`drop_stopped`, of the stopped issues for which *which* holds."""
    stopped = select(Issue.id).where(Issue.state == IssueState.STOPPED, which)
    # By batch: a million rows are a few thousand looks into an index.
    batches = select(DeliveryBatch.id).where(DeliveryBatch.issue_id.in_(stopped))
    dropped = session.execute(
        update(Delivery)
        .where(Delivery.batch_id.in_(batches), Delivery.state == DeliveryState.QUEUED)
        .values(
            state=DeliveryState.SKIPPED,
            reason="The issue was stopped before this message went out.",
            changed_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    # Left ready, they would be looked at by whoever claims a batch of another issue.
    session.execute(
        update(DeliveryBatch)
        .where(DeliveryBatch.issue_id.in_(stopped), DeliveryBatch.state == BatchState.READY)
        .values(state=BatchState.DONE)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(dropped, CursorResult)
    return dropped.rowcount
