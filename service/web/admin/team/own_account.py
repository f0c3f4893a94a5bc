"""One's own account: the password, and the browsers that are logged in. For every role."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask import session as cookie
from flask_login import logout_user
from werkzeug.wrappers import Response

from service.db import read_scope, session_scope
from service.models import User
from service.staff import sessions
from service.staff.browsers import browser_of
from service.staff.lockout import Origin
from service.staff.login import Proof, prove
from service.staff.mails import News, tell
from service.staff.passwords import FEWEST_CHARACTERS, BadPassword
from service.staff.users import audit, choose_password
from service.web.admin.blueprint import admin
from service.web.admin.team.accounts import account
from service.web.asking import now
from service.web.limits import Limit, insist, network

TRIES, WINDOW_SECONDS = 30, 600


@admin.get("/account")
def own_account() -> str:
    return _page()


@admin.post("/account/password")
def own_password() -> Response | tuple[str, int]:
    """Give the present one, whenever the login was: a browser left open must not lock its user
    out."""
    insist(Limit("prove", network(request.remote_addr), TRIES, WINDOW_SECONDS))
    who, at = account(), now()
    origin = Origin.of_session(who.session_id, request.remote_addr)
    proof = prove(who.id, request.form.get("current", ""), None, origin, at)
    if proof is not Proof.RIGHT:
        shut = "Too many wrong tries: wait a while, then try again."
        return _page(shut if proof is Proof.SHUT else "That is not your present password."), 400
    try:
        with session_scope() as session:
            user = session.get_one(User, who.id)
            choose_password(session, user, request.form.get("new", ""), but=who.session_id)
            audit(session, who.id, "password.changed", who.email, at, ip=request.remote_addr)
            tell(session, user, News.CHANGED, at)
    except BadPassword as error:
        return _page(str(error)), 400
    return back("Your password is changed, and every other browser is logged out.")


@admin.post("/account/sessions/<int(max=9223372036854775807):session_id>/end")
def own_session_end(session_id: int) -> Response:
    with session_scope() as session:
        ended = sessions.end(session, account().id, session_id)
        if ended:
            audit(session, account().id, "session.end", account().email, now())
    if ended and session_id == account().session_id:
        return _out("You are logged out.")
    return back("That browser is logged out." if ended else "That browser was logged out already.")


@admin.post("/account/sessions/end")
def own_sessions_end() -> Response:
    """Everywhere; or everywhere else, with ``others``."""
    who = account()
    others = "others" in request.form
    with session_scope() as session:
        ended = sessions.end_all(session, who.id, but=who.session_id if others else None)
        audit(session, who.id, "session.end_all", who.email, now(), ended=ended)
    if not others:
        return _out("You are logged out everywhere.")
    return back("Every other browser is logged out." if ended else "There was no other browser.")


def back(said: str, kind: str = "done") -> Response:
    """To the page of the account, which then says *said*."""
    flash(said, kind)
    return redirect(url_for("admin.own_account"), 303)


def _out(said: str) -> Response:
    logout_user()
    cookie.clear()
    flash(said, "done")
    return redirect(url_for("admin.login"), 303)


def _page(password_problem: str = "") -> str:
    with read_scope() as session:
        return render_template(
            "admin/team/account.html",
            user=session.get_one(User, account().id),
            browsers=[
                (one, browser_of(one.user_agent))
                for one in sessions.of_user(session, account().id, now())
            ],
            here=account().session_id,
            password_problem=password_problem,
            fewest=FEWEST_CHARACTERS,
            idle=sessions.IDLE,
            longest=sessions.LONGEST,
        )
