"""Keys for programs: made and shown once, listed, taken back. For owners."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from service.db import read_scope, session_scope
from service.models import User
from service.staff.tokens import EXPLAINED, BadToken, make_token, revoke_token
from service.staff.tokens import tokens as every_token
from service.web.admin.blueprint import admin
from service.web.admin.team.accounts import account, owners_only
from service.web.admin.team.proving import recently_proved
from service.web.asking import field, now

Answer = str | Response | tuple[str, int]


@admin.get("/tokens")
@owners_only
def tokens() -> str:
    return _page()


@admin.post("/tokens")
@owners_only
@recently_proved
def add_token() -> Answer:
    """The token stands on the page that answers, and nowhere else."""
    name, scopes = field("name", 100), request.form.getlist("scope")
    try:
        with session_scope() as session:
            user = session.get_one(User, account().id)
            token, text = make_token(session, user, name, scopes, now())
    except BadToken as error:
        return _page(problem=str(error), name=name, chosen=scopes), 400
    return render_template("admin/operation/token.html", token=token, text=text)


@admin.post("/tokens/<int(max=9223372036854775807):token_id>/revoke")
@owners_only
def revoke(token_id: int) -> Response:
    with session_scope() as session:
        token = revoke_token(session, token_id, now(), account().id) or abort(404)
        name = token.name
    flash(f"“{name}” opens nothing any more.", "done")
    return redirect(url_for("admin.tokens"), 303)


def _page(problem: str = "", name: str = "", chosen: list[str] | None = None) -> str:
    with read_scope() as session:
        return render_template(
            "admin/operation/tokens.html",
            tokens=every_token(session),
            scopes=EXPLAINED,
            problem=problem,
            name=name,
            chosen=chosen or [],
        )
