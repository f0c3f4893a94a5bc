"""Where an editor shapes a draft: pin, drop, move, edit, write, build again.

``service.web.admin.drafting`` adds a model's draft to the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.config import settings
from service.db import read_scope, session_scope
from service.issues import curate
from service.issues.ai.asked import is_awaited, trouble
from service.issues.ai.client import Endpoint
from service.issues.build import build_issue, issue_entries
from service.issues.errors import BadInput, IssueFrozen
from service.issues.missing import missing_sources
from service.issues.words import specs_of
from service.models import Entry, Issue, IssueKind, IssueState
from service.rendering.filters import web_link
from service.rendering.preflight.spam import is_installed
from service.staff.users import audit
from service.web.admin import admin
from service.web.admin.accounts import account, editors_only
from service.web.admin.issues import issue_or_404
from service.web.admin.outline import (
    FIELDS,
    entry_mark,
    order_mark,
    outline_of,
    placed,
    shown_order,
    words_mark,
)
from service.web.admin.readiness import findings_of, spam_of
from service.web.asking import field, now

Answer = str | Response | tuple[str, int]

LONGEST_EDITORIAL = 500_000
LONGEST_TEXT = 20_000
LONGEST_LINE = 1_000
"""Characters."""

DONE = {
    "pin": "Pinned: it stands before the others.",
    "unpin": "No longer pinned.",
    "drop": "Dropped. It is kept below, should you want it back.",
    "restore": "Back in the issue.",
    "up": "Moved up",
    "down": "Moved down",
    "place": "Moved",
}
MOVES = {"up": -1, "down": 1}


class Outdated(ValueError):
    """Somebody else changed it since the form was shown."""

    def __init__(self) -> None:
        super().__init__(
            "Another editor changed this while you had it open. Nothing of yours was stored: "
            "this is how it stands now."
        )


@admin.get("/issues/<int(max=2147483647):issue_id>/desk")
@editors_only
def desk(issue_id: int) -> Answer:
    with read_scope() as session:
        issue = issue_to_shape(session, issue_id)
        if issue.state is not IssueState.DRAFT:
            flash(f"This issue is {issue.state.value}: only a draft can be changed.", "problem")
            return redirect(url_for("admin.issue", issue_id=issue.id), 303)
        return desk_page(session, issue)


@admin.post("/issues/<int(max=2147483647):issue_id>/desk/words")
@editors_only
def write_words(issue_id: int) -> Answer:
    """Store the words that were changed; those left alone go on following the entries."""
    typed = {
        "subject": field("subject"),
        "preheader": field("preheader"),
        "editorial": _lines(field("markdown", LONGEST_EDITORIAL)),
    }
    with session_scope() as session:
        issue = issue_to_shape(session, issue_id)
        try:
            curate.require_draft(session, issue)
            _require_seen(words_mark(issue))
            changed = {
                name: text
                for name, text in typed.items()
                if text.strip() != getattr(issue, name).strip()
            }
            curate.write(session, issue, **changed)
        except (BadInput, Outdated) as error:
            return desk_page(session, issue, str(error), typed=typed), 409
        except IssueFrozen as error:
            return not_a_draft(issue, error)
        if changed:
            note(session, issue, "issue.write", fields=sorted(changed))
        return to_desk(issue, "Saved." if changed else "Nothing was changed.", "words")


@admin.post("/issues/<int(max=2147483647):issue_id>/desk/entries/<int(max=2147483647):entry_id>")
@editors_only
def change_entry(issue_id: int, entry_id: int) -> Answer:
    step = field("do")
    if step not in DONE:
        abort(400)
    with session_scope() as session:
        issue = issue_to_shape(session, issue_id)
        try:
            curate.require_draft(session, issue)
            entry = _entry(session, issue, entry_id)
            said = _take_step(session, issue, entry, step)
        except (BadInput, Outdated) as error:
            return desk_page(session, issue, str(error)), 409
        except IssueFrozen as error:
            return not_a_draft(issue, error)
        note(session, issue, f"entry.{step}", entry=entry.key)
        return to_desk(issue, said, f"entry-{entry.id}")


@admin.post(
    "/issues/<int(max=2147483647):issue_id>/desk/entries/<int(max=2147483647):entry_id>/edit"
)
@editors_only
def edit_entry(issue_id: int, entry_id: int) -> Answer:
    with session_scope() as session:
        issue = issue_to_shape(session, issue_id)
        typed: dict[str, str] = {}
        try:
            curate.require_draft(session, issue)
            entry = _entry(session, issue, entry_id)
            typed = _typed(entry)
            _require_seen(entry_mark(entry))
            changed = {name: text for name, text in typed.items() if text != entry.data.get(name)}
            _check(entry, changed)
            if changed:
                curate.edit(session, entry, changed)
        except (BadInput, Outdated) as error:
            return desk_page(session, issue, str(error), editing=entry_id, typed=typed), 409
        except IssueFrozen as error:
            return not_a_draft(issue, error)
        if changed:
            note(session, issue, "entry.edit", entry=entry.key, fields=sorted(changed))
        return to_desk(issue, "Saved." if changed else "Nothing was changed.", f"entry-{entry.id}")


@admin.post("/issues/<int(max=2147483647):issue_id>/desk/rebuild")
@editors_only
def rebuild(issue_id: int) -> Answer:
    """Compose again of what is collected already, around what editors have done."""
    with session_scope() as session:
        issue = issue_to_shape(session, issue_id)
        if issue.local_date is None:
            abort(404)
        try:
            curate.require_draft(session, issue)
            build_issue(session, issue.newsletter, issue.local_date, now(), issue.kind)
        except IssueFrozen as error:
            return not_a_draft(issue, error)
        note(session, issue, "issue.rebuild")
        if issue.state is not IssueState.DRAFT:
            return not_a_draft(issue, issue.reason or "The issue is no draft any more.")
        return to_desk(issue, "Built again. What you had changed is as you left it.", "outline")


def _take_step(session: Session, issue: Issue, entry: Entry, step: str) -> str:
    """Take it, and say what is so now."""
    if step in MOVES or step == "place":
        return f"{DONE[step]}: {_move(session, issue, entry, step)}."
    _require_seen(entry_mark(entry))
    if step in ("pin", "unpin"):
        curate.pin(session, entry, pinned=step == "pin")
    else:
        curate.drop(session, entry, dropped=step == "drop")
    return DONE[step]


def _move(session: Session, issue: Issue, entry: Entry, step: str) -> str:
    """Put the entry where it was asked to stand, as a mail has them; where it stands now."""
    rows = [row for row in issue_entries(session, issue) if row.section == entry.section]
    shown = shown_order(rows)
    if field("order") != order_mark(rows) or entry not in shown:
        raise Outdated
    if step in MOVES:
        place = shown.index(entry) + 1 + MOVES[step]
    else:
        place = request.form.get("place", 0, type=int)
    curate.reorder(session, issue, entry.section, placed(rows, entry, place))
    headings = {spec.slug: spec.heading for spec in specs_of(issue.newsletter)}
    return f"{place} of {len(shown)} in {headings.get(entry.section, entry.section)}"


def issue_to_shape(session: Session, issue_id: int) -> Issue:
    issue = issue_or_404(session, issue_id)
    if issue.kind is IssueKind.MANUAL:
        abort(404)
    return issue


def _entry(session: Session, issue: Issue, entry_id: int) -> Entry:
    """The entry as the database has it now; the issue must be locked."""
    entry = session.get(Entry, entry_id, populate_existing=True)
    if entry is None or entry.issue_id != issue.id:
        raise BadInput("That entry is gone: the issue was built again meanwhile.")
    return entry


def _require_seen(mark: str) -> None:
    """Raise :class:`Outdated` unless the form was made of what is there now."""
    if field("seen") != mark:
        raise Outdated


def _typed(entry: Entry) -> dict[str, str]:
    fields = FIELDS[entry.data["kind"]]
    return {
        one.name: _lines(field(one.name, LONGEST_TEXT)).strip()
        if one.is_long
        else " ".join(field(one.name, LONGEST_LINE).split())
        for one in fields
    }


def _check(entry: Entry, changed: Mapping[str, str]) -> None:
    for one in FIELDS[entry.data["kind"]]:
        if one.is_needed and changed.get(one.name) == "":
            raise BadInput(f"{one.label}: write something, or drop the entry.")
    if changed.get("url") and not web_link(changed["url"]):
        raise BadInput("Link: give an address that begins with https:// or http://.")


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")


def desk_page(
    session: Session,
    issue: Issue,
    problem: str = "",
    *,
    editing: int | None = None,
    typed: Mapping[str, str] | None = None,
) -> str:
    """The desk; with what was typed and could not be stored still in its form."""
    session.flush()
    asks_for_spam = request.args.get("check") == "spam"
    words = {name: getattr(issue, name) for name in ("subject", "preheader", "editorial")}
    return render_template(
        "admin/desk.html",
        parts=outline_of(session, issue),
        problem=problem,
        words=words if typed is None or editing else typed,
        words_seen=words_mark(issue),
        editing=editing,
        missing=missing_sources(session, issue),
        findings=findings_of(session, issue, now()),
        may_check_spam=is_installed() and not asks_for_spam,
        spam=spam_of(session, issue, now()) if asks_for_spam else None,
        typed=typed or {},
        **drafting(issue),
    )


def drafting(issue: Issue) -> dict[str, Any]:
    """What the page is told of a model's draft."""
    return {
        "issue": issue,
        "model": settings().ai_model if Endpoint.of(settings()) else "",
        "awaited": is_awaited(issue, now()),
        "trouble": trouble(issue, now()),
    }


def not_a_draft(issue: Issue, why: object) -> Response:
    flash(str(why), "problem")
    return redirect(url_for("admin.issue", issue_id=issue.id), 303)


def to_desk(issue: Issue, said: str, anchor: str) -> Response:
    flash(said, "done")
    return redirect(url_for("admin.desk", issue_id=issue.id, _anchor=anchor), 303)


def note(session: Session, issue: Issue, action: str, **detail: object) -> None:
    subject = f"{issue.newsletter.slug} issue {issue.number}"
    audit(session, account().id, action, subject, now(), **detail)
