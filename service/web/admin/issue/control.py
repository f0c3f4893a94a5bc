"""An editor's hand on an issue that is on its way, or was sent."""

from __future__ import annotations

from datetime import datetime

from flask import render_template
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.config import settings
from service.db import read_scope, session_scope
from service.delivery.audience import count_latecomers
from service.delivery.control import NothingToRetry, check_afterwards, leave_unsent, retry
from service.delivery.finish import counts
from service.delivery.latecomers import MissingVariants, plan_latecomers
from service.doorbell import Bell, ring
from service.issues.approve import hold, reopen, resume, skip, stop
from service.issues.errors import BadInput, IssueFrozen
from service.issues.states import IllegalMove
from service.models import DeliveryState, Issue, IssueKind, IssueState
from service.rendering.variants import render_missing_variants
from service.web.admin.blueprint import admin
from service.web.admin.issue.counted import counted
from service.web.admin.issue.issues import issue_or_404
from service.web.admin.issue.progress import progress_of
from service.web.admin.issue.sending import back, note
from service.web.admin.team.accounts import account, editors_only
from service.web.admin.team.proving import recently_proved
from service.web.asking import now

TOO_LATE = "It is too late to take it back: it is being sent. Pause it, or stop it."


@admin.post("/issues/<int(max=2147483647):issue_id>/<any(pause, resume, reopen, undo, skip):step>")
@editors_only
def move(issue_id: int, step: str) -> Response:
    with session_scope() as session:
        issue = issue_or_404(session, issue_id)
        try:
            said = _take_step(session, issue, step, now())
        except IllegalMove as error:
            late = step == "undo" and issue.state is IssueState.SENDING
            return back(issue, TOO_LATE if late else str(error))
        except (BadInput, IssueFrozen) as error:
            return back(issue, str(error))
        note(session, issue, f"issue.{step}")
        return back(issue, said, "done")


@admin.post("/issues/<int(max=2147483647):issue_id>/stop")
@editors_only
@recently_proved
def stop_sending(issue_id: int) -> Response:
    """End it for good, and say to the message what was not sent."""
    with session_scope() as session:
        issue = issue_or_404(session, issue_id)
        began = issue.started_at is not None
        try:
            stop(session, issue, f"Stopped by {account().email}.", now())
        except IllegalMove as error:
            return back(issue, str(error))
    with session_scope() as session:  # once that is committed, no further chunk is marked
        unsent = leave_unsent(session, issue_id, now())
        issue = issue_or_404(session, issue_id)
        said = f"Stopped: {unsent:,} not sent." if began else "Stopped before anything was sent."
        issue.reason = f"{issue.reason} {unsent:,} not sent." if began else issue.reason
        note(session, issue, "issue.stop", not_sent=unsent)
    counted().forget(issue_id)
    return back(issue, said, "done")


@admin.get("/issues/<int(max=2147483647):issue_id>/again")
@editors_only
def again(issue_id: int) -> str | Response:
    """What can be tried again, and who joined since."""
    with read_scope() as session:
        issue = issue_or_404(session, issue_id)
        try:
            check_afterwards(issue)
        except NothingToRetry as error:
            return back(issue, str(error))
        return render_template(
            "admin/issue/again.html",
            issue=issue,
            progress=progress_of(session, issue, now()),
            latecomers=count_latecomers(session, issue, now()),
        )


@admin.post("/issues/<int(max=2147483647):issue_id>/retry/<any(rejected, given_up):failed>")
@editors_only
@recently_proved
def retry_failed(issue_id: int, failed: str) -> Response:
    with session_scope() as session:
        issue = issue_or_404(session, issue_id)
        try:
            queued = retry(session, issue, DeliveryState(failed), now())
        except NothingToRetry as error:
            return back(issue, str(error))
        note(session, issue, "issue.retry", failed=failed, queued=queued)
        ring(session, Bell.BATCH, issue.id)
    counted().forget(issue_id)
    return back(issue, f"{queued:,} queued again.", "done")


@admin.post("/issues/<int(max=2147483647):issue_id>/latecomers")
@editors_only
@recently_proved
def send_to_latecomers(issue_id: int) -> Response:
    """Render what they chose, where nobody had chosen so before, and plan the issue for them."""
    with session_scope() as session:
        issue = issue_or_404(session, issue_id)
        try:
            check_afterwards(issue)
        except NothingToRetry as error:
            return back(issue, str(error))
        render_missing_variants(session, issue, now())
    try:
        planned = plan_latecomers(issue_id, now(), batch_size=settings().batch_size)
    except MissingVariants:
        return back(issue, "Somebody chose anew at this moment. Nothing was sent: try once more.")
    with session_scope() as session:
        issue = issue_or_404(session, issue_id)
        note(session, issue, "issue.latecomers", readers=planned.deliveries)
        ring(session, Bell.BATCH, issue.id)
    counted().forget(issue_id)
    return back(issue, f"It goes to {planned.deliveries:,} who joined since.", "done")


def _take_step(session: Session, issue: Issue, step: str, at: datetime) -> str:
    """Take it, and say what is so now."""
    if step == "pause":
        hold(session, issue, f"Paused by {account().email}.")
        return f"Paused. {_waiting(session, issue)}"
    if step == "resume":
        resume(session, issue, at)
        ring(session, Bell.DISPATCH, issue.id)
        return f"It goes on. {_waiting(session, issue)}"
    if step == "skip":
        return _skip(session, issue)
    reopen(session, issue)
    undone = "Taken back: nothing was sent. " if step == "undo" else ""
    return f"{undone}The issue is a draft again."


def _skip(session: Session, issue: Issue) -> str:
    if issue.state is not IssueState.DRAFT:
        raise BadInput(f"The issue is {issue.state.value}: stop it, if it must not go.")
    if issue.kind is IssueKind.MANUAL:
        skip(session, issue, f"Thrown away by {account().email}.")
        return "Thrown away. “Back to draft” brings it back."
    skip(session, issue, f"Skipped by {account().email}: the next issue carries what was new.")
    return "Skipped: nothing of it goes out, and the next issue carries what was new."


def _waiting(session: Session, issue: Issue) -> str:
    if issue.audience_count is None:
        return "Nothing of it has been sent."
    return f"{counts(session, issue.id)[DeliveryState.QUEUED]:,} not sent yet."
