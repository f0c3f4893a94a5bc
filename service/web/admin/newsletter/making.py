"""A newsletter made on the web: of an example, or as a copy of one that is there."""

from __future__ import annotations

import tomllib
from importlib.resources import files

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.db import read_scope, session_scope
from service.models import Newsletter
from service.newsletters.edit import BadEdit, Raw, create_newsletter, plain
from service.newsletters.rows import describe
from service.staff.users import audit
from service.web.admin.blueprint import admin
from service.web.admin.newsletter.changing import CHECKS, Faults, sentence
from service.web.admin.team.accounts import account, owners_only
from service.web.asking import field, now

Answer = str | Response | tuple[str, int]

EXAMPLES = {
    "inference-report": "The Inference Report: a daily digest of AI",
    "python-notebook": "A notebook about Python",
}
PLACES = {
    ("slug",): "slug",
    ("name",): "name",
    ("sender", "address"): "address",
    ("postal_address",): "postal",
}


@admin.route("/settings/new", methods=["GET", "POST"])
@owners_only
def new_newsletter() -> Answer:
    if request.method != "POST":
        with read_scope() as session:
            return _page(session)
    with session_scope() as session:
        try:
            row = create_newsletter(session, _described(session), now(), CHECKS)
        except BadEdit as error:
            return _page(session, _faults(error)), 400
        audit(session, account().id, "newsletter.make", row.slug, now(), of=field("of"))
        slug, name = row.slug, row.name
    flash(f"{name} was made. Its issues wait for an editor until you say otherwise.", "done")
    return redirect(url_for("admin.settings", newsletter=slug), 303)


def _described(session: Session) -> Raw:
    """The model that was chosen, under its new names."""
    raw = _model(session, field("of"))
    raw["slug"] = field("slug", 63).strip()
    raw["name"] = field("name", 200).strip()
    raw["postal_address"] = field("postal", 2000).replace("\r\n", "\n").strip()
    raw["sender"] = {"address": field("address", 300).strip()}
    # Nothing goes out by itself before somebody has looked at what is made.
    raw["publishing"] = {**raw.get("publishing", {}), "approval": "approve"}
    return raw


def _model(session: Session, of: str) -> Raw:
    kind, _, name = of.partition(":")
    if kind == "example" and name in EXAMPLES:
        path = files("service.newsletters").joinpath("examples", f"{name}.toml")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    row = session.scalars(select(Newsletter).where(Newsletter.slug == name)).one_or_none()
    if kind != "copy" or row is None:
        raise BadEdit({("of",): "choose an example, or a newsletter to copy"})
    raw = plain(describe(session, row))
    raw.pop("byline")
    return raw


def _faults(error: BadEdit) -> Faults:
    fields = {
        PLACES[tuple(map(str, place))]: sentence(said)
        for place, said in error.problems.items()
        if tuple(map(str, place)) in PLACES
    }
    others = [
        sentence(f"{'.'.join(map(str, place))}: {said}" if place != ("of",) else said)
        for place, said in error.problems.items()
        if tuple(map(str, place)) not in PLACES
    ]
    return Faults(fields, others)


def _page(session: Session, faults: Faults | None = None) -> str:
    newsletters = session.scalars(select(Newsletter).order_by(Newsletter.name)).all()
    return render_template(
        "admin/newsletter/new_newsletter.html",
        newsletters=newsletters,
        examples=EXAMPLES,
        form=request.form,
        faults=faults or Faults(),
    )
