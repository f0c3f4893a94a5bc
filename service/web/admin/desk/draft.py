"""Where an editor shapes a draft: its words, its entries, and the mail that comes of them.

``wording`` stores the words, ``entries`` changes the outline, ``drafting`` adds a model's draft;
``compose`` is the same desk for an issue that is not stored yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.config import settings
from service.db import read_scope
from service.issues.ai.asked import is_awaited, trouble
from service.issues.ai.client import Endpoint
from service.issues.missing import missing_sources
from service.models import Issue, IssueKind, IssueState
from service.rendering.preflight.spam import is_installed
from service.web.admin.blueprint import admin
from service.web.admin.desk.outline import mark_of, outline_of, shown_marks, words_mark
from service.web.admin.issue.issues import issue_or_404
from service.web.admin.issue.readiness import findings_of, spam_of
from service.web.admin.team.accounts import editors_only
from service.web.asking import field as typed
from service.web.asking import now

Answer = str | Response | tuple[str, int]

NOTHING_STORED = "Nothing of yours was stored: this is how it stands now."


class Outdated(ValueError):
    """It was changed since the form was shown: by somebody else, or in another window."""

    def __init__(self, so: str = NOTHING_STORED) -> None:
        super().__init__(f"This was changed elsewhere while you had it open. {so}")


@dataclass(frozen=True)
class Words:
    """What an editor writes: the subject, what stands behind it, and Markdown."""

    subject: str
    preheader: str
    editorial: str

    @classmethod
    def of(cls, issue: Issue) -> Words:
        return cls(issue.subject, issue.preheader, issue.editorial)


@dataclass(frozen=True)
class Refused:
    """What was typed and could not be stored: the words, or an entry."""

    words: Words | None = None
    is_outdated: bool = False
    """Whether others stored theirs meanwhile: those are shown as well."""
    entry: int | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


@admin.get("/issues/<int(max=2147483647):issue_id>/desk")
@editors_only
def desk(issue_id: int) -> Answer:
    with read_scope() as session:
        issue = issue_or_404(session, issue_id)
        if issue.state is not IssueState.DRAFT:
            flash(f"This issue is {issue.state.value}: only a draft can be changed.", "problem")
            return redirect(url_for("admin.issue", issue_id=issue.id), 303)
        return desk_page(session, issue)


def desk_page(
    session: Session, issue: Issue, problem: str = "", refused: Refused | None = None
) -> str:
    """The desk; with what was *refused* still in its form."""
    session.flush()
    asks_for_spam = request.args.get("check") == "spam"
    is_manual = issue.kind is IssueKind.MANUAL
    refused = refused or Refused()
    return render_template(
        "admin/desk/desk.html",
        is_manual=is_manual,
        parts=() if is_manual else outline_of(session, issue),
        problem=problem,
        words=refused.words or Words.of(issue),
        words_shown=shown_marks(asdict(Words.of(issue))),
        theirs=Words.of(issue) if refused.is_outdated else None,
        editing=refused.entry,
        typed=refused.fields,
        missing=missing_sources(session, issue),
        findings=findings_of(session, issue, now()),
        may_check_spam=is_installed() and not asks_for_spam,
        spam=spam_of(session, issue, now()) if asks_for_spam else None,
        **drafting(issue),
    )


def drafting(issue: Issue) -> dict[str, Any]:
    """What the page is told of a model's draft."""
    may_draft = issue.kind is not IssueKind.MANUAL and Endpoint.of(settings())
    return {
        "issue": issue,
        "words_seen": words_mark(issue),
        "draft_seen": mark_of(issue.draft_editorial),
        "model": settings().ai_model if may_draft else "",
        "awaited": is_awaited(issue, now()),
        "trouble": trouble(issue, now()),
    }


def issue_to_shape(session: Session, issue_id: int) -> Issue:
    """One that is made of entries."""
    issue = issue_or_404(session, issue_id)
    if issue.kind is IssueKind.MANUAL:
        abort(404)
    return issue


def require_seen(mark: str, so: str = NOTHING_STORED, of: str = "seen") -> None:
    """Raise :class:`Outdated` unless the form was made of what is there now; *of* is its field."""
    if typed(of) != mark:
        raise Outdated(so)


def lines(text: str) -> str:
    return text.replace("\r\n", "\n")


def not_a_draft(issue: Issue, why: object) -> Response:
    flash(str(why), "problem")
    return redirect(url_for("admin.issue", issue_id=issue.id), 303)


def to_desk(issue: Issue, said: str, anchor: str) -> Response:
    flash(said, "done")
    return redirect(url_for("admin.desk", issue_id=issue.id, _anchor=anchor), 303)
