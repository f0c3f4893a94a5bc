"""What is done with a file of readers: mapped and checked, brought in, stopped, undone."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from pydantic import ValidationError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.audience.imports import jobs
from service.audience.imports.plan import (
    LONGEST_STATEMENT,
    MOST_AN_HOUR,
    BadPlan,
    Means,
    Plan,
    Standing,
)
from service.audience.imports.presets import BY_NAME
from service.audience.imports.records import MOST_COLUMNS
from service.audience.imports.upload import BadFile
from service.audience.tags import BadTag, clean_tags
from service.db import session_scope
from service.models import Import
from service.staff.users import audit
from service.web.admin.blueprint import admin
from service.web.admin.readers.imports import Answer, import_or_404, page_of
from service.web.admin.team.accounts import account, editors_only
from service.web.admin.team.proving import recently_proved
from service.web.asking import field, now


@admin.post("/imports/<int(max=2147483647):import_id>/check")
@editors_only
def check_import(import_id: int) -> Answer:
    """Take the plan and have the file checked by it; or guess anew for another service."""
    with session_scope() as session:
        job = import_or_404(session, import_id)
        before = jobs.plan_of(job)
        try:
            sheet = jobs.sheet_of(job)
            if request.form.get("do") == "guess":
                preset = BY_NAME.get(field("preset"))
                guessed = jobs.suggested(sheet, job.file_name, preset)
                plan = _asked(before).model_copy(
                    update={"columns": guessed.columns, "preset": field("preset")}
                )
                jobs.replan(session, job, plan)
                return _back(job)
            jobs.check(session, job, _asked(before))
        except (BadFile, BadPlan, BadTag, jobs.NotNow) as error:
            return _again(session, job, str(error), before)
        except ValidationError:
            problem = f"The mails an hour must be a whole number from 1 to {MOST_AN_HOUR:,}."
            return _again(session, job, problem, before)
        audit(session, account().id, "import.check", f"import {job.id}", now())
        return _back(job)


@admin.post("/imports/<int(max=2147483647):import_id>/<any(start,stop,undo):step>")
@editors_only
@recently_proved
def move_import(import_id: int, step: str) -> Response:
    with session_scope() as session:
        job = import_or_404(session, import_id)
        try:
            if step == "start":
                jobs.start(session, job, now())
            elif step == "stop":
                jobs.stop(session, job, now())
            else:
                jobs.undo(session, job)
        except (jobs.NotNow, BadFile) as error:
            flash(str(error), "problem")
        else:
            audit(session, account().id, f"import.{step}", f"import {job.id}", now())
        return _back(job)


@admin.post("/imports/<int(max=2147483647):import_id>/discard")
@editors_only
def discard_import(import_id: int) -> Response:
    with session_scope() as session:
        job = import_or_404(session, import_id)
        name = job.file_name
        try:
            jobs.discard(session, job)
        except jobs.NotNow as error:
            flash(str(error), "problem")
            return _back(job)
        audit(session, account().id, "import.discard", f"import {import_id}", now(), file=name)
    flash(f"{name} was thrown away. Nobody came in by it.", "done")
    return redirect(url_for("admin.imports"), 303)


def _asked(before: Plan) -> Plan:
    """The plan in the form. Raises ``BadTag`` or ``ValidationError``."""
    return Plan.model_validate({**_typed(before), "tags": clean_tags(field("tags"))})


def _typed(before: Plan) -> dict[str, Any]:
    """What the form says, right or wrong."""
    columns = {
        place: Means(value)
        for place in range(MOST_COLUMNS)
        if (value := field(f"column-{place}")) in set(Means)
    }
    rows_are = field("rows_are")
    return {
        **before.model_dump(),
        "columns": columns,
        "rows_are": Standing(rows_are) if rows_are in set(Standing) else before.rows_are,
        "ask": field("ask") == "yes",
        "an_hour": field("an_hour") or before.an_hour,
        "tags": [field("tags")],
        "statement": " ".join(field("statement", LONGEST_STATEMENT).split()),
        "by": account().email,
    }


def _again(session: Session, job: Import, problem: str, before: Plan) -> Answer:
    """The page once more, with what was typed."""
    return page_of(session, job, problem, Plan.model_construct(**_typed(before))), 400


def _back(job: Import) -> Response:
    return redirect(url_for("admin.one_import", import_id=job.id), 303)
