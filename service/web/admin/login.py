"""Logging in and out."""

from __future__ import annotations

from flask import abort, redirect, render_template, request, url_for
from flask import session as cookie
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from service.db import session_scope
from service.staff.users import audit, check_login
from service.web.admin import admin
from service.web.admin.accounts import Account, account
from service.web.asking import field, now
from service.web.limits import allowed

TRIES = 30
WINDOW_SECONDS = 600


@admin.route("/login", methods=["GET", "POST"])
def login() -> str | Response | tuple[str, int]:
    if request.method != "POST":
        if current_user.is_authenticated:
            return redirect(url_for("admin.home"))
        return render_template("admin/login.html", next=after_login())
    if not allowed("login", request.remote_addr, TRIES, WINDOW_SECONDS):
        abort(429)
    with session_scope() as session:
        user = check_login(session, field("email"), request.form.get("password", ""), now())
        if user is not None:
            audit(session, user.id, "login", user.email, now(), ip=request.remote_addr)
            found = Account.of(user)
    if user is None:
        page = render_template(
            "admin/login.html", next=after_login(), email=field("email"), failed=True
        )
        return page, 401
    cookie.clear()  # what was in it before the login is nobody's
    cookie.permanent = True
    login_user(found)
    return redirect(after_login())


@admin.post("/logout")
def logout() -> Response:
    with session_scope() as session:
        audit(session, account().id, "logout", account().email, now())
    logout_user()
    cookie.clear()
    return redirect(url_for("admin.login"))


def after_login() -> str:
    """Where to go on to: a page of the admin and nowhere else."""
    asked = request.values.get("next", "")
    ours = asked.startswith("/admin/") and "\\" not in asked and asked.isprintable()
    return asked if ours else url_for("admin.home")
