"""What the minute's tick finds: newsletters whose hour has come, issues that may go."""

from __future__ import annotations

from datetime import date, datetime

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from service.issues.approve import approve
from service.issues.build import build_issue, find_issue
from service.issues.errors import BadInput
from service.issues.schedule import Owed, Timetable, owed
from service.issues.states import FROZEN
from service.models import Approval, Issue, IssueState, Newsletter, Timing

log = structlog.get_logger(__name__)

WAITS = "Waits for an editor: approve it, or skip it."


def timetable(newsletter: Newsletter) -> Timetable:
    """The newsletter's schedule as a value."""
    return Timetable(
        newsletter.timezone,
        newsletter.send_hour,
        newsletter.send_minute,
        frozenset(newsletter.send_days),
        newsletter.weekly_day,
    )


def due_newsletters(session: Session, now: datetime) -> list[tuple[int, date]]:
    """(id, local date) of every newsletter that has an issue to build."""
    newsletters = session.scalars(
        select(Newsletter).where(Newsletter.next_run <= now).order_by(Newsletter.next_run)
    )
    found = []
    for newsletter in newsletters:
        dates = [issue.local_date for issue in _owed(newsletter, now)]
        found.append((newsletter.id, max(dates, default=now.date())))
    return found


def advance(session: Session, newsletter: Newsletter, now: datetime) -> tuple[Owed, ...]:
    """Claim what *newsletter* owes and set its next run; () when another beat was first.

    Build what it returns in the same transaction: a crash then undoes the claim as well.
    """
    seen = newsletter.next_run
    if seen is None or seen > now:
        return ()
    claimed = session.execute(
        update(Newsletter)
        .where(Newsletter.id == newsletter.id, Newsletter.next_run == seen)
        .values(next_run=timetable(newsletter).next_run(now))
        .execution_options(synchronize_session=False)
        .returning(Newsletter.id)
    ).scalar()
    issues = _owed(newsletter, now) if claimed else ()
    session.refresh(newsletter)
    return issues


def build_due(session: Session, newsletter_id: int, now: datetime) -> list[Issue]:
    """Build, and with ``approval = auto`` approve, what the newsletter owes; [] when nothing."""
    newsletter = session.get(Newsletter, newsletter_id)
    if newsletter is None:
        return []
    built = []
    for task in advance(session, newsletter, now):
        if task.missed:
            log.warning(
                "issue.catches_up",
                newsletter=newsletter.slug,
                date=str(task.local_date),
                missed=[str(day) for day in task.missed],
            )
        known = find_issue(session, newsletter, task.local_date, task.kind)
        if known is not None and (known.state in FROZEN or known.state is IssueState.SKIPPED):
            continue  # an editor decided about it before its hour
        issue = build_issue(session, newsletter, task.local_date, now, task.kind)
        settle(session, issue, now, task.due_at)
        built.append(issue)
    return built


def settle(session: Session, issue: Issue, now: datetime, due_at: datetime) -> None:
    """Approve a fresh draft when the newsletter does so by itself; else say that it waits."""
    if issue.state is not IssueState.DRAFT:
        return
    if issue.newsletter.approval is not Approval.AUTO:
        _wait(session, issue, WAITS, now)
        return
    try:
        approve(session, issue, now, scheduled_at=due_at, timing=Timing.READER_HOUR)
    except BadInput as problem:
        _wait(session, issue, f"Not approved: {problem}", now)


def _wait(session: Session, issue: Issue, reason: str, now: datetime) -> None:
    issue.reason, issue.waiting_since, issue.reminders = reason, now, 0
    session.flush()


def due_issues(session: Session, now: datetime) -> list[int]:
    """Ids of approved issues whose time has come, the oldest first."""
    return list(
        session.scalars(
            select(Issue.id)
            .where(Issue.state == IssueState.APPROVED, Issue.scheduled_at <= now)
            .order_by(Issue.scheduled_at, Issue.id)
        )
    )


def _owed(newsletter: Newsletter, now: datetime) -> tuple[Owed, ...]:
    if newsletter.next_run is None:
        return ()
    return owed(timetable(newsletter), newsletter.next_run, now)
