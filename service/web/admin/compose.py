"""A manual issue: a subject and Markdown, looked at, kept, sent."""

from __future__ import annotations

from flask import abort, redirect, render_template, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.db import read_scope, session_scope
from service.issues.approve import compose_manual
from service.issues.curate import write
from service.issues.errors import BadInput, IssueFrozen
from service.models import Issue, IssueKind, IssueState, Newsletter
from service.staff.users import audit
from service.web.admin import admin
from service.web.admin.accounts import account, editors_only
from service.web.admin.correcting import correction_asked
from service.web.admin.issues import issue_or_404
from service.web.asking import field, newsletter_or_404, now

LONGEST_BODY = 500_000
"""Characters."""

Answer = str | Response | tuple[str, int]


@admin.get("/issues/new")
@editors_only
def new_issue() -> str:
    with read_scope() as session:
        return _form(session)


@admin.post("/issues/new")
@editors_only
def save_new_issue() -> Answer:
    with session_scope() as session:
        corrects = correction_asked(session)
        newsletter = (
            corrects.issue.newsletter
            if corrects
            else newsletter_or_404(session, field("newsletter"))
        )
        try:
            issue = compose_manual(session, newsletter, field("subject"), _body(), now())
            if corrects:
                issue.segment = corrects.only_to.model_dump(mode="json")
        except BadInput as error:
            return _form(session, problem=str(error)), 400
        return _saved(session, issue)


@admin.get("/issues/<int(max=2147483647):issue_id>/edit")
@editors_only
def edit_issue(issue_id: int) -> str:
    with read_scope() as session:
        return _form(session, _manual_draft(session, issue_id))


@admin.post("/issues/<int(max=2147483647):issue_id>/edit")
@editors_only
def save_issue(issue_id: int) -> Answer:
    with session_scope() as session:
        issue = _manual_draft(session, issue_id)
        try:
            write(session, issue, subject=field("subject"), editorial=_body())
        except (BadInput, IssueFrozen) as error:
            return _form(session, issue, str(error)), 400
        return _saved(session, issue)


def _body() -> str:
    return field("markdown", LONGEST_BODY).replace("\r\n", "\n")


def _manual_draft(session: Session, issue_id: int) -> Issue:
    issue = issue_or_404(session, issue_id)
    if issue.kind is not IssueKind.MANUAL or issue.state is not IssueState.DRAFT:
        abort(404)
    return issue


def _saved(session: Session, issue: Issue) -> Response:
    subject = f"{issue.newsletter.slug} issue {issue.number}"
    audit(session, account().id, "issue.write", subject, now(), title=issue.subject)
    session.flush()
    goes_on = field("then") == "send"
    return redirect(
        url_for("admin.send_form" if goes_on else "admin.issue", issue_id=issue.id), 303
    )


def _form(session: Session, issue: Issue | None = None, problem: str = "") -> str:
    """The composer; after a problem with what was typed, else with what is stored."""
    corrects = correction_asked(session)
    newsletters = session.scalars(select(Newsletter).order_by(Newsletter.name)).all()
    if not newsletters:
        abort(404)
    if issue is not None and not problem:
        subject = issue.subject
    else:
        subject = corrects.subject if corrects and not problem else field("subject")
    return render_template(
        "admin/compose.html",
        issue=issue,
        corrects=corrects,
        newsletters=[corrects.issue.newsletter] if corrects else newsletters,
        chosen=field("newsletter"),
        subject=subject,
        markdown=_body() if problem or issue is None else issue.editorial,
        problem=problem,
    )
