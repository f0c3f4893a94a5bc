"""The sources of a newsletter: how each fares, and what is done with one that is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.db import read_scope, session_scope
from service.doorbell import Bell, ring
from service.models import Newsletter, Source, SourceState
from service.models.document import SectionSpec
from service.newsletters.edit import BadEdit, Raw
from service.sources.care import Word, holdings, hurry, items_since, remove, standing_of
from service.staff.users import audit
from service.web.admin.blueprint import admin
from service.web.admin.newsletter.changing import apply, newsletter_to_change
from service.web.admin.team.accounts import account, editors_only
from service.web.asking import newsletter_or_404, now

WEEK = timedelta(days=7)
AWAITED = timedelta(minutes=3)
"""How long the page looks for the answer of a source that somebody asked for."""

SAID: dict[Word, str] = {
    "well": "well",
    "new": "not read yet",
    "damaged": "read in part",
    "failing": "failing",
    "gone": "gone for good",
    "paused": "paused",
}


@dataclass(frozen=True)
class Line:
    """One source in the list."""

    row: Source
    word: Word
    week: int
    """Items that came within seven days."""
    awaited: bool
    """Somebody asked for it, and no answer has come yet."""

    @property
    def said(self) -> str:
        return SAID[self.word]


@admin.get("/sources/")
def all_sources() -> str | Response:
    with read_scope() as session:
        first = session.scalars(select(Newsletter).order_by(Newsletter.name).limit(1)).first()
        if first is None:
            return render_template("admin/newsletter/sources.html", newsletter=None, newsletters=[])
        return redirect(url_for("admin.sources", newsletter=first.slug))


@admin.get("/sources/<slug:newsletter>")
def sources(newsletter: str) -> str:
    with read_scope() as session:
        found = newsletter_or_404(session, newsletter)
        return sources_page(session, found)


@admin.get("/sources/<slug:newsletter>/rows")
def source_rows(newsletter: str) -> str:
    """The list alone, fetched again while somebody waits for an answer."""
    with read_scope() as session:
        found = newsletter_or_404(session, newsletter)
        return render_template("admin/newsletter/_source_rows.html", **_listed(session, found))


def sources_page(session: Session, newsletter: Newsletter, **trying: object) -> str:
    """With *trying*: the address that was ``typed`` and its ``problem``."""
    everyone = session.scalars(select(Newsletter).order_by(Newsletter.name)).all()
    return render_template(
        "admin/newsletter/sources.html",
        newsletters=everyone,
        **_listed(session, newsletter),
        **trying,
    )


@admin.post("/sources/<slug:newsletter>/of/<slug:source>/<any(pause, resume, fetch):step>")
@editors_only
def step_source(newsletter: str, source: str, step: str) -> Response:
    with session_scope() as session:
        owner = newsletter_to_change(session, newsletter)
        row = source_or_404(session, owner, source)
        try:
            said = _take_step(session, owner, row, step)
        except BadEdit as error:
            flash(str(error), "problem")
            return to_list(newsletter)
    flash(said, "done")
    return to_list(newsletter, source if step != "pause" else "")


@admin.route("/sources/<slug:newsletter>/of/<slug:source>/remove", methods=["GET", "POST"])
@editors_only
def remove_source(newsletter: str, source: str) -> str | Response:
    """First what would go with it, then, by a button, gone."""
    if request.method != "POST":
        with read_scope() as session:
            owner = newsletter_or_404(session, newsletter)
            row = source_or_404(session, owner, source)
            return render_template(
                "admin/newsletter/remove_source.html",
                newsletter=owner,
                source=row,
                holds=holdings(session, row),
            )
    with session_scope() as session:
        owner = newsletter_to_change(session, newsletter)
        row = source_or_404(session, owner, source)
        name, url = row.name, row.url
        gone = remove(session, row)
        owner.edited_at = now()
        subject = f"{newsletter} source {source}"
        audit(session, account().id, "source.remove", subject, now(), url=url, items=gone.items)
    flash(
        f"{name} was removed with {gone.items:,} items. Issues keep what was made of them.", "done"
    )
    return redirect(url_for("admin.sources", newsletter=newsletter), 303)


def to_list(newsletter: str, asked: str = "") -> Response:
    """To the list, which shows the answer of the source *asked* as it comes."""
    at = int(now().timestamp()) if asked else None
    return redirect(
        url_for("admin.sources", newsletter=newsletter, asked=asked or None, at=at), 303
    )


def source_or_404(session: Session, newsletter: Newsletter, slug: str) -> Source:
    found = session.scalars(
        select(Source).where(Source.newsletter_id == newsletter.id, Source.slug == slug)
    ).one_or_none()
    return found or abort(404)


def _take_step(session: Session, owner: Newsletter, row: Source, step: str) -> str:
    """Take it; what is so now."""
    subject = f"source {row.slug}"
    if step == "fetch":
        if row.state is not SourceState.ACTIVE:
            raise BadEdit({(): f"{row.name} is not read at present: resume it first."})
        hurry(row)
        ring(session, Bell.COLLECT, row.id)
        audit(session, account().id, "source.fetch", f"{owner.slug} {subject}", now())
        return f"{row.name} is being asked."
    if step == "resume":
        if row.state is SourceState.MUTED:  # the description calls only what we paused so
            row.state, row.failures = SourceState.ACTIVE, 0
            audit(session, account().id, "source.resume", f"{owner.slug} {subject}", now())
        apply(session, owner, _paused(row.slug, to=False), "source.resume", subject)
        hurry(row)
        ring(session, Bell.COLLECT, row.id)
        return f"{row.name} is read again, beginning now."
    apply(session, owner, _paused(row.slug, to=True), "source.pause", subject)
    return f"{row.name} is paused. What it gave so far stays."


def _paused(slug: str, *, to: bool) -> Callable[[Raw], None]:
    def change(raw: Raw) -> None:
        next(source for source in raw["sources"] if source["slug"] == slug)["paused"] = to

    return change


def _listed(session: Session, newsletter: Newsletter) -> dict[str, object]:
    rows = session.scalars(
        select(Source).where(Source.newsletter_id == newsletter.id).order_by(Source.name)
    ).all()
    week = items_since(session, newsletter.id, now() - WEEK)
    asked, since = request.args.get("asked", ""), _asked_at()
    lines = [
        Line(
            row,
            standing_of(row),
            week.get(row.id, 0),
            awaited=row.slug == asked and _is_awaited(row, since, now()),
        )
        for row in rows
    ]
    specs = [SectionSpec.model_validate(spec) for spec in newsletter.sections]
    groups = [(spec, [line for line in lines if line.row.section == spec.slug]) for spec in specs]
    known = {spec.slug for spec in specs}
    return {
        "newsletter": newsletter,
        "groups": [(spec, inside) for spec, inside in groups if inside],
        "homeless": [line for line in lines if line.row.section not in known],
        "sections": specs,
        "total": len(lines),
        "troubled": sum(line.word in {"failing", "gone", "damaged"} for line in lines),
        "awaited": any(line.awaited for line in lines),
        "asked": asked,
        "at": request.args.get("at", ""),
        "now": now(),
    }


def _asked_at() -> datetime:
    stamp = request.args.get("at", 0, type=int)
    return datetime.fromtimestamp(stamp if 0 <= stamp < 2**32 else 0, UTC)


def _is_awaited(row: Source, since: datetime, at: datetime) -> bool:
    answered = row.checked_at is not None and row.checked_at >= since
    return not answered and at - since < AWAITED
