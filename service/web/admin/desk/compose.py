"""A manual issue begins: on an empty page, as a correction, or as a copy of another.

The page is the desk's own, and once the issue is stored it is the desk.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.db import read_scope, session_scope
from service.issues.approve import compose_manual, copy_manual
from service.issues.build import lock_newsletter
from service.issues.curate import write
from service.issues.errors import BadInput
from service.models import Issue, IssueKind, IssueState, Newsletter
from service.web.admin.blueprint import admin
from service.web.admin.desk.correcting import correction_asked
from service.web.admin.desk.draft import Answer, Words
from service.web.admin.desk.wording import check_length, go_on, note_words, typed_words
from service.web.admin.issue.issues import issue_or_404
from service.web.admin.issue.sending import back, note
from service.web.admin.team.accounts import editors_only
from service.web.asking import field, newsletter_or_404, now

TWICE = timedelta(minutes=1)


@admin.get("/issues/new")
@editors_only
def new_issue() -> str:
    with read_scope() as session:
        return _form(session)


@admin.post("/issues/new")
@editors_only
def save_new_issue() -> Answer:
    typed = typed_words()
    with session_scope() as session:
        corrects = correction_asked(session)
        newsletter = (
            corrects.issue.newsletter
            if corrects
            else newsletter_or_404(session, field("newsletter"))
        )
        try:
            check_length(typed)
            if twin := _just_made(session, newsletter, typed):
                return go_on(twin, "Saved as a draft.")
            issue = compose_manual(session, newsletter, typed.subject, typed.editorial, now())
            write(session, issue, preheader=typed.preheader)
        except BadInput as error:
            return _form(session, typed, str(error)), 400
        if corrects:
            issue.segment = corrects.only_to.model_dump(mode="json")
        note_words(session, issue, sorted(asdict(typed)))
        return go_on(issue, "Saved as a draft.")


@admin.post("/issues/<int(max=2147483647):issue_id>/copy")
@editors_only
def copy_issue(issue_id: int) -> Response:
    """A new draft with the same words, to the same readers."""
    with session_scope() as session:
        issue = issue_or_404(session, issue_id)
        if issue.kind is not IssueKind.MANUAL:
            abort(404)
        try:
            copy = copy_manual(session, issue, now())
        except BadInput as error:
            return back(issue, str(error))
        note(session, copy, "issue.copy", of=issue.number)
        flash(f"This is a copy of No. {issue.number}. Change what differs.", "done")
        return redirect(url_for("admin.desk", issue_id=copy.id), 303)


def _just_made(session: Session, newsletter: Newsletter, typed: Words) -> Issue | None:
    """The draft that the same form made a moment ago, when it is sent twice."""
    lock_newsletter(session, newsletter)
    last = session.scalars(
        select(Issue)
        .where(Issue.newsletter_id == newsletter.id, Issue.created_at > now() - TWICE)
        .order_by(Issue.id.desc())
        .limit(1)
    ).first()
    if last is None or (last.kind, last.state) != (IssueKind.MANUAL, IssueState.DRAFT):
        return None
    same = (last.subject, last.editorial) == (typed.subject.strip(), typed.editorial.strip())
    return last if same else None


def _form(session: Session, typed: Words | None = None, problem: str = "") -> str:
    """The empty desk; after a problem with what was typed."""
    corrects = correction_asked(session)
    newsletters = session.scalars(
        select(Newsletter).where(Newsletter.archived_at.is_(None)).order_by(Newsletter.name)
    ).all()
    return render_template(
        "admin/desk/compose.html",
        corrects=corrects,
        newsletters=[corrects.issue.newsletter] if corrects else newsletters,
        chosen=request.values.get("newsletter", ""),
        words=typed or Words(corrects.subject if corrects else "", "", ""),
        problem=problem,
    )
