"""Issues: all of them, and one with its numbers while it goes."""

from __future__ import annotations

from flask import abort, render_template, request
from sqlalchemy.orm import Session

from service.db import read_scope
from service.models import Issue, IssueKind, IssueState
from service.web.admin import admin
from service.web.admin.home import latest
from service.web.admin.progress import progress_of
from service.web.asking import now

PAGE = 30
VIEWS = ("desktop", "phone", "text")


@admin.get("/issues/")
def issues() -> str:
    page = min(max(1, request.args.get("page", 1, type=int)), 10_000)
    with read_scope() as session:
        found = latest(session, PAGE + 1, (page - 1) * PAGE)
        return render_template(
            "admin/issues.html", issues=found[:PAGE], page=page, older=len(found) > PAGE
        )


@admin.get("/issues/<int(max=2147483647):issue_id>")
def issue(issue_id: int) -> str:
    view = request.args.get("view", VIEWS[0])
    with read_scope() as session:
        found = issue_or_404(session, issue_id)
        return render_template(
            "admin/issue.html",
            issue=found,
            progress=progress_of(session, found),
            view=view if view in VIEWS else VIEWS[0],
            views=VIEWS,
            is_manual=found.kind is IssueKind.MANUAL,
            steps=steps(found.state, began=found.started_at is not None),
            now=now(),
        )


@admin.get("/issues/<int(max=2147483647):issue_id>/counts")
def counts(issue_id: int) -> str:
    """The numbers alone, fetched by the page every two seconds while it is worth it."""
    with read_scope() as session:
        found = issue_or_404(session, issue_id)
        return render_template(
            "admin/_counts.html", issue=found, progress=progress_of(session, found)
        )


def issue_or_404(session: Session, issue_id: int) -> Issue:
    return session.get(Issue, issue_id) or abort(404)


def steps(state: IssueState, *, began: bool) -> dict[str, str]:
    """What an editor may do with an issue in *state*: the step's name and its button."""
    match state:
        case IssueState.APPROVED:
            return {"reopen": "Back to draft", "hold": "Hold", "stop": "Stop for good"}
        case IssueState.SENDING:
            return {"hold": "Hold", "stop": "Stop for good"}
        case IssueState.HELD:
            again = "Go on sending" if began else "Release"
            return {"resume": again, "stop": "Stop for good"}
        case IssueState.SKIPPED:
            return {"reopen": "Back to draft"}
        case _:
            return {}
