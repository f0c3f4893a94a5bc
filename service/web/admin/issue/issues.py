"""Issues: all of them, and one with its numbers while it goes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask import abort, render_template, request
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from service.audience.segment import Segment
from service.db import read_scope
from service.delivery.control import AFTERWARDS
from service.models import Issue, IssueKind, IssueState, Newsletter
from service.web.admin.blueprint import admin
from service.web.admin.desk.as_reader import NoSuchReader, chosen_by
from service.web.admin.issue.progress import progress_of, undo_until
from service.web.admin.numbers.home import latest
from service.web.asking import now

PAGE = 30
VIEWS = ("desktop", "phone", "dark", "text")

FILTERS: dict[str, tuple[IssueState, ...]] = {
    "waiting": (IssueState.DRAFT, IssueState.HELD),
    "on its way": (IssueState.APPROVED, IssueState.SENDING),
    "sent": (IssueState.SENT,),
    "stopped or skipped": (IssueState.STOPPED, IssueState.SKIPPED),
}

STEPS: dict[IssueState, dict[str, str]] = {
    IssueState.APPROVED: {"reopen": "Back to draft", "pause": "Pause"},
    IssueState.SENDING: {"pause": "Pause"},
    IssueState.SKIPPED: {"reopen": "Back to draft"},
}


@admin.get("/issues/")
def issues() -> str:
    page = min(max(1, request.args.get("page", 1, type=int)), 10_000)
    with read_scope() as session:
        newsletters = session.scalars(select(Newsletter).order_by(Newsletter.name)).all()
        asked = {name: request.args.get(name, "") for name in ("newsletter", "state")}
        found = latest(session, PAGE + 1, (page - 1) * PAGE, *_asked_for(newsletters, **asked))
        return render_template(
            "admin/issue/issues.html",
            issues=found[:PAGE],
            page=page,
            older=len(found) > PAGE,
            newsletters=newsletters,
            states=FILTERS,
            asked={name: value for name, value in asked.items() if value},
        )


def _asked_for(
    newsletters: Sequence[Newsletter], newsletter: str, state: str
) -> list[ColumnElement[bool]]:
    """What the list is narrowed to; a name that there is not narrows nothing."""
    only: list[ColumnElement[bool]] = []
    only += [Issue.newsletter_id == one.id for one in newsletters if one.slug == newsletter]
    if state in FILTERS:
        only.append(Issue.state.in_(FILTERS[state]))
    return only


@admin.get("/issues/<int(max=2147483647):issue_id>")
def issue(issue_id: int) -> str:
    view = request.args.get("view", VIEWS[0])
    address = request.args.get("reader", "")[:254].strip()
    with read_scope() as session:
        found, at = issue_or_404(session, issue_id), now()
        return render_template(
            "admin/issue/issue.html",
            issue=found,
            **_moving(session, found, at),
            view=view if view in (*VIEWS, "reader") else VIEWS[0],
            views=VIEWS,
            reader=address,
            chose=_chose(session, found, address) if view == "reader" and address else "",
            is_manual=found.kind is IssueKind.MANUAL,
            steps=steps(found, undo=undo_until(found) is not None),
            afterwards=found.audience_count is not None and found.state in AFTERWARDS,
            corrects=corrected_by(session, found),
        )


@admin.get("/issues/<int(max=2147483647):issue_id>/counts")
def counts(issue_id: int) -> str:
    """The numbers alone, fetched by the page every two seconds while it is worth it."""
    with read_scope() as session:
        found = issue_or_404(session, issue_id)
        return render_template(
            "admin/issue/_counts.html", issue=found, **_moving(session, found, now())
        )


def _chose(session: Session, issue: Issue, address: str) -> str:
    """What the reader wants of the newsletter; or that there is no such reader."""
    try:
        return chosen_by(session, issue.newsletter, address).said
    except NoSuchReader as error:
        return str(error)


def _moving(session: Session, issue: Issue, at: datetime) -> dict[str, object]:
    """What changes on the page while an issue goes."""
    undo = undo_until(issue)
    return {
        "progress": progress_of(session, issue, at),
        "undo_seconds": None if undo is None else max(0, round((undo - at).total_seconds())),
        "now": at,
    }


def corrected_by(session: Session, issue: Issue) -> tuple[Issue, str] | None:
    """The issue that this one corrects, and what in it; None when it corrects none."""
    held = None if issue.segment is None else Segment.model_validate(issue.segment).held
    wrong = None if held is None else session.get(Issue, held.issue)
    return None if held is None or wrong is None else (wrong, held.about)


def issue_or_404(session: Session, issue_id: int) -> Issue:
    return session.get(Issue, issue_id) or abort(404)


def steps(issue: Issue, *, undo: bool) -> dict[str, str]:
    """What an editor may do with an issue, but to stop it: the step's name and its button."""
    if undo:
        return {"undo": "Undo"}
    if issue.state is IssueState.DRAFT:
        return {"skip": "Throw it away" if issue.kind is IssueKind.MANUAL else "Skip it"}
    if issue.state is IssueState.HELD:
        return {"resume": "Release" if issue.started_at is None else "Go on sending"}
    return dict(STEPS.get(issue.state, {}))
