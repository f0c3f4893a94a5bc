"""Doorways from a newsletter's hour to planned deliveries: build, freeze, render, plan."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from service.config import settings
from service.db import engine, read_scope, session_scope
from service.delivery.claim import due_issues_with_batches
from service.delivery.finish import finish_issues, halt_issue, halt_unsent
from service.delivery.plan import MissingVariants, Planned, plan_issue, plan_rest
from service.doorbell import Bell, publish, ring
from service.issues.due import build_due, due_issues
from service.models import Issue, IssueState
from service.rendering.clip import TooLarge
from service.rendering.environment import TemplateError
from service.rendering.preflight.finding import reasons
from service.rendering.preflight.issue import findings_for
from service.rendering.variants import render_missing_variants
from workers.app import app

log = structlog.get_logger(__name__)

TRIES = 5
"""Readers may change their choice while an issue is rendered; each try renders what is new."""

PLANNING_LIMIT = 600
"""Seconds. The plan is one transaction, and cut off at each try it would never come about."""

FIRST = 2_000
"""Readers who are planned at once, so that the first mail leaves before the last is planned."""

AT_ONCE = 25
"""Renderings in one transaction. SQLite has one writer, and a task that runs out of time keeps
what it has committed."""


@app.task(name=Bell.BUILD.value)
def build_issue(newsletter_id: int) -> None:
    """Build what the newsletter owes now, and ring for what may go at once."""
    now = datetime.now(UTC)
    with session_scope() as session:
        for issue in build_due(session, newsletter_id, now):
            log.info("issue.built", issue=issue.id, number=issue.number, state=issue.state.value)
        for issue_id in due_issues(session, now):
            ring(session, Bell.DISPATCH, issue_id)


@app.task(name=Bell.DISPATCH.value, soft_time_limit=PLANNING_LIMIT, time_limit=PLANNING_LIMIT + 60)
def dispatch_issue(issue_id: int) -> None:
    """Render an approved issue once for each choice, plan its deliveries, ring for the senders."""
    now = datetime.now(UTC)
    with session_scope() as session:
        # Locked means that another worker is at it: a long plan is rung for at every tick.
        issue = session.get(Issue, issue_id, with_for_update={"of": Issue, "skip_locked": True})
        if issue is None or issue.state not in {IssueState.APPROVED, IssueState.SENDING}:
            return
        if issue.scheduled_at is not None and issue.scheduled_at > now:
            return
        resumed = issue.state is IssueState.SENDING  # planned before it was held
    if not resumed:
        if why_not := not_fit(issue_id, now):
            with session_scope() as session:
                halt_unsent(session, issue_id, f"It cannot be sent. {why_not}")
            log.error("issue.not_fit", issue=issue_id, reason=why_not)
            return
        try:
            planned = render_and_plan(issue_id, now)
        except (TemplateError, TooLarge) as error:
            with session_scope() as session:
                halt_unsent(session, issue_id, f"It could not be rendered: {error}")
            log.exception("issue.not_rendered", issue=issue_id)
            return
        log.info("issue.planned", issue=issue_id, deliveries=planned.deliveries)
    ring_for_senders(now)
    rest = plan_the_rest(issue_id, now)
    if rest.deliveries:
        log.info("issue.planned", issue=issue_id, deliveries=rest.deliveries)
        ring_for_senders(now)


def ring_for_senders(now: datetime) -> None:
    with session_scope() as session:
        finish_issues(session, now)  # an issue for nobody is sent as soon as it is planned
        waiting = due_issues_with_batches(session, now)
    for waiting_id in waiting:
        for _ in range(settings().worker_processes):
            publish(Bell.BATCH, waiting_id)


def not_fit(issue_id: int, now: datetime) -> str:
    """Why the issue must not go out; '' when it may."""
    with read_scope() as session:
        issue = session.get_one(Issue, issue_id)
        if issue.state is not IssueState.APPROVED:  # taken back meanwhile: nothing is planned
            return ""
        return reasons(findings_for(session, issue))


def render_and_plan(issue_id: int, now: datetime) -> Planned:
    """Render what is missing and plan; again when somebody chose something new in between."""
    for _ in range(TRIES):
        while _render_some(issue_id, now):
            pass
        try:
            with Session(engine(), expire_on_commit=False) as session, session.begin():
                return plan_issue(
                    session, issue_id, now, batch_size=settings().batch_size, first=FIRST
                )
        except MissingVariants:
            continue
    raise MissingVariants(f"issue {issue_id}: readers changed their choice {TRIES} times; later")


def plan_the_rest(issue_id: int, now: datetime) -> Planned:
    """Plan those who were left for later; again when the issue or a choice changed in between."""
    for _ in range(TRIES):
        try:
            with Session(engine(), expire_on_commit=False) as session, session.begin():
                return plan_rest(session, issue_id, now, batch_size=settings().batch_size)
        except MissingVariants:
            if not _render_for_the_rest(issue_id, now):
                break
        except (OperationalError, IntegrityError) as error:
            log.warning("issue.planned_again", issue=issue_id, error=str(error))
    return Planned(0, 0)  # the tick rings again


def _render_for_the_rest(issue_id: int, now: datetime) -> bool:
    """Render what somebody chose since the first were planned; held when that cannot be done."""
    try:
        with session_scope() as session:
            render_missing_variants(session, session.get_one(Issue, issue_id), now)
    except (TemplateError, TooLarge) as error:
        with session_scope() as session:
            halt_issue(session, issue_id, f"It could not be rendered for all: {error}")
        log.exception("issue.not_rendered", issue=issue_id)
        return False
    return True


def _render_some(issue_id: int, now: datetime) -> bool:
    """Render the next few choices; False when none is missing, or the approval was taken back."""
    with session_scope() as session:
        # Locked: whoever approves it anew throws these renderings away and must find all of them.
        issue = session.get_one(Issue, issue_id, with_for_update={"of": Issue})
        if issue.state is not IssueState.APPROVED:
            return False
        return bool(render_missing_variants(session, issue, now, limit=AT_ONCE))
