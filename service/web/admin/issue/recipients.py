"""Who got what: the readers of one issue."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from flask import Response, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audience.addresses import BadAddress, parse_address
from service.audience.csv_cells import guarded
from service.db import read_scope, session_scope
from service.delivery.history import Line, one, told
from service.delivery.history import recipients as lines_of
from service.models import DeliveryState, Subscriber
from service.staff.users import audit
from service.web.admin.blueprint import admin
from service.web.admin.issue.issues import issue_or_404
from service.web.admin.issue.progress import LABELS, progress_of
from service.web.admin.team.accounts import account, editors_only
from service.web.asking import now

PAGE = 100
CSV_PAGE = 2000
"""Rows in one transaction: a download may take minutes, and none is held open for so long."""

COLUMNS = (
    "address", "state", "reason", "attempts", "resends", "due_at", "changed_at", "message_id",
)  # fmt: skip


@admin.get("/issues/<int(max=2147483647):issue_id>/readers")
def recipients_page(issue_id: int) -> str:
    state, asked = _state(), request.args.get("q", "")[:254].strip()
    with read_scope() as session:
        issue = issue_or_404(session, issue_id)
        if asked:
            found = _subscriber(session, asked)
            line = None if found is None else one(session, issue.id, found.id)
            lines = [] if line is None else [line]
        else:
            lines = lines_of(session, issue.id, state=state, after=_number("after"), limit=PAGE + 1)
        shown = lines[:PAGE]
        return render_template(
            "admin/issue/recipients.html",
            issue=issue,
            lines=shown,
            told=told(session, [line.delivery_id for line in shown]),
            more=len(lines) > PAGE,
            state=state,
            asked=asked,
            labels=LABELS,
            progress=progress_of(session, issue, now()),
        )


@admin.get("/issues/<int(max=2147483647):issue_id>/readers.csv")
@editors_only
def recipients_csv(issue_id: int) -> Response:
    """All of them with their addresses; who took them along stands in the audit log."""
    state = _state()
    with session_scope() as session:
        issue = issue_or_404(session, issue_id)
        said = {"state": state.value} if state else {}
        audit(session, account().id, "issue.readers.export", f"issue {issue.id}", now(), **said)
        name = f"{issue.newsletter.slug}-{issue.number}{f'-{state.value}' if state else ''}.csv"
    answer = Response(_csv(issue_id, state), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _state() -> DeliveryState | None:
    asked = request.args.get("state", "")
    return DeliveryState(asked) if asked in set(DeliveryState) else None


def _number(name: str) -> int:
    """A place to go on from; 0 when none is given, or none that there can be."""
    given = request.args.get(name, 0, type=int)
    return given if 0 < given < 2**62 else 0


def _subscriber(session: Session, address: str) -> Subscriber | None:
    try:
        key = parse_address(address).key
    except BadAddress:
        return None
    return session.scalars(select(Subscriber).where(Subscriber.email_key == key)).one_or_none()


def _csv(issue_id: int, state: DeliveryState | None) -> Iterator[str]:
    yield _row(COLUMNS)
    after = 0
    while True:
        with read_scope() as session:
            lines = lines_of(session, issue_id, state=state, after=after, limit=CSV_PAGE)
        if not lines:
            return
        yield "".join(_row(_cells(line)) for line in lines)
        after = lines[-1].subscriber_id


def _cells(line: Line) -> tuple[str, ...]:
    return (
        line.address or "",
        line.state.value,
        line.reason or "",
        str(line.attempt),
        str(line.resends),
        line.due_at.isoformat(),
        line.changed_at.isoformat(),
        line.message_id or "",
    )


def _row(cells: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([guarded(cell) for cell in cells])
    return text.getvalue()
