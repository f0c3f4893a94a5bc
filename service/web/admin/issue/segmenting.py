"""Whom a manual issue goes to: everyone, or a segment that is described in words and counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.audience.choices import section_specs
from service.audience.segment import BadSegment, Segment, describe, read_segment
from service.audience.segment_sql import count
from service.audience.tags import known_tags
from service.db import read_scope, session_scope
from service.models import Cadence, Issue, IssueKind, IssueState, MailFormat, Newsletter
from service.web.admin.blueprint import admin
from service.web.admin.issue.issues import issue_or_404
from service.web.admin.issue.sending import note
from service.web.admin.team.accounts import editors_only
from service.web.asking import field, now

SEGMENT = "/issues/<int(max=2147483647):issue_id>/segment"
LISTS = ("sections", "topics", "cadences")
DAYS = ("joined_since", "joined_before", "opened_since")
TAGS = ("tags", "without_tags")


@admin.app_template_filter("whom")
def whom(issue: Issue) -> str:
    """``readers with the tag beta``."""
    segment = Segment() if issue.segment is None else Segment.model_validate(issue.segment)
    return "every confirmed reader" if segment.is_everyone else describe(segment, issue.newsletter)


@admin.app_template_filter("is_correction")
def is_correction(issue: Issue) -> bool:
    """Whether it goes to whom it corrects, and nobody chooses others."""
    segment = None if issue.segment is None else Segment.model_validate(issue.segment)
    return segment is not None and segment.held is not None


@admin.get(SEGMENT)
@editors_only
def segment_form(issue_id: int) -> str:
    with read_scope() as session:
        issue = _manual_draft(session, issue_id)
        segment = Segment() if issue.segment is None else Segment.model_validate(issue.segment)
        return _form(session, issue, segment, _as_typed(segment))


@admin.post(f"{SEGMENT}/count")
@editors_only
def count_segment(issue_id: int) -> str:
    """Whom what is in the form would reach, counted while it is filled in."""
    with read_scope() as session:
        issue = _manual_draft(session, issue_id)
        try:
            segment = _read(issue.newsletter, _typed())
        except BadSegment as error:
            return render_template("admin/issue/_reached.html", problem=str(error))
        return render_template("admin/issue/_reached.html", **_reached(session, issue, segment))


@admin.post(SEGMENT)
@editors_only
def save_segment(issue_id: int) -> str | Response | tuple[str, int]:
    """Count whom it would reach, or keep it."""
    with session_scope() as session:
        issue, typed = _manual_draft(session, issue_id), _typed()
        try:
            segment = _read(issue.newsletter, typed)
        except BadSegment as error:
            return _form(session, issue, None, typed, str(error)), 400
        if field("then") == "count":
            return _form(session, issue, segment, typed)
        issue.segment = None if segment.is_everyone else segment.model_dump(mode="json")
        said = whom(issue)
        note(session, issue, "issue.segment", to=said)
    flash(f"It goes to {said}.", "done")
    return redirect(url_for("admin.issue", issue_id=issue_id), 303)


def _manual_draft(session: Session, issue_id: int) -> Issue:
    """404 for one that is not; and a correction goes to whom it corrects, and to no others."""
    issue = issue_or_404(session, issue_id)
    if issue.kind is not IssueKind.MANUAL or issue.state is not IssueState.DRAFT:
        abort(404)
    if is_correction(issue):
        abort(404)
    return issue


def _typed() -> dict[str, Any]:
    """What the form says, under the names of :class:`Segment`'s fields; what is empty is left out,
    but for the tags."""
    typed: dict[str, Any] = {name: request.form.getlist(name) for name in LISTS}
    typed |= {name: field(name) for name in (*DAYS, "mail_format") if field(name)}
    return typed | {name: field(name, 2000) for name in TAGS}


def _as_typed(segment: Segment) -> dict[str, Any]:
    typed = segment.model_dump(mode="json", exclude_defaults=True)
    return typed | {name: ", ".join(getattr(segment, name)) for name in TAGS}


def _read(newsletter: Newsletter, typed: Mapping[str, Any]) -> Segment:
    """Raises :class:`BadSegment`."""
    tags = {name: [part for part in typed[name].split(",") if part.strip()] for name in TAGS}
    return read_segment(newsletter, {**typed, **tags})


def _reached(session: Session, issue: Issue, segment: Segment) -> dict[str, Any]:
    return {
        "words": describe(segment, issue.newsletter),
        "readers": count(session, issue.newsletter, segment, now()),
    }


def _form(
    session: Session,
    issue: Issue,
    segment: Segment | None,
    typed: Mapping[str, Any],
    problem: str = "",
) -> str:
    newsletter = issue.newsletter
    return render_template(
        "admin/issue/segment.html",
        issue=issue,
        **({} if segment is None else _reached(session, issue, segment)),
        typed=typed,
        sections=section_specs(newsletter),
        cadences=list(Cadence),
        formats={MailFormat.HTML.value: "HTML", MailFormat.TEXT.value: "plain text"},
        tags_in_use=known_tags(session),
        problem=problem,
    )
