"""The words of a draft are stored: by a button, and by the page itself while they are written."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

from flask import flash, redirect, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.db import session_scope
from service.issues import curate
from service.issues.errors import BadInput, IssueFrozen
from service.models import Audit, Issue
from service.web.admin.blueprint import admin
from service.web.admin.desk.draft import (
    Answer,
    Outdated,
    Refused,
    Words,
    desk_page,
    lines,
    not_a_draft,
    require_seen,
)
from service.web.admin.desk.outline import changed_since, words_mark
from service.web.admin.issue.issues import issue_or_404
from service.web.admin.issue.sending import note
from service.web.admin.team.accounts import account, editors_only
from service.web.asking import field, now

LONGEST = {"subject": 500, "preheader": 500, "editorial": 500_000}
"""Characters."""
WHOLE = 100_000_000
"""More characters than any form holds."""

GOES_ON = {"send": "admin.send_form", "test": "admin.test_form", "whom": "admin.segment_form"}
"""Where a button of the form leads once the words are stored."""

A_SITTING = timedelta(minutes=10)
"""The page stores words every few seconds: who goes on writing them is noted once in that time."""

THEIRS = (
    "Yours are in the form and are not stored; theirs stand below it. "
    "Saved again, yours take their place."
)


@admin.post("/issues/<int(max=2147483647):issue_id>/desk/words")
@editors_only
def write_words(issue_id: int) -> Answer:
    """Store the words that were changed; those left alone go on following the entries."""
    typed = typed_words()
    with session_scope() as session:
        issue = issue_or_404(session, issue_id)
        try:
            curate.require_draft(session, issue)
            changed = changed_since(field("shown"), asdict(typed), asdict(Words.of(issue)))
            if changed:  # what is stored already, by this form sent twice, is no conflict
                require_seen(words_mark(issue), THEIRS)
                check_length(typed)
                curate.write(session, issue, **changed)
        except (BadInput, Outdated) as error:
            refused = Refused(typed, is_outdated=isinstance(error, Outdated))
            return desk_page(session, issue, str(error), refused), 409
        except IssueFrozen as error:
            return not_a_draft(issue, error)
        if changed:
            note_words(session, issue, sorted(changed))
        return go_on(issue, "Saved.")


def typed_words() -> Words:
    """What is in the form, whole: what is too long must not be cut unawares."""
    subject, preheader, editorial = (
        field(name, WHOLE) for name in ("subject", "preheader", "markdown")
    )
    return Words(subject, preheader, lines(editorial))


def check_length(words: Words) -> None:
    """Raise :class:`BadInput` for what is longer than any mail should be."""
    for name, text in asdict(words).items():
        if len(text) > LONGEST[name]:
            raise BadInput(
                f"The {name} has {len(text):,} characters, and {LONGEST[name]:,} is the most: "
                "shorten it, then save it again."
            )


def go_on(issue: Issue, said: str) -> Response:
    """To where the button that was pressed leads; else to the desk, which then says *said*."""
    where = GOES_ON.get(field("then"))
    if where is not None:
        return redirect(url_for(where, issue_id=issue.id), 303)
    flash(said, "done")
    return redirect(url_for("admin.desk", issue_id=issue.id, _anchor="words"), 303)


def note_words(session: Session, issue: Issue, fields: list[str]) -> None:
    """For the audit log; nothing where its latest line says the same of a moment ago."""
    subject = f"{issue.newsletter.slug} issue {issue.number}"
    query = select(Audit).where(Audit.subject == subject).order_by(Audit.id.desc()).limit(1)
    last = session.scalars(query).first()
    if (
        last is not None
        and (last.user_id, last.action) == (account().id, "issue.write")
        and last.at > now() - A_SITTING
        and set(fields) <= set(last.detail.get("fields", ()))
    ):
        return
    note(session, issue, "issue.write", fields=fields)
