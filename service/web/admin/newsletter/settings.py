"""A newsletter's settings: what its file says, as forms. Only owners come here."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from service.config import settings as installation
from service.db import read_scope, session_scope
from service.message.headers import Mailing, list_headers
from service.models import Newsletter
from service.newsletters import archive as archiving
from service.newsletters.edit import BadEdit, Raw, plain
from service.newsletters.file import dump_newsletter
from service.newsletters.rows import describe
from service.newsletters.spec import ScheduleSpec
from service.staff.users import audit
from service.web.admin.blueprint import admin
from service.web.admin.newsletter.changing import Faults, apply, newsletter_to_change
from service.web.admin.newsletter.merging import WAS, merge, shown_as
from service.web.admin.newsletter.settings_fields import TABS, faults_at, put, shown, typed
from service.web.admin.numbers.upcoming import clock_change, upcoming
from service.web.admin.team.accounts import account, owners_only
from service.web.admin.team.proving import recently_proved
from service.web.asking import field, newsletter_or_404, now
from service.web.zones import zones_by_region

Answer = str | AnyResponse | tuple[str, int]


@admin.get("/settings/")
@owners_only
def all_settings() -> str:
    with read_scope() as session:
        everyone = session.scalars(select(Newsletter).order_by(Newsletter.name)).all()
        return render_template("admin/newsletter/all_settings.html", newsletters=everyone)


@admin.get("/settings/<slug:newsletter>/")
@owners_only
def settings(newsletter: str) -> AnyResponse:
    return redirect(url_for("admin.settings_tab", newsletter=newsletter, tab="identity"))


@admin.get("/settings/<slug:newsletter>/<any(identity, schedule, sending):tab>")
@owners_only
def settings_tab(newsletter: str, tab: str) -> str:
    with read_scope() as session:
        row = newsletter_or_404(session, newsletter)
        return _page(session, row, tab, shown(TABS[tab], plain(describe(session, row))))


@admin.post("/settings/<slug:newsletter>/<any(identity, schedule, sending):tab>")
@owners_only
@recently_proved
def save_settings(newsletter: str, tab: str) -> Answer:
    with session_scope() as session:
        row = newsletter_to_change(session, newsletter)
        kept = shown(TABS[tab], plain(describe(session, row)))
        values, clashes = merge(field(WAS, 50_000), typed(TABS[tab], request.form), kept)
        if clashes:
            return _page(session, row, tab, values, clashes), 409
        try:
            changed = apply(
                session, row, lambda raw: put(TABS[tab], values, raw), f"newsletter.{tab}"
            )
        except BadEdit as error:
            return _page(session, row, tab, values, faults_at(error, TABS[tab])), 400
    say_saved(changed)
    if "sender.address" in changed:
        flash("Mail comes from another address now. Have the doctor look, on the page Health, "
              "whether Amazon lets it.", "problem")  # fmt: skip
    return redirect(url_for("admin.settings_tab", newsletter=newsletter, tab=tab), 303)


@admin.post("/settings/<slug:newsletter>/schedule/next")
@owners_only
def next_issues(newsletter: str) -> str:
    """When the issues of the schedule in the form would come; nothing is stored."""
    with read_scope() as session:
        raw = plain(describe(session, newsletter_or_404(session, newsletter)))
    put(TABS["schedule"], typed(TABS["schedule"], request.form), raw)
    return render_template("admin/newsletter/_upcoming.html", **coming(raw))


@admin.get("/settings/<slug:newsletter>/file")
@owners_only
def newsletter_file(newsletter: str) -> Response:
    with read_scope() as session:
        text = dump_newsletter(session, newsletter_or_404(session, newsletter).slug)
    response = Response(text, content_type="application/toml; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{newsletter}.toml"'
    return response


@admin.post("/settings/<slug:newsletter>/<any(archive, restore):step>")
@owners_only
@recently_proved
def archive_newsletter(newsletter: str, step: str) -> AnyResponse:
    with session_scope() as session:
        row = newsletter_to_change(session, newsletter)
        if step == "restore":
            archiving.restore(row, now())
            said = f"{row.name} goes on by its schedule."
        else:
            try:
                archiving.archive(session, row, now())
            except archiving.NotYet as error:
                flash(str(error), "problem")
                return redirect(url_for("admin.settings", newsletter=newsletter), 303)
            said = f"{row.name} is archived. Its readers, issues and pages stay."
        audit(session, account().id, f"newsletter.{step}", newsletter, now())
    flash(said, "done")
    return redirect(url_for("admin.all_settings"), 303)


def coming(raw: Raw) -> dict[str, Any]:
    """The next issues of a description's schedule; ``schedule`` is None when it does not hold."""
    try:
        schedule = ScheduleSpec.model_validate(raw["schedule"])
    except ValidationError:
        return {"schedule": None}
    return {
        "schedule": schedule,
        "runs": upcoming(schedule, now()),
        "change": clock_change(schedule, now()),
    }


def say_saved(changed: object) -> None:
    flash("Saved." if changed else "Nothing was changed.", "done")


def everyone_and(row: Newsletter, session: Session) -> dict[str, Any]:
    """What each page of settings shows around its form."""
    newsletters = session.scalars(select(Newsletter).order_by(Newsletter.name)).all()
    return {"newsletter": row, "newsletters": newsletters}


def _page(
    session: Session,
    row: Newsletter,
    tab: str,
    values: dict[str, Any],
    faults: Faults | None = None,
) -> str:
    raw = plain(describe(session, row))
    was = shown_as(shown(TABS[tab], raw))
    if tab == "schedule":
        put(TABS[tab], values, raw)
    return render_template(
        f"admin/newsletter/settings_{tab}.html",
        **everyone_and(row, session),
        here=tab,
        fields=TABS[tab],
        values=values,
        was=was,
        faults=faults or Faults(),
        zones=zones_by_region() if tab == "schedule" else {},
        list_id=_list_id(row),
        **(coming(raw) if tab == "schedule" else {}),
    )


def _list_id(row: Newsletter) -> str:
    mailing = Mailing(installation().base_url, row.slug, row.name, "daily", 1)
    return list_headers(mailing).get("List-Id", "")
