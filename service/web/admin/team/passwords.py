"""A password that was forgotten, or was never chosen: a link by mail."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask import session as cookie
from flask_login import logout_user
from werkzeug.wrappers import Response

from service.config import settings
from service.db import session_scope
from service.staff.links import user_of_link
from service.staff.mails import News, can_mail, send_nothing, send_password_link, tell
from service.staff.passwords import FEWEST_CHARACTERS, BadPassword
from service.staff.users import audit, choose_password, user_named
from service.web.admin.blueprint import admin
from service.web.asking import field, now
from service.web.limits import Limit, insist, network

TRIES, WINDOW_SECONDS = 10, 3600


@admin.route("/forgot", methods=["GET", "POST"])
def forgot_password() -> str:
    """The same answer whether the address has an account or not, and a row written either way."""
    if request.method != "POST":
        return render_template("admin/team/forgot_password.html")
    insist(Limit("forgot", network(request.remote_addr), TRIES, WINDOW_SECONDS))
    with session_scope() as session:
        user = user_named(session, field("email"))
        if user is None:
            send_nothing(session)
        else:
            send_password_link(session, user, now())
        subject = user.email if user else "an unknown address"
        audit(session, None, "password.forgotten", subject, now(), ip=request.remote_addr)
        mails = can_mail(session)
    return render_template("admin/team/forgot_password.html", asked=True, mails=mails)


@admin.route("/password/<token>", methods=["GET", "POST"], endpoint="choose_password")
def choose(token: str) -> str | Response | tuple[str, int]:
    insist(Limit("password link", network(request.remote_addr), TRIES * 10, WINDOW_SECONDS))
    with session_scope() as session:
        user = user_of_link(session, settings().secret, token, now())
        if user is None:
            return render_template("admin/team/choose_password.html"), 404
        if request.method != "POST":
            return _form(user.email)
        had_one = bool(user.password_hash)
        try:
            choose_password(session, user, request.form.get("password", ""))
        except BadPassword as error:
            return _form(user.email, str(error)), 400
        audit(session, user.id, "password.chosen", user.email, now(), ip=request.remote_addr)
        if had_one:
            tell(session, user, News.CHANGED, now())
    logout_user()
    cookie.clear()
    flash("Your password is set. Log in with it.", "done")
    return redirect(url_for("admin.login"), 303)


def _form(email: str, problem: str = "") -> str:
    return render_template(
        "admin/team/choose_password.html", email=email, problem=problem, fewest=FEWEST_CHARACTERS
    )
