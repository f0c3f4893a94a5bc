"""Accounts of the admin: made, changed, removed; and the audit log's pen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.db import insert_ignoring
from service.models import ApiToken, Audit, Role, User
from service.staff import recovery, sessions
from service.staff.lockout import forgive_all
from service.staff.passwords import BadPassword, hash_password

LONGEST_SUBJECT = 200
"""Characters of what an audit line is about."""


class BadUser(ValueError):
    """An account that cannot be made or changed as asked; the text says why."""


def add_user(session: Session, email: str, password: str, role: Role, now: datetime) -> User:
    """Make an account; raises :class:`BadUser` or ``BadAddress``."""
    key = _free_address(session, email)
    try:
        return _make(session, key, hash_password(password, key), role, now)
    except BadPassword as error:
        raise BadUser(str(error)) from error


def invite(session: Session, email: str, role: Role, now: datetime) -> User:
    """Make an account that opens once its password was chosen by a link; raises as above."""
    return _make(session, _free_address(session, email), "", role, now)


def change_role(session: Session, user: User, role: Role) -> None:
    """Raises :class:`BadUser` when nobody could change anything any more."""
    if role is not Role.OWNER:
        _keep_an_owner(session, user)
    user.role = role


def change_address(session: Session, user: User, email: str) -> None:
    """Let them log in by another address, with the same password; raises as :func:`add_user`."""
    key = _free_address(session, email)
    if session.scalars(select(User.id).where(User.email == key)).one_or_none() is not None:
        raise BadUser(f"{key} had an account that was removed: let that address in again instead.")
    user.email = key


def remove(session: Session, user: User, now: datetime) -> None:
    """Nothing of theirs opens anything any more. Raises :class:`BadUser` for the last owner."""
    _keep_an_owner(session, user)
    user.removed_at, user.password_hash = now, ""
    forget_codes(user)
    sessions.end_all(session, user.id)
    tokens = select(ApiToken).where(ApiToken.user_id == user.id, ApiToken.revoked_at.is_(None))
    for token in session.scalars(tokens):
        token.revoked_at = now


def choose_password(session: Session, user: User, password: str, *, but: int | None = None) -> None:
    """A new one: every browser is logged out, *but* that session's. Raises ``BadPassword``."""
    user.password_hash = hash_password(password, user.email)
    forgive_all(session, user)
    sessions.end_all(session, user.id, but=but)


def set_up_codes(user: User, secret: str, step: int) -> list[str]:
    """From now on a code is asked for; *step*'s was given to show that the app has the secret.

    The recovery codes, to be shown this once.
    """
    user.totp_secret, user.totp_used_step = secret, step
    return renew_recovery_codes(user)


def renew_recovery_codes(user: User) -> list[str]:
    """New ones, to be shown this once; those from before are good for nothing."""
    codes = recovery.new_codes()
    user.recovery_codes = recovery.hashed(codes)
    return codes


def forget_codes(user: User) -> None:
    """No code is asked for any more: the password alone opens the account."""
    user.totp_secret, user.totp_used_step, user.recovery_codes = None, None, []


def all_users(session: Session) -> list[User]:
    return list(session.scalars(select(User).where(User.removed_at.is_(None)).order_by(User.email)))


def user_named(session: Session, email: str) -> User | None:
    """The account of an address as somebody types it."""
    return session.scalars(
        select(User).where(User.email == email.strip().lower(), User.removed_at.is_(None))
    ).one_or_none()


def audit(
    session: Session, user_id: int | None, action: str, subject: str, now: datetime, **detail: Any
) -> None:
    """Note who did what (``issue.approve``) to what (``issue 7``). None is the command line.

    Of a long *subject*, an address perhaps, the beginning is kept.
    """
    about = subject[:LONGEST_SUBJECT]
    session.add(Audit(user_id=user_id, action=action, subject=about, detail=detail, at=now))


def _free_address(session: Session, email: str) -> str:
    address = parse_address(email)
    if user_named(session, address.key):
        raise _taken(address.email)
    return address.key


def _taken(address: str) -> BadUser:
    return BadUser(f"There is an account for {address} already.")


def _make(session: Session, key: str, password_hash: str, role: Role, now: datetime) -> User:
    """A new row, or that of somebody who was removed before and comes back."""
    new = {
        "email": key,
        "password_hash": password_hash,
        "role": role,
        "recovery_codes": [],
        "failed_logins": 0,
        "created_at": now,
    }
    table = User.__table__
    assert isinstance(table, Table)
    is_new = insert_ignoring(session, table, [new])  # two clicks at once are one account
    user = session.scalars(select(User).where(User.email == key).with_for_update()).one()
    if not is_new and user.removed_at is None:
        raise _taken(user.email)
    user.password_hash, user.role, user.removed_at = password_hash, role, None
    user.last_login_at = None
    forget_codes(user)
    session.flush()
    forgive_all(session, user)
    return user


def _keep_an_owner(session: Session, user: User) -> None:
    """All owners' rows are locked: two who remove each other at once wait for each other."""
    owners = session.scalars(
        select(User)
        .where(User.role == Role.OWNER, User.removed_at.is_(None))
        .order_by(User.id)
        .with_for_update()
    ).all()
    able = [owner for owner in owners if owner.password_hash and owner.id != user.id]
    if user.role is Role.OWNER and not able:
        raise BadUser(
            f"{user.email} is the only owner who can log in. Make somebody else an owner first."
        )
