"""Accounts of the admin: made, logged in to, locked after repeated failures; the audit log."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.models import Audit, Role, User

FEWEST_CHARACTERS = 12  # NIST SP 800-63B: length over rules of composition
MOST_CHARACTERS = 1024  # hashing is work: nobody may order a megabyte of it
FAILURES_BEFORE_LOCK = 5
FIRST_LOCK = timedelta(minutes=1)
LONGEST_LOCK = timedelta(hours=1)

hasher = PasswordHasher()


class BadUser(ValueError):
    """An account that cannot be made as asked; the text says why."""


def add_user(session: Session, email: str, password: str, role: Role, now: datetime) -> User:
    """Make an account; raises :class:`BadUser` or ``BadAddress``."""
    address = parse_address(email)
    if not FEWEST_CHARACTERS <= len(password) <= MOST_CHARACTERS:
        raise BadUser(f"A password needs at least {FEWEST_CHARACTERS} characters.")
    if session.scalars(select(User).where(User.email == address.key)).one_or_none():
        raise BadUser(f"There is an account for {address.email} already.")
    user = User(
        email=address.key,
        password_hash=hasher.hash(password),
        role=role,
        session_key=secrets.token_urlsafe(24),
        created_at=now,
    )
    session.add(user)
    session.flush()
    return user


def check_login(session: Session, email: str, password: str, now: datetime) -> User | None:
    """The account that these open, or None: unknown, wrong and locked look and take the same.

    Counts failures in the session, so commit also when the answer is None.
    """
    user = session.scalars(
        select(User).where(User.email == email.strip().lower()).with_for_update()
    ).one_or_none()
    right = _matches(user.password_hash if user else _nobodys_hash(), password)
    if user is None or (user.locked_until is not None and user.locked_until > now):
        return None
    if not right:
        user.failed_logins += 1
        user.locked_until = locked_until(user.failed_logins, now)
        return None
    user.failed_logins, user.locked_until, user.last_login_at = 0, None, now
    if hasher.check_needs_rehash(user.password_hash):
        user.password_hash = hasher.hash(password)
    return user


def locked_until(failures: int, now: datetime) -> datetime | None:
    """How long an account stays shut after *failures* in a row: a minute from the fifth, then
    twice as long each time, an hour at most."""
    over = failures - FAILURES_BEFORE_LOCK
    if over < 0:
        return None
    wait: timedelta = min(FIRST_LOCK * 2 ** min(over, 10), LONGEST_LOCK)
    return now + wait


def audit(
    session: Session, user_id: int | None, action: str, subject: str, now: datetime, **detail: Any
) -> None:
    """Note who did what (``issue.approve``) to what (``issue 7``). None is the command line."""
    session.add(Audit(user_id=user_id, action=action, subject=subject, detail=detail, at=now))


def _matches(password_hash: str, password: str) -> bool:
    if len(password) > MOST_CHARACTERS:
        return False
    try:
        return hasher.verify(password_hash, password)
    except VerifyMismatchError:
        return False


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    """Checked for an unknown address, so that it takes as long as a known one."""
    return hasher.hash(secrets.token_urlsafe(16))
