"""Logging in, in one step or two, and out."""

from __future__ import annotations

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from flask import session as cookie
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from service.audience import tokens
from service.db import session_scope
from service.models import User
from service.staff import sessions
from service.staff.links import fingerprint
from service.staff.login import check_code, check_login
from service.staff.mails import tell_of_login
from service.staff.users import audit
from service.web.admin.blueprint import admin
from service.web.admin.team import known
from service.web.admin.team.accounts import account, load_account
from service.web.admin.team.kept import carried, kept, page_of
from service.web.asking import field, now, visitor
from service.web.limits import Limit, insist, network

TRIES = 30
WINDOW_SECONDS = 600

HALF_WAY = "half way"
"""In the cookie between password and code: whose password it was, and when."""

CODE_WITHIN = 600
"""Seconds."""

Answer = str | Response | tuple[str, int]


@admin.route("/login", methods=["GET", "POST"])
def login() -> Answer:
    if request.method != "POST":
        if current_user.is_authenticated:
            return redirect(url_for("admin.home"))
        return _page("login")
    _limit()
    at, email = now(), field("email")
    user = check_login(email, request.form.get("password", ""), known.origin_of, at)
    if user is None:
        return _page("login", email=email, failed=True), 401
    if user.totp_secret is None:
        return _let_in(user)
    cookie.clear()
    cookie[HALF_WAY] = [user.id, tokens.stamp(at), fingerprint(user)]
    if carried():  # too long for an address
        return _page("login_code")
    return redirect(url_for("admin.login_code", next=after_login()), 303)


@admin.route("/login/code", methods=["GET", "POST"])
def login_code() -> Answer:
    """The second step, for ten minutes after the first."""
    user_id, given_at, given_for = cookie.get(HALF_WAY, (0, 0, 0))
    if tokens.stamp(now()) - given_at > CODE_WITHIN:
        return _begin_again("the code has to follow the password within ten minutes.")
    if request.method != "POST":
        return _page("login_code")
    _limit()
    user = check_code(user_id, field("code"), known.origin_of(user_id), now())
    if user is not None and fingerprint(user) != given_for:
        return _begin_again("the password was changed meanwhile.")
    if user is None:
        return _page("login_code", failed=True), 401
    return _let_in(user)


@admin.post("/logout")
def logout() -> Response:
    who = account()
    with session_scope() as session:
        sessions.end(session, who.id, who.session_id)
        audit(session, who.id, "logout", who.email, now())
    logout_user()
    cookie.clear()
    return redirect(url_for("admin.login"))


def after_login() -> str:
    """Where to go on to: a page of the admin and nowhere else."""
    asked = request.values.get("next", "")
    ours = asked.startswith("/admin/") and "\\" not in asked and asked.isprintable()
    return asked if ours else url_for("admin.home")


def _let_in(user: User) -> Response:
    at, seen = now(), visitor()
    with session_scope() as session:
        found = session.get_one(User, user.id, with_for_update=True)
        if found.removed_at is not None or fingerprint(found) != fingerprint(user):
            abort(403)
        is_news = found.last_login_at is not None and known.known_as(user.id) is None
        token = sessions.begin(session, found, sessions.Client(seen.ip, seen.user_agent), at)
        audit(session, found.id, "login", found.email, at, ip=request.remote_addr)
        if is_news:
            tell_of_login(session, found, seen.user_agent, at)
    entered = load_account(token)
    assert entered is not None
    cookie.clear()  # what was in it before the login is nobody's
    cookie.permanent = True
    login_user(entered)
    form = kept()
    if carried() and form is None:
        flash("What you sent was not taken: it is held for a day. Fill it in once more.", "problem")
    response = make_response(page_of(form, after_login()) if form else redirect(after_login()))
    known.remember(response, user.id)
    return response


def _page(name: str, **more: object) -> str:
    return render_template(f"admin/team/{name}.html", next=after_login(), kept=carried(), **more)


def _begin_again(why: str) -> Answer:
    flash(f"Begin again: {why}", "problem")
    if carried():
        return _page("login")
    return redirect(url_for("admin.login", next=after_login()), 303)


def _limit() -> None:
    """So many tries of one network, whatever account they are for."""
    insist(Limit("login", network(request.remote_addr), TRIES, WINDOW_SECONDS))
