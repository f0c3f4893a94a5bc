"""Sending an issue, in two steps: say when, then see exactly how many readers and say yes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.config import settings
from service.db import read_scope, session_scope
from service.doorbell import Bell, ring, ring_later
from service.issues.approve import approve, check_goes_on, document_now
from service.issues.errors import BadInput
from service.issues.states import IllegalMove
from service.localtime import moment_of
from service.models import Issue, IssueKind, IssueState, Timing
from service.rendering.preflight.finding import reasons
from service.staff.users import audit
from service.web.admin.blueprint import admin
from service.web.admin.desk.outline import mark_of
from service.web.admin.issue.issues import issue_or_404
from service.web.admin.issue.reach import Reach, reach_of
from service.web.admin.issue.readiness import findings_of
from service.web.admin.team.accounts import account, editors_only
from service.web.admin.team.proving import recently_proved
from service.web.asking import field, now

Answer = str | Response | tuple[str, int]
FURTHEST = timedelta(days=366)


@dataclass(frozen=True)
class Plan:
    """When an issue is to go, as an editor asked. ``at`` None means at once."""

    at: datetime | None
    timing: Timing


class BadPlan(ValueError):
    """A time that cannot be; the text says why."""


@admin.get("/issues/<int(max=2147483647):issue_id>/send")
@editors_only
def send_form(issue_id: int) -> Answer:
    with read_scope() as session:
        issue = issue_or_404(session, issue_id)
        if issue.state is not IssueState.DRAFT:
            return back(issue, _refusal(issue))
        return _form(session, issue)


@admin.post("/issues/<int(max=2147483647):issue_id>/send")
@editors_only
@recently_proved
def send(issue_id: int) -> Answer:
    """Without a count: the last page, which names it. With the count that it named: send."""
    with session_scope() as session:
        issue = issue_or_404(session, issue_id)
        if issue.state is not IssueState.DRAFT:
            return back(issue, _refusal(issue))
        try:
            check_goes_on(issue.newsletter)
            plan = _plan(issue, now())
        except (BadInput, BadPlan) as error:
            return _form(session, issue, str(error)), 400
        if why_not := reasons(findings_of(session, issue, now())):
            return _form(session, issue, why_not), 400
        reach, content = reach_of(session, issue, now()), _content_mark(session, issue)
        changed = _changed(reach, content)
        if not reach.readers or not field("count") or changed:
            return render_template(
                "admin/issue/confirm_send.html",
                issue=issue,
                plan=plan,
                reach=reach,
                content=content,
                changed=changed if field("count") else "",
                undo_seconds=round(settings().undo_seconds),
            )
        at = now()
        window = settings().undo_seconds if plan.at is None else 0.0
        goes = plan.at or at + timedelta(seconds=window)
        try:
            approve(session, issue, at, scheduled_at=goes, timing=plan.timing)
        except (BadInput, IllegalMove) as error:
            return _form(session, issue, str(error)), 400
        note(session, issue, "issue.approve", readers=reach.readers)
        if window:
            ring_later(session, Bell.DISPATCH, issue.id, window)
        elif plan.at is None:
            ring(session, Bell.DISPATCH, issue.id)
    return redirect(url_for("admin.issue", issue_id=issue_id), 303)


def _plan(issue: Issue, at: datetime) -> Plan:
    """Read the form; an hour is on the newsletter's own clock."""
    timing = Timing.READER_HOUR if field("timing") == Timing.READER_HOUR.value else Timing.NOW
    if field("when") != "at":
        if field("at", 20):
            raise BadPlan("You gave an hour and chose “Now”. Choose one, or clear the hour.")
        return Plan(None, timing)
    try:
        local = datetime.fromisoformat(field("at", 20))
        clock = issue.newsletter.timezone
        moment = moment_of(local.date(), local.hour, local.minute, clock)
    except (ValueError, OverflowError) as error:
        raise BadPlan("Give the day and the hour at which it is to go.") from error
    if moment <= at:
        raise BadPlan("That moment has passed. Choose a later one, or send it now.")
    if moment > at + FURTHEST:
        raise BadPlan("That is more than a year ahead. Choose an earlier moment.")
    return Plan(moment, timing)


def _changed(reach: Reach, content: str) -> str:
    """What is no longer as the last page had it: nobody agrees to what they have not seen."""
    if field("content") != content:
        return "The issue was changed"
    return "" if field("count") == str(reach.readers) else "The number of readers changed"


def _content_mark(session: Session, issue: Issue) -> str:
    document = document_now(session, issue, now())
    return mark_of(document.model_dump(mode="json", exclude={"issue_date"}))


def _form(session: Session, issue: Issue, problem: str = "") -> str:
    return render_template(
        "admin/issue/send.html",
        issue=issue,
        reach=reach_of(session, issue, now()),
        findings=findings_of(session, issue, now()),
        now=now(),
        problem=problem,
        by_hour=issue.kind is not IssueKind.MANUAL,
        form=request.form,
    )


def _refusal(issue: Issue) -> str:
    if issue.state is IssueState.SENT:
        return "This issue was sent already. Nothing was sent again."
    if issue.state in (IssueState.APPROVED, IssueState.SENDING):
        return "This issue is on its way already, and goes to each reader once."
    return f"This issue is {issue.state.value}: only a draft can be sent."


def back(issue: Issue, said: str, kind: str = "problem") -> Response:
    """To the issue's page, which then says *said*."""
    flash(said, kind)
    return redirect(url_for("admin.issue", issue_id=issue.id), 303)


def note(session: Session, issue: Issue, action: str, **detail: object) -> None:
    """Who of the editors did what to the issue, for the audit log."""
    subject = f"{issue.newsletter.slug} issue {issue.number}"
    audit(session, account().id, action, subject, now(), **detail)
