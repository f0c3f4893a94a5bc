"""A newsletter's look: its theme, a real mail drawn in it, and whether it can be read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from flask import Response, redirect, render_template, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from service.config import settings
from service.db import read_scope, session_scope
from service.issues.approve import document_now
from service.message.mail import Mail
from service.message.slots import new_nonce
from service.models import Issue, IssueKind, Newsletter
from service.models.document import Document
from service.newsletters.edit import BadEdit, Raw
from service.rendering.contrast import judge
from service.rendering.environment import TEMPLATES
from service.rendering.issue import FULLEST, Identity, render_issue
from service.rendering.theme import DEFAULT, load_theme
from service.rendering.themes import own, theme_names, whole
from service.web.admin.blueprint import admin
from service.web.admin.desk.preview import NO_LINKS
from service.web.admin.newsletter.changing import Faults, apply, newsletter_to_change, sentence
from service.web.admin.newsletter.merging import WAS, merge, shown_as
from service.web.admin.newsletter.settings import everyone_and, say_saved
from service.web.admin.team.accounts import owners_only
from service.web.asking import field, newsletter_or_404, now
from service.web.security import as_mail

Answer = str | AnyResponse | tuple[str, int]

SCHEMES = ("light", "dark")
COLOURS = {
    "page": "Page, around the sheet",
    "sheet": "Sheet",
    "ink": "Text",
    "muted": "Captions",
    "rule": "Rules",
    "accent": "Links and buttons",
    "on_accent": "Words on a button",
    "panel": "Panels",
}
FONTS = {
    "display": "Titles",
    "serif": "Text",
    "sans": "Captions and tables",
    "mono": "Code",
}


@admin.get("/settings/<slug:newsletter>/look")
@owners_only
def look(newsletter: str) -> str:
    with read_scope() as session:
        row = newsletter_or_404(session, newsletter)
        return _page(session, row, _kept(row))


@admin.post("/settings/<slug:newsletter>/look")
@owners_only
def save_look(newsletter: str) -> Answer:
    with session_scope() as session:
        row = newsletter_to_change(session, newsletter)
        flat, clashes = merge(field(WAS, 50_000), flattened(_typed()), flattened(_kept(row)))
        wanted = _whole(flat)
        if clashes:
            return _page(session, row, wanted, clashes), 409
        try:
            theme = _chosen(wanted)

            def change(raw: Raw) -> None:
                raw["theme"] = theme

            changed = apply(session, row, change, "newsletter.look")
        except (BadEdit, ValueError) as error:
            return _page(session, row, wanted, _faults(error)), 400
    say_saved(changed)
    return redirect(url_for("admin.look", newsletter=newsletter), 303)


@admin.post("/settings/<slug:newsletter>/look/preview")
@owners_only
def preview_look(newsletter: str) -> Response:
    """The latest issue, or a sample, in the look that is in the form; nothing is stored."""
    with read_scope() as session:
        row = newsletter_or_404(session, newsletter)
        try:
            theme = load_theme(_chosen(_typed()))
        except ValueError as error:
            said = f"No preview: {_faults(error).whole or _faults(error).fields}"
            return as_mail(Response(said, content_type="text/plain; charset=utf-8"))
        document = _document(session, row)
        identity = Identity.of(row, settings().base_url)
    identity = type(identity)(**{**vars(identity), "theme": theme})
    parts = render_issue(document, FULLEST, identity, new_nonce())
    mail = Mail.of(parts.nonce, parts.subject, parts.html, parts.text).fill(NO_LINKS)
    html = seen_in("dark" if field("scheme") == "dark" else "light", mail.html or "")
    return as_mail(Response(html, content_type="text/html; charset=utf-8"))


@admin.post("/settings/<slug:newsletter>/look/contrast")
@owners_only
def contrast_of_look(newsletter: str) -> str:
    """Whether the look that is in the form can be read."""
    return render_template("admin/newsletter/_contrast.html", contrast=_contrast(_typed()))


def seen_in(scheme: str, html: str) -> str:
    """A mail as a reader sees it whose device is *scheme*, whatever ours is. Pure."""
    for name in SCHEMES:
        holds = "(min-width: 0)" if name == scheme else "(max-width: 0)"
        html = re.sub(rf"\(\s*prefers-color-scheme\s*:\s*{name}\s*\)", holds, html)
    return html


def _kept(row: Newsletter) -> dict[str, Any]:
    """What is stored, whole."""
    return {**whole(row.theme), "name": str(row.theme.get("name", DEFAULT))}


def _typed() -> dict[str, Any]:
    """The form as a whole theme, as it was typed."""
    fonts = {f"fonts-{key}": field(f"fonts-{key}", 300).strip() for key in FONTS}
    colours = [f"{scheme}-{key}" for scheme in SCHEMES for key in COLOURS]
    return _whole(
        {
            "theme": field("theme", 50),
            "width": field("width", 10),
            "masthead": field("masthead", 10),
            **fonts,
            **{name: field(name, 20).strip().lower() for name in colours},
        }
    )


def flattened(look: Mapping[str, Any]) -> dict[str, Any]:
    """A whole theme by the names of the form's fields. Pure, as is :func:`_whole`."""
    flat = {"theme": look["name"], "width": look["width"], "masthead": look["masthead"]}
    for group in ("fonts", *SCHEMES):
        flat |= {f"{group}-{key}": value for key, value in look[group].items()}
    return flat


