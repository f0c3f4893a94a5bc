"""A newsletter's sections: added, renamed, reordered, limited. What readers chose stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from flask import flash, redirect, render_template, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.db import read_scope, session_scope
from service.models import Newsletter, Source
from service.models.document import SectionKind
from service.newsletters.edit import BadEdit, Raw, plain
from service.newsletters.opml import free_slug
from service.newsletters.rows import describe
from service.newsletters.spec import PAGES_OF_OURS
from service.web.admin.blueprint import admin
from service.web.admin.newsletter.changing import Faults, apply, faults_of, newsletter_to_change
from service.web.admin.newsletter.merging import WAS, merge, shown_as
from service.web.admin.newsletter.settings import everyone_and, say_saved
from service.web.admin.team.accounts import owners_only
from service.web.asking import field, newsletter_or_404

Answer = str | Response | tuple[str, int]

KINDS: dict[str, str] = {
    "headlines": "Headlines, of feeds and pages",
    "papers": "Papers, with abstracts",
    "tables": "Tables of figures",
    "repos": "Repositories and their stars",
    "posts": "Posts, in full",
}
assert set(KINDS) == set(get_args(SectionKind))
NUMBERS = ("limit", "pool")
WORDS = ("heading", "focused_heading", "empty", "more_label")
EDITED = (*WORDS, *NUMBERS, "topics", "optional")
FIELDS = (*EDITED, "slug", "kind")
MOVES = {"up": -1, "down": 1}


@admin.get("/settings/<slug:newsletter>/sections")
@owners_only
def section_settings(newsletter: str) -> str:
    with read_scope() as session:
        return _page(session, newsletter_or_404(session, newsletter))


@admin.post("/settings/<slug:newsletter>/sections")
@owners_only
def add_section(newsletter: str) -> Answer:
    with session_scope() as session:
        row = newsletter_to_change(session, newsletter)
        slugs = [spec["slug"] for spec in row.sections]
        slug = field("slug").strip() or free_slug(
            field("heading") or "section", {*slugs, *PAGES_OF_OURS}
        )
        new = {"slug": slug, "kind": field("kind"), "heading": field("heading", 200).strip()}
        place = ("sections", len(slugs))
        try:
            _refuse_empty(new, place)
            apply(
                session,
                row,
                lambda raw: raw["sections"].append(new),
                "newsletter.sections",
                f"section {slug}",
            )
        except BadEdit as error:
            faults = faults_of(error, place, FIELDS)
            return _page(session, row, faults, adding=new), 400
    flash(f"The section {new['heading']} was added, at the end.", "done")
    return _back(newsletter, slug)


@admin.post("/settings/<slug:newsletter>/sections/<slug:section>")
@owners_only
def change_section(newsletter: str, section: str) -> Answer:
    do = field("do")
    with session_scope() as session:
        row = newsletter_to_change(session, newsletter)
        slugs = [spec["slug"] for spec in row.sections]
        if section not in slugs:
            return _back(newsletter)
        number, values = slugs.index(section), _typed()
        if do == "save":
            kept = plain(describe(session, row))["sections"][number]
            values, clashes = merge(field(WAS, 50_000), values, kept)
            if clashes:
                return _page(session, row, clashes, at=(section, values)), 409
        try:
            if do == "save":
                _refuse_empty(values, ("sections", number))
            changed = apply(
                session,
                row,
                _change(do, number, values),
                "newsletter.sections",
                f"section {section}",
            )
        except BadEdit as error:
            faults = faults_of(error, ("sections", number), FIELDS)
            at = (section, values if do == "save" else {})
            return _page(session, row, faults, at=at), 400
    say_saved(changed)
    return _back(newsletter, section if do != "remove" else "")


def _change(do: str, number: int, values: Raw) -> Callable[[Raw], None]:
    def change(raw: Raw) -> None:
        sections = raw["sections"]
        if do == "save":
            sections[number].update(values)
        elif do == "remove":
            del sections[number]
        elif do in MOVES and 0 <= number + MOVES[do] < len(sections):
            sections.insert(number + MOVES[do], sections.pop(number))

    return change


def _typed() -> Raw:
    topics = (line.strip() for line in field("topics", 5000).replace(",", "\n").splitlines())
    return {
        **{name: field(name, 300).strip() for name in (*WORDS, *NUMBERS)},
        "topics": list(dict.fromkeys(topic for topic in topics if topic)),
        "optional": bool(field("optional")),
    }


def _refuse_empty(values: Raw, place: tuple[str | int, ...]) -> None:
    """The file may leave a heading empty; on the web that is a slip."""
    if not values["heading"]:
        raise BadEdit({(*place, "heading"): "must not be empty: readers see it above the section"})


def _back(newsletter: str, section: str = "") -> Response:
    anchor = f"section-{section}" if section else None
    return redirect(url_for("admin.section_settings", newsletter=newsletter, _anchor=anchor), 303)


def _page(
    session: Session,
    row: Newsletter,
    faults: Faults | None = None,
    *,
    at: tuple[str, Raw] = ("", {}),
    adding: Raw | None = None,
) -> str:
    """With *at*: the section that is in the wrong, and what was typed for it."""
    counted = select(Source.section, func.count()).where(Source.newsletter_id == row.id)
    sources: dict[str, Any] = {
        found[0]: found[1] for found in session.execute(counted.group_by(Source.section))
    }
    sections = plain(describe(session, row))["sections"]
    kept = {spec["slug"]: shown_as({name: spec[name] for name in EDITED}) for spec in sections}
    return render_template(
        "admin/newsletter/settings_sections.html",
        **everyone_and(row, session),
        here="sections",
        sections=[{**spec, **(at[1] if spec["slug"] == at[0] else {})} for spec in sections],
        kept=kept,
        sources=sources,
        kinds=KINDS,
        faults=faults or Faults(),
        nothing=Faults(),
        at=at[0],
        adding=adding or {},
    )
