"""A draft that an editor asks for at the desk and a worker brings.

A model may write for minutes, which no web request should wait for. So the asking is in the
issue's row: a worker takes it up once, and the desk looks now and then what became of it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from service.db import session_scope
from service.issues.ai.client import Endpoint, NoDraft
from service.issues.ai.drafts import make_draft
from service.issues.curate import require_draft
from service.issues.errors import BadInput, IssueFrozen
from service.models import Issue, IssueKind, IssueState

LONGEST = timedelta(minutes=5)
"""How long a model may write. One that sends a byte now and then never times out by itself."""
LOST = LONGEST + timedelta(minutes=1)
"""After that, the worker that took it up is known to be gone."""


def ask_for_draft(session: Session, issue: Issue, now: datetime) -> bool:
    """Note that a draft is wanted; False when one is on its way already.

    Raises :class:`IssueFrozen` unless *issue* is a draft, and :class:`BadInput` for one by hand.
    """
    require_draft(session, issue)
    if issue.kind is IssueKind.MANUAL:
        raise BadInput("An issue by hand has no entries that a draft could be made of.")
    if is_awaited(issue, now):
        return False
    issue.draft_asked_at, issue.draft_begun_at, issue.draft_problem = now, None, None
    session.flush()
    return True


def is_awaited(issue: Issue, now: datetime) -> bool:
    """Whether a draft was asked for and may still come."""
    return issue.draft_asked_at is not None and not _is_lost(issue, now)


def trouble(issue: Issue, now: datetime) -> str:
    """Why the draft that was asked for is not there; '' when nothing went wrong."""
    if _is_lost(issue, now):
        return "The worker stopped while the model wrote. Ask again."
    return issue.draft_problem or ""


def _is_lost(issue: Issue, now: datetime) -> bool:
    return issue.draft_begun_at is not None and issue.draft_begun_at < now - LOST


def due_drafts(session: Session, now: datetime) -> list[int]:
    """Ids of the issues whose draft no worker has taken up, the longest waiting first."""
    query = select(Issue.id).where(
        Issue.state == IssueState.DRAFT,
        Issue.draft_asked_at <= now,
        Issue.draft_begun_at.is_(None),
    )
    return list(session.scalars(query.order_by(Issue.draft_asked_at, Issue.id)))


def bring_draft(endpoint: Endpoint | None, issue_id: int, now: datetime) -> str:
    """Take up what was asked for and have it written; the problem, '' when all went well.

    Rung for twice, it asks the model once. *endpoint* None means that drafts are switched off.
    """
    if not _take_up(issue_id, now):
        return ""
    if endpoint is None:
        return give_up(
            issue_id,
            "Drafts are switched off where the worker runs: set BROADSHEET_AI_MODEL.",
        )
    try:
        make_draft(endpoint, issue_id, now)
    except (NoDraft, BadInput, IssueFrozen) as error:
        return give_up(issue_id, str(error))
    return ""


def give_up(issue_id: int, problem: str) -> str:
    """Note that nothing came of it, and why."""
    with session_scope() as session:
        session.execute(
            update(Issue)
            .where(Issue.id == issue_id)
            .values(draft_asked_at=None, draft_begun_at=None, draft_problem=problem)
        )
    return problem


def _take_up(issue_id: int, now: datetime) -> bool:
    with session_scope() as session:
        taken = session.execute(
            update(Issue)
            .where(Issue.id == issue_id, Issue.draft_asked_at.is_not(None))
            .where(Issue.draft_begun_at.is_(None))
            .values(draft_begun_at=now)
            .returning(Issue.id)
        )
        return taken.scalar() is not None
