"""Keys for programs: made by an owner, shown once, kept as a hash, taken back at any time."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import CursorResult, delete, or_, select, update
from sqlalchemy.orm import Session

from service.models import ApiToken, IdempotencyKey, Role, User
from service.staff.users import audit

PREFIX = "bsk_"
"""By which a key that leaked is found in code and logs."""

TOKEN_BYTES = 32
HINT = len(PREFIX) + 6
LONGEST_NAME = 100
NOTED_AT_MOST = timedelta(minutes=1)
"""How often the use of a token is written down."""

KEYS_KEPT_FOR = timedelta(hours=24)
"""How long the same request with the same Idempotency-Key gets the same answer."""


class Scope(StrEnum):
    """What a token may be used for."""

    SUBSCRIBERS_READ = "subscribers:read"
    SUBSCRIBERS_WRITE = "subscribers:write"
    ISSUES_READ = "issues:read"
    ISSUES_WRITE = "issues:write"
    ISSUES_SEND = "issues:send"
    STATS_READ = "stats:read"


EXPLAINED: dict[Scope, str] = {
    Scope.SUBSCRIBERS_READ: "Read subscribers, their choices and suppressions",
    Scope.SUBSCRIBERS_WRITE: "Add, change, tag, unsubscribe, suppress, free and delete subscribers",
    Scope.ISSUES_READ: "Read issues and whom they would reach",
    Scope.ISSUES_WRITE: "Write manual issues, change drafts, send test copies",
    Scope.ISSUES_SEND: "Schedule, send, pause, resume and stop issues",
    Scope.STATS_READ: "Read counts: what became of an issue, its links, the readership",
}

READING = frozenset({Scope.SUBSCRIBERS_READ, Scope.ISSUES_READ, Scope.STATS_READ})
"""All that is left to the token of somebody who may only look by now."""


class BadToken(ValueError):
    """A token that cannot be made as asked; the text says why."""


def make_token(
    session: Session, user: User, name: str, scopes: Iterable[str], now: datetime
) -> tuple[ApiToken, str]:
    """A new token of *user* and its text, which is nowhere else; raises :class:`BadToken`."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadToken(f"Give the token a name of at most {LONGEST_NAME} characters.")
    text = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    token = ApiToken(
        user_id=user.id,
        name=name,
        token_hash=hash_of(text),
        scopes=checked_scopes(scopes),
        hint=text[:HINT],
        created_at=now,
    )
    session.add(token)
    session.flush()
    audit(session, user.id, "token.make", f"{name} ({token.hint})", now, scopes=token.scopes)
    return token, text


def revoke_token(
    session: Session, token_id: int, now: datetime, user_id: int | None = None
) -> ApiToken | None:
    """Let a token open nothing from now on; None when there is no such token."""
    token = session.get(ApiToken, token_id, with_for_update=True)
    if token is not None and token.revoked_at is None:
        token.revoked_at = now
        audit(session, user_id, "token.revoke", f"{token.name} ({token.hint})", now)
    return token


def tokens(session: Session) -> list[tuple[ApiToken, str]]:
    """Every token with its owner's address: those that work first, then the latest."""
    query = (
        select(ApiToken, User.email)
        .join(User, User.id == ApiToken.user_id)
        .order_by(ApiToken.revoked_at.is_not(None), ApiToken.id.desc())
    )
    return [(token, email) for token, email in session.execute(query)]


def token_of(session: Session, text: str) -> tuple[ApiToken, frozenset[Scope]] | None:
    """The token that *text* is, and what it may do now; None for an unknown or a revoked one.

    A hash without a salt does for 256 random bits: there is nothing to guess.
    """
    found = session.execute(
        select(ApiToken, User.role)
        .join(User, User.id == ApiToken.user_id)
        .where(ApiToken.token_hash == hash_of(text), ApiToken.revoked_at.is_(None))
    ).one_or_none()
    if found is None:
        return None
    token, role = found
    given = frozenset(Scope(name) for name in token.scopes if name in set(Scope))
    return token, given & READING if role is Role.VIEWER else given


def note_use(session: Session, token_id: int, now: datetime) -> None:
    """Write down that a token was used, at most once a minute."""
    session.execute(
        update(ApiToken)
        .where(
            ApiToken.id == token_id,
            or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at < now - NOTED_AT_MOST),
        )
        .values(last_used_at=now)
    )


def is_due_for_note(token: ApiToken, now: datetime) -> bool:
    """Whether :func:`note_use` would write anything."""
    return token.last_used_at is None or token.last_used_at < now - NOTED_AT_MOST


def forget_old_keys(session: Session, now: datetime) -> int:
    """Delete the idempotency keys of more than a day ago; how many."""
    old = IdempotencyKey.created_at < now - KEYS_KEPT_FOR
    gone = session.execute(delete(IdempotencyKey).where(old))
    assert isinstance(gone, CursorResult)
    return gone.rowcount


def checked_scopes(scopes: Iterable[str]) -> list[str]:
    """*scopes* in their usual order, each once; raises :class:`BadToken`."""
    asked = set(scopes)
    known = [scope.value for scope in Scope]
    if unknown := sorted(asked - set(known)):
        raise BadToken(f"There is no scope “{unknown[0]}”. There is: {', '.join(known)}.")
    if not asked:
        raise BadToken("Choose at least one scope: a token without any may do nothing.")
    return [name for name in known if name in asked]


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
