"""Passwords: argon2id, long rather than curious, checked in the same time for anybody."""

from __future__ import annotations

import secrets
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

FEWEST_CHARACTERS = 12  # NIST SP 800-63B: length over rules of composition
MOST_CHARACTERS = 1024  # hashing is work: nobody may order a megabyte of it

hasher = PasswordHasher()


class BadPassword(ValueError):
    """A password that cannot be chosen; the text says why."""


def hash_password(password: str, email: str = "") -> str:
    """What is kept of *password*; raises :class:`BadPassword`."""
    if len(password) < FEWEST_CHARACTERS:
        raise BadPassword(f"A password needs at least {FEWEST_CHARACTERS} characters.")
    if len(password) > MOST_CHARACTERS:
        raise BadPassword(f"A password has at most {MOST_CHARACTERS:,} characters.")
    if password.lower() == email.lower() or len(set(password)) < 4:
        raise BadPassword("That is the first that anybody would try. Choose another.")
    return hasher.hash(password)


def matches(password_hash: str, password: str) -> bool:
    """Whether *password* is the one; of somebody without one, never, in the same time."""
    if len(password) > MOST_CHARACTERS:
        return False
    try:
        return hasher.verify(password_hash or nobodys_hash(), password) and bool(password_hash)
    except (VerifyMismatchError, InvalidHashError):
        return False


@lru_cache(maxsize=1)
def nobodys_hash() -> str:
    """Checked for an unknown address, so that it takes as long as a known one."""
    return hasher.hash(secrets.token_urlsafe(16))
