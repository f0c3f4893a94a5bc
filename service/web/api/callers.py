"""Who asks: the token in ``Authorization`` (RFC 6750), and whether it may do what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import Request, g

from service.db import read_scope, session_scope
from service.staff.tokens import Scope, is_due_for_note, note_use, token_of
from service.web.problems import NO_TOKEN, NOT_ALLOWED, Problem


@dataclass(frozen=True)
class Caller:
    """The token behind a request."""

    token_id: int
    user_id: int
    name: str
    hint: str
    scopes: frozenset[Scope]

    @property
    def words(self) -> str:
        """By which people know it."""
        return f"{self.name} ({self.hint})"


def caller_of(request: Request, now: datetime) -> Caller:
    """Who asks; raises a 401."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise Problem(NO_TOKEN, headers={"WWW-Authenticate": "Bearer"})
    with read_scope() as session:
        found = token_of(session, text.strip())
    if found is None:
        raise Problem(
            NO_TOKEN,
            "This token is unknown, or it was revoked. Make another one under API tokens.",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )
    token, scopes = found
    if is_due_for_note(token, now):
        with session_scope() as session:
            note_use(session, token.id, now)
    return Caller(token.id, token.user_id, token.name, token.hint, scopes)


def insist_on(caller: Caller, needs: Scope) -> None:
    """Raises a 403 for who may not do what needs that scope."""
    if needs not in caller.scopes:
        raise Problem(
            NOT_ALLOWED,
            f"The token “{caller.name}” does not have the scope {needs.value}.",
            headers={
                "WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{needs.value}"'
            },
        )


def caller() -> Caller:
    """Who asks; there is somebody in every view."""
    return cast("Caller", g.caller)
