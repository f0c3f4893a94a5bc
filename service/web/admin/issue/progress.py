"""What has become of an issue's deliveries, as a person reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from service.config import settings
from service.delivery.canary import Outcomes, outcomes_of
from service.delivery.states import SENT, UNRESOLVED
from service.models import BatchState, DeliveryBatch, DeliveryState, Issue, IssueState
from service.web.admin.issue.counted import Counts, counted

LABELS: dict[DeliveryState, str] = {
    DeliveryState.QUEUED: "Waiting",
    DeliveryState.SENDING: "Being sent",
    DeliveryState.UNKNOWN: "Uncertain",
    DeliveryState.ACCEPTED: "Accepted by SES",
    DeliveryState.DELIVERED: "Delivered",
    DeliveryState.SOFT_BOUNCED: "Bounced for now",
    DeliveryState.BOUNCED: "Bounced",
    DeliveryState.COMPLAINED: "Reported as spam",
    DeliveryState.REJECTED: "Refused by SES",
    DeliveryState.SKIPPED: "Not sent",
    DeliveryState.GIVEN_UP: "Never told",
}

EXPLAINED: dict[DeliveryState, str] = {
    DeliveryState.UNKNOWN: "Asked SES, got no answer; its events settle it",
    DeliveryState.ACCEPTED: "No word yet from the reader's mailbox",
    DeliveryState.SOFT_BOUNCED: "The mailbox was full or away",
    DeliveryState.SKIPPED: "Left or suppressed after planning, too late, or stopped",
    DeliveryState.GIVEN_UP: "SES never said whether they went out; not sent again by itself",
}

UNDER_WAY = frozenset({IssueState.APPROVED, IssueState.SENDING})
SLACK = timedelta(seconds=1)


@dataclass(frozen=True)
class Waves:
    """Batches that wait for a worker, and those whose readers' own hour is still to come."""

    due: int
    later: int
    next_at: datetime | None
    """When the first of the later ones are due; None when there are none."""
    last_at: datetime | None

    @property
    def share_due(self) -> float:
        return self.due / (self.due + self.later) if self.due + self.later else 1.0


@dataclass(frozen=True)
class Progress:
    """Counts by state; together they are the planned audience."""

    counts: Counts
    is_live: bool
    """Whether the numbers may still change by our own doing."""
    rate: float | None = None
    """Messages a second over the last minute; None when nothing can be said."""
    waves: Waves | None = None
    """None when it is not being sent."""
    canary: Outcomes | None = None
    """What became of the first few, while the others wait for that."""

    @property
    def planned(self) -> int:
        return sum(self.counts.values())

    @property
    def unresolved(self) -> int:
        return sum(self.counts[state] for state in UNRESOLVED)

    @property
    def out(self) -> int:
        """Messages that SES took."""
        return sum(self.counts[state] for state in SENT)

    @property
    def queued(self) -> int:
        return self.counts[DeliveryState.QUEUED]

    @property
    def refused(self) -> int:
        return self.counts[DeliveryState.REJECTED]

    @property
    def given_up(self) -> int:
        return self.counts[DeliveryState.GIVEN_UP]

    @property
    def lines(self) -> list[tuple[DeliveryState, str, int, str]]:
        """State, label, count, explanation of every state that some delivery is in."""
        return [
            (state, label, self.counts[state], EXPLAINED.get(state, ""))
            for state, label in LABELS.items()
            if self.counts[state]
        ]

    @property
    def left(self) -> timedelta | None:
        """How long those take who are due now, at this rate; None when nobody can tell."""
        if not self.rate or self.waves is None or self.canary is not None:
            return None
        return timedelta(seconds=self.queued * self.waves.share_due / self.rate)


def progress_of(session: Session, issue: Issue, now: datetime) -> Progress:
    found = counted().of(session, issue.id)
    settling = issue.state is IssueState.SENT and found[DeliveryState.ACCEPTED] > 0
    is_live = issue.state in UNDER_WAY or settling
    if issue.state is not IssueState.SENDING:
        return Progress(found, is_live)
    return Progress(
        found,
        is_live,
        rate=counted().rate(issue.id),
        waves=_waves(session, issue.id, now),
        canary=None if issue.canary_until is None else outcomes_of(session, issue.id),
    )


def _waves(session: Session, issue_id: int, now: datetime) -> Waves:
    later = DeliveryBatch.due_at > now
    at = case((later, DeliveryBatch.due_at))
    due, after, first, last = session.execute(
        select(
            func.count().filter(~later),
            func.count().filter(later),
            func.min(at, type_=DeliveryBatch.due_at.type),
            func.max(at, type_=DeliveryBatch.due_at.type),
        ).where(
            DeliveryBatch.issue_id == issue_id,
            DeliveryBatch.state.in_([BatchState.READY, BatchState.CLAIMED]),
        )
    ).one()
    return Waves(due, after, first, last)


def undo_until(issue: Issue) -> datetime | None:
    """Until when an issue that an editor sent "now" can be taken back; None for any other."""
    if issue.state is not IssueState.APPROVED or not issue.approved_at or not issue.scheduled_at:
        return None
    window = issue.scheduled_at - issue.approved_at
    most = timedelta(seconds=settings().undo_seconds) + SLACK
    return issue.scheduled_at if timedelta(0) < window <= most else None
