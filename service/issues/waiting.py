"""The issues that wait for an editor: who is told, and what becomes of them."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.issues.approval import TOLD, Rule, Step, next_step
from service.issues.approve import skip
from service.localtime import zone
from service.models import Issue, IssueState, Newsletter
from service.staff.alerts import alert_owners


def tend_waiting(session: Session, now: datetime) -> int:
    """Remind of the issues that wait, and end the wait of those at their limit; how many moved.

    Each step counts in the issue's own row, in one transaction with its notices: a crash repeats
    neither, and two ticks at once do it once.
    """
    waiting = session.scalars(
        select(Issue)
        .where(Issue.state == IssueState.DRAFT, Issue.waiting_since.is_not(None))
        .order_by(Issue.id)
        .with_for_update(of=Issue, skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    return sum(_tend(session, issue, now) for issue in waiting)


def _tend(session: Session, issue: Issue, now: datetime) -> bool:
    newsletter, since = issue.newsletter, issue.waiting_since
    assert since is not None
    rule = Rule(timedelta(hours=newsletter.hold_hours), newsletter.unapproved_policy)
    step = next_step(rule, since, issue.reminders, now)
    if step is None:
        return False
    issue.reminders = TOLD[step]
    limit = _local(since + rule.limit, newsletter)
    text = _said(step, limit)
    if step is Step.SKIP:
        skip(session, issue, text)
    elif step is Step.HOLD:
        issue.reason = text
    told = f"Issue {issue.number}, “{issue.subject}”. {text}"
    alert_owners(session, issue, step.value, told, now)
    session.flush()
    return True


def _said(step: Step, limit: str) -> str:
    return {
        Step.REMIND: f"It waits for an editor until {limit}: approve it, or skip it.",
        Step.REMIND_AGAIN: f"It still waits for an editor, until {limit}: approve it, or skip it.",
        Step.HOLD: f"Held: nobody approved it by {limit}. It is sent when an editor approves it.",
        Step.SKIP: f"Skipped: nobody approved it by {limit}. The next issue carries what was new.",
    }[step]


def _local(moment: datetime, newsletter: Newsletter) -> str:
    there = moment.astimezone(zone(newsletter.timezone))
    return f"{there:%H:%M} on {there:%B} {there.day} ({newsletter.timezone})"
