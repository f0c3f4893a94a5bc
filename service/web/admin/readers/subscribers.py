"""Who reads, who left, who is left alone: found, shown page by page, and taken along as CSV."""

from __future__ import annotations

from datetime import datetime

from flask import Response, abort, render_template, request

from service.audience.csv_export import export_found
from service.audience.search import find
from service.audience.tags import tags_of
from service.db import read_scope, session_scope
from service.staff.users import audit
from service.web.admin.blueprint import admin
from service.web.admin.readers.seeking import menus, place_asked, place_text, seek, words
from service.web.admin.team.accounts import account, editors_only
from service.web.asking import now

PAGE = 50


@admin.get("/subscribers")
def subscribers() -> str:
    """Each page goes on where the one before ended, so that none is ever slow."""
    with read_scope() as session:
        asked = seek(session)
        rows = find(session, asked.asked, now(), after=place_asked(), limit=PAGE + 1)
        shown = rows[:PAGE]
        filters = menus(session)
        more = shown[-1].place if len(rows) > PAGE else None
        return render_template(
            "admin/readers/subscribers.html",
            rows=shown,
            tags=tags_of(session, {row.subscription.subscriber_id for row in shown}),
            more=place_text(more) if more else "",
            further="after" in request.args,
            seek=asked,
            now=now(),
            menus=filters,
            several=any(menu.name == "newsletter" for menu in filters),
        )


@admin.get("/subscribers.csv")
@editors_only
def subscribers_csv() -> Response:
    """All who are found, streamed; who took it along stands in the audit log."""
    at = now()
    with session_scope() as session:
        asked = seek(session)
        if asked.problem:  # else a slip of the pen takes everybody along
            abort(400)
        said = words(asked, session) or "everyone"
        audit(session, account().id, "subscribers.export", said, at)
    answer = Response(export_found(read_scope, asked.asked, at), mimetype="text/csv")
    name = _file_name(asked.get("newsletter"), at)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _file_name(newsletter: str, at: datetime) -> str:
    which = newsletter if newsletter.replace("-", "").isalnum() and newsletter.isascii() else ""
    return f"{which or 'subscribers'}-{at:%Y-%m-%d}.csv"
