"""Browsers that are logged in: a row each, of whose token only the hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, CursorResult, delete, or_, select, update
from sqlalchemy.orm import Session

from service.models import User, UserSession

IDLE = timedelta(days=2)
"""A browser that was not used for so long is logged out."""

LONGEST = timedelta(days=14)
"""Nobody stays logged in for longer, however busy."""

SEEN_EVERY = timedelta(minutes=1)
"""A page may ask every two seconds; its session is written no oftener than this."""

PROOF_LASTS = timedelta(minutes=30)
"""How long the password opens what is grave, once it was given."""

LONGEST_AGENT = 500


@dataclass(frozen=True)
class Client:
    """Where a login comes from."""

    ip: str | None = None
    user_agent: str | None = None


def begin(session: Session, user: User, client: Client, now: datetime) -> str:
    """Log a browser in; the token for its cookie, which is nowhere else."""
    _forget_expired(session, user.id, now)
    token = secrets.token_urlsafe(32)
    session.add(
        UserSession(
            user_id=user.id,
            token_hash=hash_of(token),
            ip=client.ip,
            user_agent=(client.user_agent or "")[:LONGEST_AGENT] or None,
            created_at=now,
            seen_at=now,
            proved_at=now,
        )
    )
    user.last_login_at = now
    session.flush()
    return token


def find(session: Session, token: str, now: datetime) -> tuple[UserSession, User] | None:
    """The session that *token* opens, and whose it is; None when it has ended."""
    found = session.execute(
        select(UserSession, User)
        .join(User, User.id == UserSession.user_id)
        .where(UserSession.token_hash == hash_of(token), User.removed_at.is_(None))
    ).one_or_none()
    if found is None or is_over(found[0].created_at, found[0].seen_at, now):
        return None
    return found[0], found[1]


def is_over(created_at: datetime, seen_at: datetime, now: datetime) -> bool:
    return now - seen_at > IDLE or now - created_at > LONGEST


def is_proved(proved_at: datetime, now: datetime) -> bool:
    """Whether the password was given a short time ago."""
    return now - proved_at <= PROOF_LASTS


def note_seen(session: Session, session_id: int, now: datetime) -> None:
    """Call it when the last note is older than :data:`SEEN_EVERY`."""
    session.execute(
        update(UserSession)
        .where(UserSession.id == session_id, UserSession.seen_at < now)
        .values(seen_at=now)
    )


def note_proved(session: Session, session_id: int, now: datetime) -> None:
    session.execute(
        update(UserSession).where(UserSession.id == session_id).values(proved_at=now, seen_at=now)
    )


def of_user(session: Session, user_id: int, now: datetime) -> list[UserSession]:
    """Those that are logged in, the latest used first."""
    return list(
        session.scalars(
            select(UserSession)
            .where(
                UserSession.user_id == user_id,
                UserSession.seen_at >= now - IDLE,
                UserSession.created_at >= now - LONGEST,
            )
            .order_by(UserSession.seen_at.desc(), UserSession.id.desc())
        )
    )


def end(session: Session, user_id: int, session_id: int) -> bool:
    """Log one browser of the user's out; False when there is no such."""
    return bool(_delete(session, user_id, UserSession.id == session_id))


def end_all(session: Session, user_id: int, *, but: int | None = None) -> int:
    """Log every browser of the user's out, *but* one; how many there were."""
    others = UserSession.id != but if but is not None else UserSession.user_id == user_id
    return _delete(session, user_id, others)


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _forget_expired(session: Session, user_id: int, now: datetime) -> None:
    over = or_(UserSession.seen_at < now - IDLE, UserSession.created_at < now - LONGEST)
    _delete(session, user_id, over)


def _delete(session: Session, user_id: int, which: ColumnElement[bool]) -> int:
    done = session.execute(delete(UserSession).where(UserSession.user_id == user_id, which))
    assert isinstance(done, CursorResult)
    return done.rowcount
