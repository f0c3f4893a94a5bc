"""What became of an issue's messages."""

from __future__ import annotations

from pydantic import Field
from sqlalchemy.orm import Session

from service.delivery.states import SENT, UNRESOLVED
from service.models import DeliveryState, IssueState
from service.staff.tokens import Scope
from service.web.admin.counted import counted
from service.web.api.blueprint import STATS, api
from service.web.api.issues import ONE, IssuePath, issue_found
from service.web.api.replies import Reply
from service.web.api.shapes import Moment, Shape


class IssueStats(Shape):
    """Counts of an issue's messages. The states add up to the planned audience."""

    issue_id: int
    state: IssueState
    planned: int
    accepted: int = Field(description="Handed on, whatever became of them then.")
    delivered: int
    bounced: int
    complained: int
    unresolved: int = Field(description="Waiting, being sent, or of unknown outcome.")
    by_state: dict[DeliveryState, int]
    started_at: Moment | None
    finished_at: Moment | None


@api.at(
    f"GET {ONE}/stats",
    tag=STATS,
    needs=Scope.STATS_READ,
    answers={200: IssueStats},
)
def get_issue_stats(session: Session, path: IssuePath) -> Reply:
    """Get what became of an issue's messages"""
    issue = issue_found(session, path.issue_id)
    counts = counted().of(session, issue.id)
    return Reply(
        IssueStats(
            issue_id=issue.id,
            state=issue.state,
            planned=sum(counts.values()),
            accepted=sum(counts[state] for state in SENT),
            delivered=counts[DeliveryState.DELIVERED],
            bounced=counts[DeliveryState.BOUNCED],
            complained=counts[DeliveryState.COMPLAINED],
            unresolved=sum(counts[state] for state in UNRESOLVED),
            by_state=dict(counts),
            started_at=issue.started_at,
            finished_at=issue.finished_at,
        )
    )
