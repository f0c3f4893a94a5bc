"""A model's draft at the desk: ask for one, see what came of it, use it or throw it away."""

from __future__ import annotations

from flask import abort, render_template
from werkzeug.wrappers import Response

from service.config import settings
from service.db import read_scope, session_scope
from service.doorbell import Bell, ring
from service.issues.ai.asked import ask_for_draft
from service.issues.ai.client import Endpoint
from service.issues.ai.drafts import accept_draft, discard_draft
from service.issues.curate import require_draft
from service.issues.errors import BadInput, IssueFrozen
from service.web.admin.blueprint import admin
from service.web.admin.desk.draft import (
    Answer,
    Outdated,
    desk_page,
    drafting,
    issue_to_shape,
    not_a_draft,
    require_seen,
    to_desk,
)
from service.web.admin.desk.outline import mark_of, words_mark
from service.web.admin.issue.sending import note
from service.web.admin.team.accounts import editors_only
from service.web.asking import field, now

INSTEAD = "Nothing took its place: look at both as they stand now."

DONE = {
    "ask": "The model was asked. Its draft appears here when it is written.",
    "accept": "The draft is the editorial now, labelled as a model's. Change what you like.",
    "discard": "The draft was thrown away. The editorial is as it was.",
}


@admin.get("/issues/<int(max=2147483647):issue_id>/desk/draft")
@editors_only
def draft_now(issue_id: int) -> str:
    """How the draft stands, fetched by the desk while one is awaited."""
    with read_scope() as session:
        return render_template(
            "admin/desk/_draft.html", **drafting(issue_to_shape(session, issue_id))
        )


@admin.post("/issues/<int(max=2147483647):issue_id>/desk/draft")
@editors_only
def draft(issue_id: int) -> Answer | Response:
    step = field("do")
    if step not in DONE or Endpoint.of(settings()) is None:
        abort(400)
    with session_scope() as session:
        issue = issue_to_shape(session, issue_id)
        try:
            if step == "accept":
                require_draft(session, issue)
                require_seen(words_mark(issue), INSTEAD)
                require_seen(mark_of(issue.draft_editorial), INSTEAD, of="draft")
                accept_draft(session, issue, now())
            elif step == "discard":
                discard_draft(session, issue)
            elif ask_for_draft(session, issue, now()):
                ring(session, Bell.DRAFT, issue.id)
        except (BadInput, Outdated) as error:
            return desk_page(session, issue, str(error)), 409
        except IssueFrozen as error:
            return not_a_draft(issue, error)
        note(session, issue, f"draft.{step}")
        return to_desk(issue, DONE[step], "words" if step == "accept" else "draft")
