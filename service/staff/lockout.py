"""Wrong tries are counted by where they come from, so that nobody shuts out somebody else.

Who knows an editor's address could else keep them from their own account by typing it with any
password. So a network that guesses is shut out by itself, and so is a browser that was in the
account before, and one that is in it; of these nobody else can make the failures (OWASP, "Slow Down
Online Guessing Attacks with Device Cookies"). All strangers together are shut out later, so that
many networks are no way around it (NIST SP 800-63B § 5.2.2 asks for 100 failures at most).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, select
from sqlalchemy.orm import Session

from service.models import FailedLogin, User

FROM_ONE_PLACE = 5
FROM_ALL_STRANGERS = 50
"""Failures in a row before the first wait."""

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)

KEPT = timedelta(days=1)
"""Failures that are older begin no row."""


@dataclass(frozen=True)
class Origin:
    """Where a try comes from, as far as failures are counted together."""

    key: str
    ip: str | None = None
    is_stranger: bool = False

    @classmethod
    def of_network(cls, network: str, ip: str | None) -> Origin:
        """Somebody of whom nothing is known but the address."""
        return cls(f"network {network}", ip, is_stranger=True)

    @classmethod
    def of_browser(cls, number: int, ip: str | None) -> Origin:
        """One that was logged in to the account before, by the number it was given then."""
        return cls(f"browser {number}", ip)

    @classmethod
    def of_session(cls, session_id: int, ip: str | None) -> Origin:
        """One that is logged in."""
        return cls(f"session {session_id}", ip)


def wait_after(failures: int, free: int, now: datetime) -> datetime | None:
    """Until when nothing is listened to after *failures* in a row, *free* of which cost no wait:
    a minute, then twice as long each time, an hour at most."""
    over = failures - free
    if over < 0:
        return None
    wait: timedelta = min(FIRST_WAIT * 2 ** min(over, 10), LONGEST_WAIT)
    return now + wait


def is_shut(session: Session, user: User, origin: Origin, now: datetime) -> bool:
    """Whether *origin* has to wait before it is listened to."""
    if origin.is_stranger and _lies_ahead(user.locked_until, now):
        return True
    row = _row(session, user, origin)
    return row is not None and _lies_ahead(row.locked_until, now)


def count_failure(session: Session, user: User, origin: Origin, now: datetime) -> int:
    """One more, for a locked row of *user*; how many in a row it is from there."""
    old = and_(FailedLogin.user_id == user.id, FailedLogin.at < now - KEPT)
    session.execute(delete(FailedLogin).where(old))
    row = _row(session, user, origin)
    if row is None:
        row = FailedLogin(user_id=user.id, origin=origin.key, failures=0)
        session.add(row)
    row.failures, row.at = row.failures + 1, now
    row.locked_until = wait_after(row.failures, FROM_ONE_PLACE, now)
    if origin.is_stranger:
        if user.locked_until is not None and user.locked_until < now - KEPT:
            user.failed_logins = 0
        user.failed_logins += 1
        user.locked_until = wait_after(user.failed_logins, FROM_ALL_STRANGERS, now)
    return row.failures


def forgive(session: Session, user: User, origin: Origin) -> None:
    """What was right ends the row of *origin*, and of a stranger that of all strangers."""
    session.execute(
        delete(FailedLogin).where(FailedLogin.user_id == user.id, FailedLogin.origin == origin.key)
    )
    if origin.is_stranger:
        user.failed_logins, user.locked_until = 0, None


def forgive_all(session: Session, user: User) -> None:
    """With a new password everybody begins anew."""
    session.execute(delete(FailedLogin).where(FailedLogin.user_id == user.id))
    user.failed_logins, user.locked_until = 0, None


@dataclass(frozen=True)
class Shut:
    """Somebody who has to wait."""

    who: str
    failures: int
    until: datetime

    @classmethod
    def of(cls, row: FailedLogin) -> Shut:
        kind, _, name = row.origin.partition(" ")
        who = f"the network {name}" if kind == "network" else CALLED[kind]
        assert row.locked_until is not None
        return cls(who, row.failures, row.locked_until)


CALLED = {
    "browser": "a browser that was logged in before",
    "session": "a browser that is logged in",
}


def shut_now(session: Session, now: datetime) -> dict[int, list[Shut]]:
    """Who has to wait at present, by the users whose accounts they tried."""
    found: dict[int, list[Shut]] = {}
    for user in session.scalars(select(User).where(User.locked_until > now)):
        assert user.locked_until is not None
        strangers = Shut("browsers not used before", user.failed_logins, user.locked_until)
        found[user.id] = [strangers]
    waiting = select(FailedLogin).where(FailedLogin.locked_until > now).order_by(FailedLogin.id)
    for row in session.scalars(waiting):
        found.setdefault(row.user_id, []).append(Shut.of(row))
    return found


def _row(session: Session, user: User, origin: Origin) -> FailedLogin | None:
    return session.scalars(
        select(FailedLogin).where(FailedLogin.user_id == user.id, FailedLogin.origin == origin.key)
    ).one_or_none()


def _lies_ahead(until: datetime | None, now: datetime) -> bool:
    return until is not None and until > now
