"""Who is logged in, and what they may do.

A viewer looks, an editor works on issues and readers, an owner also decides who else may. What no
decorator names is closed to a viewer's POST all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import ParamSpec, TypeVar, cast
from urllib.parse import urlsplit

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user

from service.db import read_scope, session_scope
from service.models import Role, User, UserSession
from service.staff import sessions
from service.web.admin.team import kept
from service.web.asking import now

P = ParamSpec("P")
R = TypeVar("R")

OPEN = {"admin.login", "admin.login_code", "admin.forgot_password", "admin.choose_password"}
"""Views that need no login."""

ANYBODYS_POSTS = {"admin.logout"}
"""What who may only look may send, besides everything under :data:`OWN`."""

OWN = "admin.own_"
"""How the views of one's own account begin."""


@dataclass(frozen=True)
class Account:
    """The user behind a request, in the shape that Flask-Login asks for."""

    id: int
    email: str
    role: Role
    has_codes: bool
    session_id: int
    proved_at: datetime
    seen_at: datetime
    token: str

    is_authenticated = True
    is_active = True
    is_anonymous = False

    @classmethod
    def of(cls, token: str, browser: UserSession, user: User) -> Account:
        return cls(
            id=user.id,
            email=user.email,
            role=user.role,
            has_codes=user.totp_secret is not None,
            session_id=browser.id,
            proved_at=browser.proved_at,
            seen_at=browser.seen_at,
            token=token,
        )

    def get_id(self) -> str:
        """What the cookie holds: a key to a row that can be deleted, so a login can be ended."""
        return self.token

    @property
    def may_edit(self) -> bool:
        return self.role is not Role.VIEWER

    @property
    def owns(self) -> bool:
        return self.role is Role.OWNER


def load_account(token: str) -> Account | None:
    """Who is logged in with the *token* of a cookie."""
    with read_scope() as session:
        found = sessions.find(session, token, now())
        return None if found is None else Account.of(token, *found)


logins = LoginManager()
logins.login_view = "admin.login"
logins.login_message = ""
logins.user_loader(load_account)


def account() -> Account:
    """Who asks; there is somebody in every view that needs a login."""
    return cast("Account", current_user)


def ask_for_login() -> ResponseReturnValue | None:
    """Before every view of the admin: to the login page, unless it is that."""
    if current_user.is_authenticated:
        _note_seen(account())
        if request.method == "POST" and not account().may_edit:
            _stop_viewer(request.endpoint or "")
        return None
    if request.endpoint in OPEN:
        return None
    if request.method == "POST":
        return _say_that_it_ended()
    return cast("ResponseReturnValue", logins.unauthorized())


def editors_only(view: Callable[P, R]) -> Callable[P, R]:
    """403 for an account that may only look."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if not account().may_edit:
            abort(403)
        return view(*args, **kwargs)

    return guarded


def owners_only(view: Callable[P, R]) -> Callable[P, R]:
    """403 for everybody but owners: who may log in, settings, keys for programs."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if not account().owns:
            abort(403)
        return view(*args, **kwargs)

    return guarded


def _say_that_it_ended() -> ResponseReturnValue:
    """To the login, with what was sent where that can be kept; then on to the page that the form
    is on: where it was sent to, many answer no GET."""
    if request.endpoint == "admin.logout":  # which is what was asked for
        return redirect(url_for("admin.login"), 303)
    page = urlsplit(request.referrer or "")
    there = f"{page.path}?{page.query}" if page.query else page.path
    if form := kept.keep():
        return render_template("admin/team/login.html", next=there, kept=form), 401
    if request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate":  # a script shows nothing
        flash(
            "Your login had ended, so what you sent was not taken. Log in, then fill it in once "
            "more.",
            "problem",
        )
    return redirect(url_for("admin.login", next=there or None), 303)


def _stop_viewer(endpoint: str) -> None:
    if endpoint not in OPEN | ANYBODYS_POSTS and not endpoint.startswith(OWN):
        abort(403)


def _note_seen(who: Account) -> None:
    """Before the view opens a transaction of its own: two writers would wait for each other."""
    at = now()
    if at - who.seen_at >= sessions.SEEN_EVERY:
        with session_scope() as session:
            sessions.note_seen(session, who.session_id, at)
