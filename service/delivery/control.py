"""An operator's hand on deliveries: say what a stop leaves unsent, and try again what failed.

The moves of the issue itself (hold, resume, stop, reopen) are those of ``issues.approve``.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CursorResult, exists, update
from sqlalchemy.orm import Session

from service.delivery.audience import count_audience
from service.delivery.finish import drop_queued
from service.models import BatchState, Delivery, DeliveryBatch, DeliveryState, Issue, IssueState

AFTERWARDS = frozenset({IssueState.SENDING, IssueState.SENT, IssueState.HELD})
"""Issues, once planned, of which something can be sent again or to others."""

FAILED = (DeliveryState.REJECTED, DeliveryState.GIVEN_UP)
"""What can be tried again: surely not sent, and perhaps sent."""


class NothingToRetry(ValueError):
    """The issue is in no state in which anything is sent; the text says so."""


def leave_unsent(session: Session, issue_id: int, now: datetime) -> int:
    """Say of what a stopped issue still had to send that it was not sent; how many messages.

    Exact once the stop is committed: a chunk that a worker marked before is waited for, and none
    is marked after; a plan of the later readers is waited for as well, and none is written after.
    What such a chunk gives back later is left unsent by the tick.
    """
    issue = session.get_one(Issue, issue_id)
    half_planned = issue.state is IssueState.STOPPED and issue.audience_count is not None
    never_planned = (
        count_audience(session, issue, now) if half_planned and issue.planned_at is None else 0
    )
    return drop_queued(session, Issue.id == issue_id, now) + never_planned


def check_afterwards(issue: Issue) -> None:
    """Raise :class:`NothingToRetry` for an issue of which nothing is sent again or to others.

    It was not sent yet, was stopped, or is of a newsletter that has ended.
    """
    if issue.audience_count is None or issue.state not in AFTERWARDS:
        raise NothingToRetry(f"The issue is {issue.state.value}: nothing of it is sent again.")
    if issue.newsletter.archived_at is not None:
        raise NothingToRetry(
            f"{issue.newsletter.name} is archived, so nothing of it is sent: restore it in its "
            "settings first."
        )


def retry(session: Session, issue: Issue, failed: DeliveryState, now: datetime) -> int:
    """Queue again what is in the state *failed*, one of :data:`FAILED`; how many.

    Of ``given_up`` ones some readers may get a second copy, so only an editor asks for that. Raises
    :class:`NothingToRetry`.
    """
    assert failed in FAILED
    session.flush()
    session.refresh(issue, with_for_update={"of": Issue})
    check_afterwards(issue)
    again = session.execute(
        update(Delivery)
        .where(Delivery.issue_id == issue.id, Delivery.state == failed)
        .values(
            state=DeliveryState.QUEUED,
            reason="Tried again at an editor's wish.",
            resends=Delivery.resends + (1 if failed is DeliveryState.GIVEN_UP else 0),
            changed_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    assert isinstance(again, CursorResult)
    if again.rowcount:
        _reopen(session, issue, now)
    return again.rowcount


def _reopen(session: Session, issue: Issue, now: datetime) -> None:
    queued = exists().where(
        Delivery.batch_id == DeliveryBatch.id, Delivery.state == DeliveryState.QUEUED
    )
    session.execute(
        update(DeliveryBatch)
        .where(DeliveryBatch.issue_id == issue.id, DeliveryBatch.state == BatchState.DONE, queued)
        .values(state=BatchState.READY, due_at=now)
        .execution_options(synchronize_session=False)
    )
    issue.released_at = now
    if issue.state is IssueState.SENT:
        issue.state, issue.finished_at = IssueState.SENDING, None
    session.flush()
