"""An issue on its way: held, resumed, taken back, stopped, tried again."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from sqlalchemy.orm import Session

from service.db import session_scope
from service.delivery.control import NothingToRetry, leave_unsent, retry
from service.doorbell import Bell, ring
from service.issues.approve import hold, reopen, resume, stop
from service.issues.errors import BadInput, IssueFrozen
from service.issues.states import IllegalMove
from service.models import DeliveryState, Issue, IssueState
from service.staff.tokens import Scope
from service.web.admin.issue.counted import counted
from service.web.api.blueprint import ISSUES, api
from service.web.api.callers import caller
from service.web.api.issues import ONE, IssuePath, IssueShown, issue_found, issue_shown, note
from service.web.api.replies import Reply
from service.web.api.shapes import Shape, Text
from service.web.asking import now
from service.web.problems import NOT_POSSIBLE, Problem


class Why(Shape):
    """Why; it is shown with the issue."""

    reason: Text = Field(default="", max_length=500)


class Stopped(Shape):
    """What the stop left unsent."""

    issue: IssueShown
    not_sent: int = Field(description="Messages that were planned and will not go out.")


class Again(Shape):
    """What to send again."""

    failed: Literal["rejected", "given_up"] = Field(
        description="`rejected`: SES refused them; `given_up`: it never said what became of them."
    )


class Queued(Shape):
    """What goes out once more."""

    queued: int = Field(description="Messages.")


@api.at(
    f"POST {ONE}/pause",
    tag=ISSUES,
    needs=Scope.ISSUES_SEND,
    answers={200: IssueShown},
    fails=[NOT_POSSIBLE],
)
def pause_issue(session: Session, path: IssuePath, body: Why) -> Reply:
    """Pause an issue

    Nothing more of it goes out until it is resumed. Twice is the same as once.
    """
    issue = _locked(session, path.issue_id)
    if issue.state is not IssueState.HELD:
        try:
            hold(session, issue, body.reason or f"Paused by a program: {caller().name}.")
        except IllegalMove as error:
            raise Problem(NOT_POSSIBLE, str(error)) from error
        note(session, issue, "issue.pause")
    return Reply(issue_shown(issue), tagged=True)


@api.at(
    f"POST {ONE}/resume",
    tag=ISSUES,
    needs=Scope.ISSUES_SEND,
    answers={200: IssueShown},
    fails=[NOT_POSSIBLE],
)
def resume_issue(session: Session, path: IssuePath) -> Reply:
    """Resume an issue that is held

    It goes on from where it was. Needs no body.
    """
    issue = _locked(session, path.issue_id)
    try:
        resume(session, issue, now())
    except (BadInput, IllegalMove) as error:
        raise Problem(NOT_POSSIBLE, str(error)) from error
    note(session, issue, "issue.resume")
    ring(session, Bell.DISPATCH, issue.id)
    return Reply(issue_shown(issue), tagged=True)


@api.at(
    f"POST {ONE}/reopen",
    tag=ISSUES,
    needs=Scope.ISSUES_SEND,
    answers={200: IssueShown},
    fails=[NOT_POSSIBLE],
)
def reopen_issue(session: Session, path: IssuePath) -> Reply:
    """Take a scheduled issue back

    It is a draft again, as long as nothing of it has gone out. Needs no body.
    """
    issue = _locked(session, path.issue_id)
    try:
        reopen(session, issue)
    except (BadInput, IssueFrozen, IllegalMove) as error:
        raise Problem(NOT_POSSIBLE, str(error)) from error
    note(session, issue, "issue.reopen")
    return Reply(issue_shown(issue), tagged=True)


@api.at(
    f"POST {ONE}/stop",
    tag=ISSUES,
    needs=Scope.ISSUES_SEND,
    answers={200: Stopped},
    fails=[NOT_POSSIBLE],
)
def stop_issue(session: Session, path: IssuePath, body: Why) -> Reply:
    """Stop an issue for good

    What was handed on stays sent; the rest will not go out. Twice is the same as once.
    """
    with session_scope() as first:
        issue = _locked(first, path.issue_id)
        if issue.state is not IssueState.STOPPED:
            try:
                stop(first, issue, body.reason or f"Stopped by a program: {caller().name}.", now())
            except IllegalMove as error:
                raise Problem(NOT_POSSIBLE, str(error)) from error
            note(first, issue, "issue.stop")
    # Once that is committed, no further chunk is marked: what is counted now is exact.
    not_sent = leave_unsent(session, path.issue_id, now())
    counted().forget(path.issue_id)
    return Reply(Stopped(issue=issue_shown(issue_found(session, path.issue_id)), not_sent=not_sent))


@api.at(
    f"POST {ONE}/retry",
    tag=ISSUES,
    needs=Scope.ISSUES_SEND,
    answers={202: Queued},
    fails=[NOT_POSSIBLE],
)
def retry_issue(session: Session, path: IssuePath, body: Again) -> Reply:
    """Send again what failed

    Of those whose outcome was never told, some readers may get a second copy.
    """
    issue = issue_found(session, path.issue_id)
    try:
        queued = retry(session, issue, DeliveryState(body.failed), now())
    except NothingToRetry as error:
        raise Problem(NOT_POSSIBLE, str(error)) from error
    if queued:
        note(session, issue, "issue.retry", failed=body.failed, queued=queued)
        ring(session, Bell.BATCH, issue.id)
        counted().forget(issue.id)
    return Reply(Queued(queued=queued), 202)


def _locked(session: Session, issue_id: int) -> Issue:
    issue = issue_found(session, issue_id)
    session.refresh(issue, with_for_update={"of": Issue})
    return issue
