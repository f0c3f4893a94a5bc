"""A model's draft beside its issue, until an editor accepts it or throws it away."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from service.db import read_scope, session_scope
from service.issues.ai.check import problems
from service.issues.ai.client import Endpoint, NoDraft, ask
from service.issues.ai.facts import Facts, facts_of
from service.issues.approve import document_now
from service.issues.curate import require_draft
from service.issues.errors import BadInput, IssueFrozen
from service.models import Issue, IssueKind, IssueState

ORIGIN = "ai"


def make_draft(endpoint: Endpoint, issue_id: int, now: datetime) -> str:
    """Ask for a draft of the issue and keep it; it changes nothing that readers would get.

    The model is asked outside of any transaction. Raises :class:`NoDraft` when none came or it
    was refused, and :class:`IssueFrozen` unless the issue is a draft.
    """
    with read_scope() as session:
        issue = session.get_one(Issue, issue_id)
        if issue.state is not IssueState.DRAFT:
            raise IssueFrozen(f"Issue {issue.number} is {issue.state.value}: reopen it first.")
        facts = _facts(session, issue, now)
    text = ask(endpoint, facts)
    if wrong := problems(text, facts):
        raise NoDraft("The draft was refused. " + " ".join(wrong))
    with session_scope() as session:
        issue = session.get_one(Issue, issue_id)
        require_draft(session, issue)
        issue.draft_editorial, issue.draft_problem = text, None
        issue.draft_asked_at = issue.draft_begun_at = None
    return text


def accept_draft(session: Session, issue: Issue, now: datetime) -> None:
    """Make the draft the issue's editorial, labelled as a model's.

    It is checked again, for the issue may have changed. Raises :class:`BadInput` when there is no
    draft or it says what the issue no longer holds.
    """
    require_draft(session, issue)
    if issue.draft_editorial is None:
        raise BadInput("There is no draft to accept: ask for one first.")
    if wrong := problems(issue.draft_editorial, _facts(session, issue, now)):
        raise BadInput("The issue has changed since the draft. " + " ".join(wrong))
    issue.editorial, issue.editorial_origin = issue.draft_editorial, ORIGIN
    issue.draft_editorial = None
    session.flush()


def discard_draft(session: Session, issue: Issue) -> None:
    """Throw the draft away; the editorial stays as it is."""
    require_draft(session, issue)
    issue.draft_editorial = issue.draft_problem = None
    issue.draft_asked_at = issue.draft_begun_at = None
    session.flush()


def _facts(session: Session, issue: Issue, now: datetime) -> Facts:
    if issue.kind is IssueKind.MANUAL:
        raise BadInput("An issue by hand has no entries that a draft could be made of.")
    return facts_of(document_now(session, issue, now))
