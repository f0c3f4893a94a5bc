"""Who somebody is: password, then a code where they have set one up; a wait after wrong ones.

A wrong code counts as a wrong password does, and only who has given both is past it: who has
found the password cannot try codes for ever by giving it again.

Each opens its own transactions, for a password takes a twentieth of a second to check and nothing
is locked so long. The wait is judged after that, with the account's row locked: of many tries at
once no more are listened to than one after another.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.db import read_scope, session_scope
from service.models import User
from service.staff import recovery, totp
from service.staff.lockout import FROM_ONE_PLACE, Origin, count_failure, forgive, is_shut
from service.staff.mails import News, tell
from service.staff.passwords import made_anew, matches
from service.staff.users import audit, user_named


class Proof(Enum):
    """What giving the password again came to."""

    RIGHT = "right"
    WRONG = "wrong"
    SHUT = "shut"


def check_login(
    email: str, password: str, origin_of: Callable[[int], Origin], now: datetime
) -> User | None:
    """Whose these are, or None: unknown, wrong and shut out look and take the same.

    Who has set up codes (``totp_secret``) is not in yet: :func:`check_code`. *origin_of* says
    where the try comes from, by the id of the account that it is for (0: there is none).
    """
    with read_scope() as session:
        found = user_named(session, email)
    right = matches(found.password_hash if found else "", password)
    origin = origin_of(found.id if found else 0)
    with session_scope() as session:
        user = _locked_row(session, found.id) if found else None
        if found is None or user is None:
            # What was typed is not kept: some type their password there.
            audit(session, None, "login.failed", "an unknown address", now, ip=origin.ip)
            return None
        right = right and _is_still(user, found, password)
        if is_shut(session, user, origin, now):
            right = False
        elif not right:
            count_failure(session, user, origin, now)
        elif user.totp_secret is None:
            forgive(session, user, origin)
        if not right:
            audit(session, None, "login.failed", user.email, now, ip=origin.ip)
            return None
        user.password_hash = made_anew(user.password_hash, password)
    return user


def check_code(user_id: int, typed: str, origin: Origin, now: datetime) -> User | None:
    """The second step: a code of the app or a recovery code. As :func:`check_login` otherwise."""
    with session_scope() as session:
        user = _locked_row(session, user_id)
        if user is None:
            return None
        shut = is_shut(session, user, origin, now)
        if not shut and _take_code(user, typed, now):
            forgive(session, user, origin)
            return user
        if not shut and count_failure(session, user, origin, now) == FROM_ONE_PLACE:
            tell(session, user, News.KNOWN, now)
        audit(session, user.id, "login.failed", "the code", now, ip=origin.ip)
    return None


def prove(user_id: int, password: str, typed: str | None, origin: Origin, now: datetime) -> Proof:
    """Both again from somebody who is logged in; *typed* None asks for no code."""
    with read_scope() as session:
        found = session.get(User, user_id)
    right = matches(found.password_hash if found else "", password)
    with session_scope() as session:
        user = _locked_row(session, user_id)
        if found is None or user is None:
            return Proof.SHUT
        shut = is_shut(session, user, origin, now)
        right = right and not shut and _is_still(user, found, password)
        if right and (typed is None or _take_code(user, typed, now)):
            if typed is not None:
                forgive(session, user, origin)
            return Proof.RIGHT
        if not shut:
            count_failure(session, user, origin, now)
        audit(session, user.id, "login.unproved", user.email, now, ip=origin.ip)
    return Proof.SHUT if shut else Proof.WRONG


def _locked_row(session: Session, user_id: int) -> User | None:
    return session.scalars(
        select(User).where(User.id == user_id, User.removed_at.is_(None)).with_for_update()
    ).one_or_none()


def _is_still(user: User, found: User, password: str) -> bool:
    """Whether what was right for *found* is so now: it may have been changed, or made stronger."""
    same = user.password_hash == found.password_hash
    return same or matches(user.password_hash, password)


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