def _whole(flat: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": flat["theme"],
        "width": flat["width"],
        "masthead": flat["masthead"],
        "fonts": {key: flat[f"fonts-{key}"] for key in FONTS},
        **{scheme: {key: flat[f"{scheme}-{key}"] for key in COLOURS} for scheme in SCHEMES},
    }


def _chosen(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What the newsletter's file would say; ValueError for what is no theme."""
    if not str(wanted["width"]).isdecimal():
        raise ValueError("the newsletter's theme: width: must be a number of pixels, 320 to 800")
    parts = {key: value for key, value in wanted.items() if key != "name"}
    parts["width"] = int(wanted["width"])
    chosen = own(wanted["name"], parts, field("drawn_for", 50) or wanted["name"])
    load_theme(chosen)
    return chosen


def _contrast(wanted: Mapping[str, Any]) -> Any:
    try:
        return judge(load_theme(_chosen(wanted)))
    except ValueError:
        return None


def _faults(error: BadEdit | ValueError) -> Faults:
    """At the field where one is named, as ``light.accent``; else above the form."""
    said = "; ".join(error.problems.values()) if isinstance(error, BadEdit) else str(error)
    said = said.removeprefix("theme: ").removeprefix("the newsletter's theme: ")
    where, _, what = said.partition(": ")
    group, _, key = where.partition(".")
    if key in COLOURS and group in SCHEMES:
        return Faults({f"{group}-{key}": "Must be a colour like #8f1d21."})
    if key in FONTS:
        return Faults({f"fonts-{key}": "Must be names of fonts, with commas between them."})
    if where in {"width", "masthead"}:
        return Faults({where: sentence(what.replace("Input should", "must", 1))})
    return Faults({}, [sentence(said)])


def _document(session: Session, row: Newsletter) -> Document:
    """The latest issue with sections; of a newsletter that has none yet, a sample."""
    latest = session.scalars(
        select(Issue)
        .where(Issue.newsletter_id == row.id, Issue.kind != IssueKind.MANUAL)
        .order_by(Issue.id.desc())
        .limit(1)
    ).first()
    if latest is not None:
        document = document_now(session, latest, now())
        if any(section.entries for section in document.sections):
            return document
    sample = files(TEMPLATES).joinpath("daily", "sample.json").read_text(encoding="utf-8")
    document = Document.model_validate(json.loads(sample)["document"])
    return document.model_copy(update={"newsletter": row.slug, "title": row.name})


def _page(
    session: Session, row: Newsletter, wanted: dict[str, Any], faults: Faults | None = None
) -> str:
    return render_template(
        "admin/newsletter/settings_look.html",
        **everyone_and(row, session),
        here="look",
        themes=theme_names(),
        look=wanted,
        was=shown_as(flattened(_kept(row))),
        drawn_for=field("drawn_for", 50) or wanted["name"],
        colours=COLOURS,
        fonts=FONTS,
        schemes=SCHEMES,
        contrast=_contrast(wanted),
        faults=faults or Faults(),
    )
