"""Plan an issue for those who joined after it was planned: the same issue, further batches.

Set-based as the plan itself, and again without effect when it is done twice: whoever has a row of
the issue is not in the audience any more.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service.db import engine
from service.delivery.audience import latecomers
from service.delivery.control import AFTERWARDS
from service.delivery.plan import (
    Cut,
    MissingVariants,
    Planned,
    highest_number,
    write_plan,
)
from service.models import Issue, IssueState

__all__ = ["MissingVariants", "plan_latecomers"]

TRIES = 3
"""Workers write to the issue meanwhile; a plan whose view of it is old begins anew."""


def plan_latecomers(issue_id: int, now: datetime, *, batch_size: int) -> Planned:
    """Plan the issue for who joined meanwhile; it is being sent again, unless it is held.

    Nothing is planned for an issue that was not planned before, or was stopped. Raises
    :class:`MissingVariants`, with nothing written, when one of them chose what is not rendered.
    """
    for _ in range(TRIES - 1):
        try:
            return _plan(issue_id, now, batch_size)
        except OperationalError:
            continue
    return _plan(issue_id, now, batch_size)


def _plan(issue_id: int, now: datetime, batch_size: int) -> Planned:
    with Session(engine()) as session, session.begin():
        if session.get_bind().dialect.name == "postgresql":
            # Who joins between our statements would shift the numbering; see plan_issue.
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        issue = session.get(Issue, issue_id, with_for_update={"of": Issue})
        if issue is None or issue.state not in AFTERWARDS or issue.planned_at is None:
            return Planned(0, 0)
        cut = Cut(batch_size, after=highest_number(session, issue))
        planned = write_plan(session, issue, latecomers(issue, now), now, cut)
        if not planned.batches:
            return planned
        issue.released_at = now
        if issue.state is IssueState.SENT:
            issue.state, issue.finished_at = IssueState.SENDING, None
        return planned
