"""When an issue is sent, when it is held, and the counts that add up to its audience."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CursorResult, exists, func, or_, select, update
from sqlalchemy.orm import Session

from service.delivery.states import UNRESOLVED
from service.models import BatchState, Delivery, DeliveryBatch, DeliveryState, Issue, IssueState


def counts(session: Session, issue_id: int) -> dict[DeliveryState, int]:
    """Deliveries of the issue by state, every state named. They add up to ``audience_count``."""
    tally = select(Delivery.state, func.count()).where(Delivery.issue_id == issue_id)
    found = dict(session.execute(tally.group_by(Delivery.state)).all())
    return {state: found.get(state, 0) for state in DeliveryState}


def finish_issues(session: Session, now: datetime) -> list[int]:
    """Move to ``sent`` every issue in which no row is unresolved; their ids."""
    unresolved = exists().where(Delivery.issue_id == Issue.id, Delivery.state.in_(list(UNRESOLVED)))
    open_batch = exists().where(
        DeliveryBatch.issue_id == Issue.id, DeliveryBatch.state != BatchState.DONE
    )
    return list(
        session.execute(
            update(Issue)
            .where(Issue.state == IssueState.SENDING, ~unresolved, ~open_batch)
            .values(state=IssueState.SENT, finished_at=now)
            .returning(Issue.id)
            .execution_options(synchronize_session=False)
        ).scalars()
    )


def halt_issue(session: Session, issue_id: int, reason: str) -> None:
    """Hold an issue that is being sent; its queued rows stay as they are until it is resumed."""
    session.execute(
        update(Issue)
        .where(Issue.id == issue_id, Issue.state == IssueState.SENDING)
        .values(state=IssueState.HELD, reason=reason)
    )


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
    session.execute(
        update(Issue)
        .where(Issue.id == issue_id, Issue.state == IssueState.APPROVED)
        .values(state=IssueState.HELD, reason=reason)
    )


def drop_stopped(session: Session, now: datetime) -> int:
    """Say of the queued rows of stopped issues that they were not sent, and why; how many."""
    stopped = exists().where(Issue.id == Delivery.issue_id, Issue.state == IssueState.STOPPED)
    dropped = session.execute(
        update(Delivery)
        .where(Delivery.state == DeliveryState.QUEUED, stopped)
        .values(
            state=DeliveryState.SKIPPED,
            reason="The issue was stopped before this message went out.",
            changed_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    assert isinstance(dropped, CursorResult)
    return dropped.rowcount
