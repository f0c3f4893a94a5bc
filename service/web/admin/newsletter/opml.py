"""Lists of feeds from other readers: looked at first, then added; and ours, for them."""

from __future__ import annotations

import json
from collections.abc import Iterable

from flask import Response, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from service.db import read_scope, session_scope
from service.doorbell import Bell, ring
from service.models import Newsletter, Source
from service.newsletters.edit import BadEdit, Raw
from service.newsletters.opml import (
    MOST_FEEDS,
    BadOpml,
    Described,
    Feed,
    describe,
    read_opml,
    write_opml,
)
from service.newsletters.spec import ONLY_IN
from service.sources.identity import canonical_url
from service.web.admin.blueprint import admin
from service.web.admin.newsletter.changing import apply, newsletter_to_change
from service.web.admin.team.accounts import editors_only
from service.web.asking import field, newsletter_or_404

Answer = str | AnyResponse | tuple[str, int]


@admin.get("/sources/<slug:newsletter>/feeds.opml")
def export_opml(newsletter: str) -> Response:
    with read_scope() as session:
        owner = newsletter_or_404(session, newsletter)
        rows = session.scalars(
            select(Source)
            .where(Source.newsletter_id == owner.id, Source.kind == "feed")
            .order_by(Source.id)
        )
        document = write_opml(owner.name, [Feed(row.name, row.url) for row in rows])
    response = Response(document, content_type="text/x-opml; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{newsletter}.opml"'
    return response


@admin.get("/sources/<slug:newsletter>/opml")
@editors_only
def opml_form(newsletter: str) -> str:
    with read_scope() as session:
        return _page(newsletter_or_404(session, newsletter))


@admin.post("/sources/<slug:newsletter>/opml")
@editors_only
def look_at_opml(newsletter: str) -> Answer:
    """What the list holds, and what would become of it. Nothing is stored."""
    with read_scope() as session:
        owner = newsletter_or_404(session, newsletter)
        upload = request.files.get("file")
        if upload is None or not upload.filename:
            return _page(owner, problem="Choose the file first."), 400
        try:
            feeds = read_opml(upload.read())
        except BadOpml as error:
            return _page(owner, problem=str(error)), 400
        fresh, described = _sorted_out(session, owner, feeds, field("section"))
        return render_template(
            "admin/newsletter/opml_look.html",
            newsletter=owner,
            section=field("section"),
            feeds=[(source, json.dumps([source.name, source.url])) for source in described.sources],
            skipped=described.skipped,
            known=len(feeds) - fresh,
        )


@admin.post("/sources/<slug:newsletter>/opml/add")
@editors_only
def add_opml(newsletter: str) -> AnyResponse:
    feeds = list(_chosen(request.form.getlist("feed")))[:MOST_FEEDS]
    with session_scope() as session:
        owner = newsletter_to_change(session, newsletter)
        _, described = _sorted_out(session, owner, feeds, field("section"))

        def change(raw: Raw) -> None:
            raw["sources"] += [source.model_dump(mode="json") for source in described.sources]

        try:
            apply(session, owner, change, "source.import", f"{len(described.sources)} sources")
        except BadEdit as error:
            flash(f"Nothing was added: {error}", "problem")
            return redirect(url_for("admin.opml_form", newsletter=newsletter), 303)
        slugs = [source.slug for source in described.sources]
        of_owner = select(Source.id).where(Source.newsletter_id == owner.id)
        for source_id in session.scalars(of_owner.where(Source.slug.in_(slugs))):
            ring(session, Bell.COLLECT, source_id)
        flash(f"{len(slugs):,} sources were added, and are being read.", "done")
    return redirect(url_for("admin.sources", newsletter=newsletter), 303)


def _sorted_out(
    session: Session, owner: Newsletter, feeds: list[Feed], section: str
) -> tuple[int, Described]:
    """How many of *feeds* are not read yet, and those as sources."""
    rows = session.execute(
        select(Source.slug, Source.url).where(Source.newsletter_id == owner.id)
    ).all()
    known = {canonical_url(url) for _, url in rows if url}
    fresh = [feed for feed in feeds if canonical_url(feed.url) not in known]
    return len(fresh), describe(fresh, section, [slug for slug, _ in rows])


def _chosen(given: Iterable[str]) -> Iterable[Feed]:
    """The feeds whose boxes are ticked; what our own page did not write is left out."""
    for text in given:
        try:
            name, url = json.loads(text)
        except (ValueError, TypeError):
            continue
        if isinstance(name, str) and isinstance(url, str):
            yield Feed(name, url)


def _page(owner: Newsletter, problem: str = "") -> str:
    fit = [spec for spec in owner.sections if spec["kind"] not in ONLY_IN.values()]
    return render_template(
        "admin/newsletter/opml.html",
        newsletter=owner,
        sections=fit,
        chosen=field("section"),
        problem=problem,
    )
