"""An editor's hand on the entries of a draft: pin, drop, move, edit, build again."""

from __future__ import annotations

from collections.abc import Mapping

from flask import abort, request
from sqlalchemy.orm import Session

from service.db import session_scope
from service.issues import curate
from service.issues.build import build_issue, issue_entries
from service.issues.errors import BadInput, IssueFrozen
from service.issues.words import specs_of
from service.models import Entry, Issue, IssueState
from service.rendering.filters import web_link
from service.web.admin.blueprint import admin
from service.web.admin.desk.draft import (
    Answer,
    Outdated,
    Refused,
    desk_page,
    issue_to_shape,
    lines,
    not_a_draft,
    require_seen,
    to_desk,
)
from service.web.admin.desk.outline import FIELDS, entry_mark, order_mark, placed, shown_order
from service.web.admin.issue.sending import note
from service.web.admin.team.accounts import editors_only
from service.web.asking import field, now

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
            require_seen(entry_mark(entry))
            changed = {name: text for name, text in typed.items() if text != entry.data.get(name)}
            _check(entry, changed)
            if changed:
                curate.edit(session, entry, changed)
        except (BadInput, Outdated) as error:
            return desk_page(session, issue, str(error), Refused(entry=entry_id, fields=typed)), 409
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
    require_seen(entry_mark(entry))
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


def _entry(session: Session, issue: Issue, entry_id: int) -> Entry:
    """The entry as the database has it now; the issue must be locked."""
    entry = session.get(Entry, entry_id, populate_existing=True)
    if entry is None or entry.issue_id != issue.id:
        raise BadInput("That entry is gone: the issue was built again meanwhile.")
    return entry


def _typed(entry: Entry) -> dict[str, str]:
    fields = FIELDS[entry.data["kind"]]
    return {
        one.name: lines(field(one.name, LONGEST_TEXT)).strip()
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
