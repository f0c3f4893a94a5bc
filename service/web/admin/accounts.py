"""Who is logged in, and what they may do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from flask import abort, request
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user
from sqlalchemy import select

from service.db import read_scope
from service.models import Role, User

P = ParamSpec("P")
R = TypeVar("R")

OPEN = {"admin.login"}
"""Views that need no login."""


@dataclass(frozen=True)
class Account:
    """The user behind a request, in the shape that Flask-Login asks for."""

    id: int
    email: str
    role: Role
    session_key: str

    is_authenticated = True
    is_active = True
    is_anonymous = False

    @classmethod
    def of(cls, user: User) -> Account:
        return cls(user.id, user.email, user.role, user.session_key)

    def get_id(self) -> str:
        """What the cookie holds: a key that can be renewed, so that a login can be ended."""
        return self.session_key

    @property
    def may_edit(self) -> bool:
        return self.role is not Role.VIEWER


def _load(session_key: str) -> Account | None:
    with read_scope() as session:
        user = session.scalars(select(User).where(User.session_key == session_key)).one_or_none()
        return None if user is None else Account.of(user)


logins = LoginManager()
logins.login_view = "admin.login"
logins.login_message = ""
logins.user_loader(_load)


def account() -> Account:
    """Who asks; there is somebody in every view that needs a login."""
    return cast("Account", current_user)


def ask_for_login() -> ResponseReturnValue | None:
    """Before every view of the admin: to the login page, unless it is that."""
    if request.endpoint in OPEN or current_user.is_authenticated:
        return None
    return cast("ResponseReturnValue", logins.unauthorized())


def editors_only(view: Callable[P, R]) -> Callable[P, R]:
    """403 for an account that may only look."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if not account().may_edit:
            abort(403)
        return view(*args, **kwargs)

    return guarded
