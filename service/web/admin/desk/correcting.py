"""A correction: which entry was wrong, and how many readers got it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import abort, render_template, request
from sqlalchemy.orm import Session

from service.audience.segment import Held, Segment
from service.db import read_scope
from service.delivery.history import readers_by_variant
from service.models import Issue
from service.rendering.holding import NothingHeld, held_by, held_entries
from service.web.admin.blueprint import admin
from service.web.admin.issue.issues import issue_or_404
from service.web.admin.team.accounts import editors_only

LARGEST = 2**31 - 1


@dataclass(frozen=True)
class Correction:
    """What a new issue is to correct."""

    issue: Issue
    number: int
    """Of the entry; 0 is the whole issue."""
    held: Held
    readers: int
    """How many got it, or may have got it."""

    @property
    def subject(self) -> str:
        return f"Correction: {self.held.about or self.issue.subject}"[:200]

    @property
    def only_to(self) -> Segment:
        return Segment(held=self.held)


@admin.get("/issues/<int(max=2147483647):issue_id>/correct")
@editors_only
def correct(issue_id: int) -> str:
    with read_scope() as session:
        issue = issue_or_404(session, issue_id)
        if issue.audience_count is None:
            abort(404)
        got = readers_by_variant(session, issue.id)
        entries = [
            (entry, sum(got.get(variant, 0) for variant in entry.variants))
            for entry in held_entries(session, issue)
        ]
        return render_template(
            "admin/desk/correct.html", issue=issue, entries=entries, everyone=sum(got.values())
        )


def correction_asked(session: Session) -> Correction | None:
    """The one that the request's ``correcting`` and ``entry`` name; None without; 404 for none."""
    issue_id = request.values.get("correcting", type=int)
    if issue_id is None:
        return None
    number = request.values.get("entry", 0, type=int)
    if not 0 < issue_id <= LARGEST:
        abort(404)
    issue = issue_or_404(session, issue_id)
    try:
        held = held_by(session, issue, number)
    except NothingHeld:
        abort(404)
    got = readers_by_variant(session, issue.id)
    readers = sum(got.get(variant, 0) for variant in held.variants)
    return Correction(issue, number, held, readers)
