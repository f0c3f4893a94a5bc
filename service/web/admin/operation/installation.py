"""Whether the installation is fit to send: SES, its events, and the doctor's lines."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.config import aws_region, settings
from service.db import read_scope, session_scope
from service.delivery.lag import hears, what_is_behind
from service.doorbell import Bell, ring
from service.models import Examination, Suppression
from service.provisioning.doctor.finding import Status
from service.provisioning.doctor.kept import ask, latest, under_way
from service.staff.users import audit
from service.web.admin.blueprint import admin
from service.web.admin.team.accounts import account, editors_only
from service.web.asking import now

MOST_COUNTED = 100_000
ACCOUNT, QUOTA = "SES account", "SES quota"
WORST_FIRST = (Status.FAILED, Status.UNKNOWN, Status.WARNING, Status.OK)


@admin.get("/health")
def installation() -> str:
    with read_scope() as session:
        chosen, at = settings(), now()
        return render_template(
            "admin/operation/installation.html",
            settings=chosen,
            region=aws_region(),
            hears=hears(chosen),
            behind=what_is_behind(session, chosen, at),
            suppressed=_suppressed(session),
            most=MOST_COUNTED,
            **_examined(session),
        )


@admin.get("/health/lines")
def doctor_lines() -> str:
    """The doctor's lines alone, fetched again while it is at work."""
    with read_scope() as session:
        return render_template("admin/operation/_doctor.html", **_examined(session))


@admin.post("/health/examine")
@editors_only
def examine() -> Response:
    """A worker does it: some of what is asked takes a minute to answer."""
    with session_scope() as session:
        row = ask(session, now())
        ring(session, Bell.EXAMINE, row.id)
        audit(session, account().id, "doctor.run", "installation", now())
    flash("The doctor was called. Its lines appear below as it finds them.", "done")
    return redirect(url_for("admin.installation", _anchor="doctor"), 303)


def _examined(session: Session) -> dict[str, Any]:
    found = latest(session)
    running = found[0] if found and under_way(found[0], now()) else None
    lost = found[0] if found and running is None and found[0].finished_at is None else None
    shown = running if running is not None and running.findings else _ended(found)
    findings = shown.findings if shown else []
    lines = {finding["check"]: finding for finding in findings}
    return {
        "running": running,
        "lost": lost,
        "shown": shown,
        "findings": sorted(findings, key=lambda one: WORST_FIRST.index(Status(one["status"]))),
        "account_line": lines.get(ACCOUNT),
        "quota_line": lines.get(QUOTA),
        "now": now(),
    }


def _ended(found: list[Examination]) -> Examination | None:
    return next((one for one in found if one.finished_at is not None), None)


def _suppressed(session: Session) -> int:
    some = select(Suppression.id).limit(MOST_COUNTED + 1).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0
