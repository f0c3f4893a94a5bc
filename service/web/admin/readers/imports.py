"""Readers from a file: bring it, see what came of it, mend its bad rows."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask, Response, abort, redirect, render_template, request, url_for
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from service.audience.imports.jobs import (
    FIRST_ROWS,
    add_import,
    bring,
    plan_of,
    sheet_of,
)
from service.audience.imports.plan import (
    LABELS,
    LONGEST_STATEMENT,
    MOST_AN_HOUR,
    Plan,
    Standing,
)
from service.audience.imports.presets import PRESETS
from service.audience.imports.records import Sheet, first_rows
from service.audience.imports.run import MOST_PROBLEMS
from service.audience.imports.told import PAGE as CSV_PAGE
from service.audience.imports.told import as_csv, heading, problems
from service.audience.imports.undo import Fate, staying
from service.audience.imports.upload import MOST_BYTES, BadFile
from service.db import read_scope, session_scope
from service.models import Import, ImportState, Newsletter
from service.staff.users import audit
from service.web.admin.blueprint import admin
from service.web.admin.readers.going_on import ENDED, going_on
from service.web.admin.readers.import_shown import shown_of
from service.web.admin.team.accounts import account, editors_only
from service.web.asking import field, newsletter_or_404, now

Answer = str | AnyResponse | tuple[str, int]

LISTED = 20
BAD_ROWS = 50
ROUND_THE_FILE = 64 * 1024
"""Bytes of a form beside its file."""

SAID = {
    ImportState.UPLOADED: "to be mapped",
    ImportState.CHECKING: "being checked",
    ImportState.CHECKED: "checked",
    ImportState.RUNNING: "running",
    ImportState.DONE: "done",
    ImportState.FAILED: "failed",
    ImportState.UNDOING: "being undone",
    ImportState.UNDONE: "undone",
}


STAYS = {
    Fate.TOUCHED: "confirmed, chose or left since",
    Fate.MAILED: "something was sent to them",
}

STANDINGS = (
    (Standing.SUBSCRIBED, "subscribed"),
    (Standing.UNCONFIRMED, "never confirmed: left out, unless asked"),
    (Standing.LEFT, "unsubscribed"),
    (Standing.BOUNCED, "bounced: suppressed"),
    (Standing.COMPLAINED, "complained: suppressed"),
    (Standing.BLOCKED, "blocked: suppressed"),
)


def let_files_in(app: Flask) -> None:
    """Raise the limit of a form for the one page that takes a large file, and only for editors.

    To be registered before whatever looks into forms.
    """

    @app.before_request
    def _raise() -> None:
        brings = request.method == "POST" and request.path == "/admin/imports"
        if brings and current_user.is_authenticated and current_user.may_edit:
            request.max_content_length = MOST_BYTES + ROUND_THE_FILE


@admin.get("/imports")
@editors_only
def imports() -> str:
    with read_scope() as session:
        return _list(session)


@admin.post("/imports")
@editors_only
def upload() -> Answer:
    """Keep the file, and go on to what its columns mean."""
    given = request.files.get("file")
    if given is None or not given.filename:
        return _not_taken("Choose the file first.")
    with read_scope() as session:
        newsletter = newsletter_or_404(session, field("newsletter"))
        newsletter_id, ended = newsletter.id, newsletter.archived_at is not None
    if ended:
        return _not_taken(ENDED.format(name=newsletter.name))
    try:
        brought = bring(given.stream, given.filename, field("preset"))  # type: ignore[arg-type]  # a binary stream that can be read again
    except BadFile as error:
        return _not_taken(str(error))
    finally:
        given.close()
    with session_scope() as session:
        newsletter = session.get_one(Newsletter, newsletter_id)
        job = add_import(session, newsletter, brought, now(), account().id)
        audit(session, account().id, "import.upload", f"import {job.id}", now(), file=job.file_name)
    return redirect(url_for("admin.one_import", import_id=job.id), 303)


@admin.get("/imports/<int(max=2147483647):import_id>")
@editors_only
def one_import(import_id: int) -> str:
    with read_scope() as session:
        return page_of(session, import_or_404(session, import_id))


@admin.get("/imports/<int(max=2147483647):import_id>/now")
@editors_only
def import_now(import_id: int) -> str:
    """How it stands, fetched by its page while something is under way."""
    with read_scope() as session:
        shown = shown_of(session, import_or_404(session, import_id))
        return render_template("admin/readers/_import_now.html", shown=shown, said=SAID)


@admin.get("/imports/<int(max=2147483647):import_id>/bad-rows.csv")
@editors_only
def bad_rows(import_id: int) -> Response:
    """The rows that could not be read, to be mended and brought again."""
    with read_scope() as session:
        job = import_or_404(session, import_id)
        plan = plan_of(job)
        name = f"bad-rows-of-import-{job.id}.csv"
    answer = Response(_csv(import_id, plan), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def import_or_404(session: Session, import_id: int) -> Import:
    return session.get(Import, import_id) or abort(404)


def page_of(session: Session, job: Import, problem: str = "", plan: Plan | None = None) -> str:
    """The page of one import; with a *problem*, the *plan* that was asked for and not taken."""
    sheet = _sheet(job)
    after = min(max(request.args.get("after", 0, type=int), 0), 2**31 - 1)
    bad = problems(session, job.id, after, BAD_ROWS + 1)
    return render_template(
        "admin/readers/import.html",
        shown=shown_of(session, job),
        newsletter=session.get_one(Newsletter, job.newsletter_id),
        said=SAID,
        problem=problem,
        plan=plan or plan_of(job),
        sheet=sheet,
        samples=_samples(sheet),
        bad=bad[:BAD_ROWS],
        more=len(bad) > BAD_ROWS,
        staying=staying(session, job, BAD_ROWS) if job.state is ImportState.UNDONE else [],
        stays=STAYS,
        presets=PRESETS,
        labels=LABELS,
        standings=STANDINGS,
        most_an_hour=MOST_AN_HOUR,
        most_problems=MOST_PROBLEMS,
        longest=LONGEST_STATEMENT,
    )


def _list(session: Session, problem: str = "") -> str:
    before = request.args.get("before", type=int)
    query = select(Import).order_by(Import.id.desc()).limit(LISTED + 1)
    if before is not None and 0 < before < 2**31:
        query = query.where(Import.id < before)
    found = session.scalars(query).all()
    return render_template(
        "admin/readers/imports.html",
        newsletters=going_on(session),
        rows=[shown_of(session, job) for job in found[:LISTED]],
        more=found[LISTED - 1].id if len(found) > LISTED else None,
        presets=PRESETS,
        chosen=(field("newsletter"), field("preset")),
        said=SAID,
        problem=problem,
        most=MOST_BYTES // 2**20,
    )


def _not_taken(problem: str) -> Answer:
    with read_scope() as session:
        return _list(session, problem), 400


def _sheet(job: Import) -> Sheet | None:
    """The beginning of its file; None when that is done with and gone."""
    try:
        return sheet_of(job)
    except BadFile:
        return None


def _samples(sheet: Sheet | None) -> list[list[str]]:
    """The first cells of each column."""
    if sheet is None:
        return []
    rows = first_rows(sheet, FIRST_ROWS)
    return [
        [row[place] for row in rows if row[place].strip()][:3]
        for place in range(len(sheet.columns))
    ]


def _csv(import_id: int, plan: Plan) -> Iterator[str]:
    yield "\ufeff" + heading(
        plan.names, plan.delimiter
    )  # Excel takes what has no mark for Windows-1252
    after = 0
    while True:
        with read_scope() as session:
            rows = problems(session, import_id, after, CSV_PAGE)
        if not rows:
            return
        yield "".join(as_csv(rows, plan.delimiter))
        after = rows[-1].line
