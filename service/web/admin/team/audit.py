"""The audit log: who did what, when."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from flask import Response, render_template, request

from service.db import read_scope
from service.models import Audit
from service.staff import audit_log
from service.staff.audit_log import Asked
from service.web.admin.blueprint import admin
from service.web.admin.tables import csv_row
from service.web.admin.team.accounts import owners_only

PAGE = 100
CHUNK = 2000
LARGEST_ID = 2**62
BY_NOBODY = "none"
"""In the query: what was done by no account."""


@admin.get("/audit")
@owners_only
def audit_page() -> str:
    asked, before = _asked(), request.args.get("before", type=int)
    known = before if before is not None and 0 < before < LARGEST_ID else None
    with read_scope() as session:
        rows = audit_log.page(session, asked, PAGE + 1, known)
        return render_template(
            "admin/team/audit.html",
            rows=[(note, who, _told(note)) for note, who in rows[:PAGE]],
            more=len(rows) > PAGE,
            user=request.args.get("user", ""),
            action=asked.action,
            until=request.args.get("until", "") if asked.until else "",
            doers=audit_log.doers(session),
            actions=audit_log.actions(session),
            by_nobody=BY_NOBODY,
        )


@admin.get("/audit.csv")
@owners_only
def audit_csv() -> Response:
    """All that the page would show, a chunk at a time."""
    answer = Response(_lines(_asked()), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return answer


def _lines(asked: Asked) -> Iterator[str]:
    yield csv_row(["number", "at", "who", "action", "subject", "detail"])
    before: int | None = None
    while True:
        with read_scope() as session:
            rows = audit_log.page(session, asked, CHUNK, before)
        for note, who in rows:
            detail = json.dumps(note.detail, sort_keys=True, ensure_ascii=False)
            cells = [note.id, note.at.isoformat(), who or "", note.action, note.subject, detail]
            yield csv_row(cells)
        if len(rows) < CHUNK:
            return
        before = rows[-1][0].id


def _asked() -> Asked:
    user = request.args.get("user", "")
    user_id = int(user) if user.isascii() and user.isdecimal() and len(user) < 18 else None
    action = "".join(char for char in request.args.get("action", "")[:64] if char.isprintable())
    return Asked(user_id, user == BY_NOBODY, action, _end_of(request.args.get("until", "")))


def _end_of(day: str) -> datetime | None:
    """The end of a day written as 2026-11-21, in UTC; None for what is no day."""
    try:
        return datetime.combine(date.fromisoformat(day), time(), UTC) + timedelta(days=1)
    except (ValueError, OverflowError):
        return None


def _told(note: Audit) -> str:
    """What else was noted, in one line: ``readers 1204, ip 192.0.2.7``."""
    return ", ".join(
        f"{key.replace('_', ' ')} {value}"
        for key, value in note.detail.items()
        if value is not None
    )
