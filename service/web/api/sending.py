"""Sending an issue: to exactly as many readers as the program expects, or not at all."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import Field
from sqlalchemy.orm import Session

from service.doorbell import Bell, ring
from service.issues.approve import approve
from service.issues.errors import BadInput
from service.issues.states import IllegalMove
from service.models import Issue, IssueState, Timing
from service.rendering.preflight.finding import reasons
from service.staff.tokens import Scope
from service.web.admin.issue.reach import reach_of
from service.web.admin.issue.readiness import findings_of
from service.web.api.blueprint import ISSUES, api
from service.web.api.issues import (
    ONE,
    IssuePath,
    IssueShown,
    issue_found,
    issue_shown,
    note,
)
from service.web.api.replies import Reply, require_unchanged
from service.web.api.shapes import Moment, Shape, running
from service.web.asking import now
from service.web.problems import (
    AUDIENCE_CHANGED,
    CHANGED_MEANWHILE,
    NOT_POSSIBLE,
    Problem,
    bad_field,
)

FURTHEST = timedelta(days=366)


class LeftOut(Shape):
    """Confirmed readers who would not get the issue."""

    reason: str
    readers: int


class Audience(Shape):
    """Whom an issue would reach if it went now."""

    readers: int = Field(description="What `expected_audience` must be.")
    left_out: list[LeftOut]


class Send(Shape):
    """Send it now."""

    expected_audience: int = Field(
        ge=0, description="`readers` of the audience; if it changed, nothing is sent."
    )
    timing: Timing = Field(
        default=Timing.NOW, description="`now`: everyone at once; `reader_hour`: each at theirs."
    )


class Schedule(Send):
    """Send it later."""

    at: Moment = Field(description="When it begins to go; at most a year ahead.")


@api.at(
    f"GET {ONE}/audience",
    tag=ISSUES,
    needs=Scope.ISSUES_READ,
    answers={200: Audience},
)
def get_audience(session: Session, path: IssuePath) -> Reply:
    """Count whom an issue would reach now"""
    reach = reach_of(session, issue_found(session, path.issue_id), now())
    left_out = [LeftOut(reason=reason, readers=number) for reason, number in reach.left_out]
    return Reply(Audience(readers=reach.readers, left_out=left_out))


@api.at(
    f"POST {ONE}/send",
    tag=ISSUES,
    needs=Scope.ISSUES_SEND,
    answers={202: IssueShown},
    fails=[NOT_POSSIBLE, AUDIENCE_CHANGED, CHANGED_MEANWHILE],
)
def send_issue(session: Session, path: IssuePath, body: Send) -> Reply:
    """Send a draft now

    There is no undo window: ask for the audience first, and give its count. With the issue's ETag
    in `If-Match`, nothing is sent when somebody changed its words meanwhile. Send an
    `Idempotency-Key`, so that a request that you repeat sends nothing twice.
    """
    return _release(session, issue_found(session, path.issue_id), body, now())


@api.at(
    f"POST {ONE}/schedule",
    tag=ISSUES,
    needs=Scope.ISSUES_SEND,
    answers={202: IssueShown},
    fails=[NOT_POSSIBLE, AUDIENCE_CHANGED, CHANGED_MEANWHILE],
)
def schedule_issue(session: Session, path: IssuePath, body: Schedule) -> Reply:
    """Schedule a draft

    It is frozen now and goes out at that moment, to whoever reads the newsletter by then.
    """
    at = now()
    if body.at <= at:
        raise bad_field("at", "That moment has passed. Choose a later one, or send it now.")
    if body.at > at + FURTHEST:
        raise bad_field("at", "That is more than a year ahead. Choose an earlier moment.")
    return _release(session, issue_found(session, path.issue_id), body, body.at)


def _release(session: Session, issue: Issue, asked: Send, goes_at: datetime) -> Reply:
    """Approve a draft for exactly the audience that was expected, as the last dialog does."""
    session.refresh(issue, with_for_update={"of": Issue})
    require_unchanged(issue_shown(issue))
    if issue.state is not IssueState.DRAFT:
        raise Problem(NOT_POSSIBLE, f"This issue is {issue.state.value}: only a draft can be sent.")
    running(issue.newsletter)
    at = now()
    if why_not := reasons(findings_of(session, issue, at)):
        raise Problem(NOT_POSSIBLE, why_not)
    readers = reach_of(session, issue, at).readers
    if readers != asked.expected_audience:
        raise Problem(
            AUDIENCE_CHANGED,
            f"It would reach {readers} readers now, not {asked.expected_audience}. "
            "Nothing was sent.",
        )
    if not readers:
        raise Problem(NOT_POSSIBLE, "It would reach nobody. Nothing was sent.")
    try:
        approve(session, issue, at, scheduled_at=goes_at, timing=asked.timing)
    except (BadInput, IllegalMove) as error:
        raise Problem(NOT_POSSIBLE, str(error)) from error
    note(session, issue, "issue.approve", readers=readers)
    if goes_at <= at:
        ring(session, Bell.DISPATCH, issue.id)
    return Reply(issue_shown(issue), 202)
