"""Who somebody is: password, then a code where they have set one up; shut after failures in a row.

A wrong code counts as a wrong password does, and only who has given both is past it: who has
found the password cannot try codes for ever by giving it again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.models import User
from service.staff import recovery, totp
from service.staff.passwords import hasher, matches

FAILURES_BEFORE_LOCK = 5
FIRST_LOCK = timedelta(minutes=1)
LONGEST_LOCK = timedelta(hours=1)


class Proof(Enum):
    """What giving the password again came to."""

    RIGHT = "right"
    WRONG = "wrong"
    SHUT = "shut"


def check_login(session: Session, email: str, password: str, now: datetime) -> User | None:
    """Whose these are, or None: unknown, wrong and locked look and take the same.

    Who has set up codes (``totp_secret``) is not in yet: :func:`check_code`. Counts failures in
    the session, so commit also when the answer is None.
    """
    user = session.scalars(
        select(User)
        .where(User.email == email.strip().lower(), User.removed_at.is_(None))
        .with_for_update()
    ).one_or_none()
    right = matches(user.password_hash if user else "", password)
    if user is None or is_locked(user, now):
        return None
    if not right:
        _failed(user, now)
        return None
    if hasher.check_needs_rehash(user.password_hash):
        user.password_hash = hasher.hash(password)
    if user.totp_secret is None:
        _opened(user)
    return user


def check_code(session: Session, user_id: int, typed: str, now: datetime) -> User | None:
    """The second step: a code of the app or a recovery code. As :func:`check_login` otherwise."""
    user = _locked_row(session, user_id)
    if user is None or is_locked(user, now):
        return None
    if not _take_code(user, typed, now):
        _failed(user, now)
        return None
    _opened(user)
    return user


def prove(session: Session, user_id: int, password: str, typed: str | None, now: datetime) -> Proof:
    """Both again from somebody who is logged in; *typed* None asks for no code. Commit it."""
    user = _locked_row(session, user_id)
    if user is None or is_locked(user, now):
        return Proof.SHUT
    right = matches(user.password_hash, password)
    if not right or (typed is not None and not _take_code(user, typed, now)):
        _failed(user, now)
        return Proof.WRONG
    if typed is not None:
        _opened(user)
    return Proof.RIGHT


def locked_until(failures: int, now: datetime) -> datetime | None:
    """How long an account stays shut after *failures* in a row: a minute from the fifth, then
    twice as long each time, an hour at most."""
    over = failures - FAILURES_BEFORE_LOCK
    if over < 0:
        return None
    wait: timedelta = min(FIRST_LOCK * 2 ** min(over, 10), LONGEST_LOCK)
    return now + wait


def is_locked(user: User, now: datetime) -> bool:
    return user.locked_until is not None and user.locked_until > now


def _locked_row(session: Session, user_id: int) -> User | None:
    return session.scalars(
        select(User).where(User.id == user_id, User.removed_at.is_(None)).with_for_update()
    ).one_or_none()


def _take_code(user: User, typed: str, now: datetime) -> bool:
    """Spend the code; True also for who has set none up."""
    if user.totp_secret is None:
        return True
    step = totp.step_taken(user.totp_secret, typed, now, user.totp_used_step)
    if step is not None:
        user.totp_used_step = step
        return True
    left = recovery.spend(user.recovery_codes, typed)
    if left is None:
        return False
    user.recovery_codes = left
    return True


def _failed(user: User, now: datetime) -> None:
    user.failed_logins += 1
    user.locked_until = locked_until(user.failed_logins, now)


def _opened(user: User) -> None:
    user.failed_logins, user.locked_until = 0, None
