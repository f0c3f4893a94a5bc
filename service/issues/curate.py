"""The editor's hand on a draft: pin, drop, reorder, edit. A rebuild leaves all of it alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.issues.errors import BadInput, IssueFrozen
from service.issues.gather import ENTRY
from service.issues.words import follow, sections_now
from service.models import Entry, Issue, IssueState


def locked_issue(session: Session, issue: Issue) -> Issue:
    """*issue* as the database has it now; others wait until this transaction ends."""
    session.flush()
    session.refresh(issue, with_for_update={"of": Issue})
    return issue


def require_draft(session: Session, issue: Issue) -> None:
    """Lock *issue*; raises :class:`IssueFrozen` unless it is a draft."""
    if locked_issue(session, issue).state is not IssueState.DRAFT:
        raise IssueFrozen(
            f"Issue {issue.number} is {issue.state.value}: only a draft can be changed. "
            "Reopen it first if it has not begun to go out."
        )


def pin(session: Session, entry: Entry, *, pinned: bool = True) -> None:
    """Put an entry before all that are not pinned, or let it go back."""
    require_draft(session, entry.issue)
    entry.pinned = pinned
    _refollow(session, entry.issue)


def drop(session: Session, entry: Entry, *, dropped: bool = True) -> None:
    """Leave an entry out, and whatever repeats it; or take it back in."""
    require_draft(session, entry.issue)
    entry.dropped = dropped
    _refollow(session, entry.issue)


def edit(session: Session, entry: Entry, changes: Mapping[str, Any]) -> None:
    """Change fields of an entry; raises :class:`BadInput` for what its kind does not have."""
    require_draft(session, entry.issue)
    if "kind" in changes:
        raise BadInput("An entry stays of its kind; drop it and add another.")
    try:
        value = ENTRY.validate_python({**entry.data, **changes})
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(str(step) for step in problem["loc"][1:]) or "entry"
        raise BadInput(f"{field}: {problem['msg']}.") from error
    entry.data = value.model_dump(mode="json")
    entry.touched = True
    _refollow(session, entry.issue)


def reorder(session: Session, issue: Issue, section: str, keys: Sequence[str]) -> None:
    """Put the entries of *section* into the order of *keys*; those not named follow as they were.

    Entries that changed places count as touched. Raises :class:`BadInput` for a key that the
    section does not have.
    """
    require_draft(session, issue)
    rows = session.scalars(
        select(Entry)
        .where(Entry.issue_id == issue.id, Entry.section == section)
        .order_by(Entry.position, Entry.id)
    ).all()
    known = {row.key: row for row in rows}
    unknown = [key for key in keys if key not in known]
    if unknown or len(set(keys)) < len(keys):
        raise BadInput(
            "The section has changed meanwhile: load the page again, then put it in order."
        )
    named = [known[key] for key in keys]
    for position, row in enumerate([*named, *(row for row in rows if row.key not in keys)]):
        if row.position != position:
            row.position = position
            row.touched = True
    _refollow(session, issue)


def write(
    session: Session,
    issue: Issue,
    *,
    subject: str | None = None,
    preheader: str | None = None,
    editorial: str | None = None,
) -> None:
    """Set the words of a draft; None leaves a field alone, an empty editorial means none.

    Raises :class:`BadInput` for a subject that is empty or has line breaks.
    """
    require_draft(session, issue)
    if subject is not None:
        issue.subject = checked_subject(subject)
        issue.words_touched = True
    if preheader is not None:
        issue.preheader = " ".join(preheader.split())
        issue.words_touched = True
    if editorial is not None:
        issue.editorial = editorial.strip()
        issue.editorial_origin = "editor"


def checked_subject(text: str) -> str:
    """*text* as a subject line; raises :class:`BadInput`."""
    if any(ord(char) < 32 or char in "\x7f\x85\u2028\u2029" for char in text.strip(" ")):
        raise BadInput("A subject is one line, without control characters.")
    if not text.strip():
        raise BadInput("Write a subject: readers see it before anything else.")
    return text.strip()


def _refollow(session: Session, issue: Issue) -> None:
    session.flush()
    follow(issue, sections_now(session, issue))
