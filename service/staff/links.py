"""One-time links by which somebody chooses a password, for an invitation or a forgotten one.

Nothing is stored for a link. It carries a fingerprint of what it changes, and so is good until it
was used, or the password was changed in another way, or its time is over.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from service.audience import tokens
from service.models import User

INVITED_FOR = timedelta(days=7)
FORGOTTEN_FOR = timedelta(hours=1)


def password_path(user: User, secret: bytes, issued_at: datetime) -> str:
    """The path of a link to choose a password, issued then."""
    lasts = FORGOTTEN_FOR if user.password_hash else INVITED_FOR
    until = tokens.stamp(issued_at + lasts)
    return f"/admin/password/{tokens.sign(secret, 'password', user.id, until, fingerprint(user))}"


def user_of_link(session: Session, secret: bytes, token: str, now: datetime) -> User | None:
    """Who may choose a password by *token*; None when it was used, has run out, or is no token."""
    try:
        user_id, until, was = tokens.read(secret, "password", token, count=3)
    except tokens.BadToken:
        return None
    user = session.get(User, user_id, with_for_update=True)
    if user is None or user.removed_at is not None or tokens.stamp(now) > until:
        return None
    return user if fingerprint(user) == was else None


def fingerprint(user: User) -> int:
    """A number that a new password changes, and that tells nothing of it."""
    told = f"{user.id}:{user.email}:{user.password_hash}"
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:6], "big")
