"""Passwords: argon2id, long rather than curious, checked in the same time for anybody."""

from __future__ import annotations

import re
import secrets
from functools import lru_cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

FEWEST_CHARACTERS = 12  # NIST SP 800-63B: length over rules of composition
MOST_CHARACTERS = 1024  # hashing is work: nobody may order a megabyte of it

STRENGTH = RFC_9106_LOW_MEMORY  # 64 MiB and three passes: RFC 9106 § 4, second choice
hasher = PasswordHasher.from_parameters(STRENGTH)

AT_ONCE = 2
"""Checked by one process: each takes 64 MiB and a processor, and anybody may ask for one."""
_at_once = BoundedSemaphore(AT_ONCE)

ANYBODYS = (
    "password", "passwort", "passphrase", "secret", "letmein", "iloveyou", "welcome", "changeme",
    "admin", "administrator", "broadsheet", "newsletter", "qwerty", "qwertyuiop", "qwertz",
    "qwertzuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm", "abcdef", "abcdefghijkl",
    "abcdefghijklmnopqrstuvwxyz", "123456", "12345678", "123456789", "1234567890", "0987654321",
)  # fmt: skip
"""What the passwords are made of that are guessed first, with digits and signs around it."""


class BadPassword(ValueError):
    """A password that cannot be chosen; the text says why."""


def hash_password(password: str, email: str = "") -> str:
    """What is kept of *password*; raises :class:`BadPassword`."""
    if len(password) < FEWEST_CHARACTERS:
        raise BadPassword(f"A password needs at least {FEWEST_CHARACTERS} characters.")
    if len(password) > MOST_CHARACTERS:
        raise BadPassword(f"A password has at most {MOST_CHARACTERS:,} characters.")
    if _is_guessed_first(password, email):
        raise BadPassword("That is the first that anybody would try. Choose another.")
    return hasher.hash(password)


def made_anew(password_hash: str, password: str) -> str:
    """*password_hash*, or where it is not as strong as those of today, another of *password*."""
    return hasher.hash(password) if hasher.check_needs_rehash(password_hash) else password_hash


def matches(password_hash: str, password: str) -> bool:
    """Whether *password* is the one; of somebody without one, never, in the same time."""
    if len(password) > MOST_CHARACTERS:
        return False
    try:
        with _at_once:
            return hasher.verify(password_hash or nobodys_hash(), password) and bool(password_hash)
    except (VerifyMismatchError, InvalidHashError):
        return False


@lru_cache(maxsize=1)
def nobodys_hash() -> str:
    """Checked for an unknown address, so that it takes as long as a known one."""
    return hasher.hash(secrets.token_urlsafe(16))


def _is_guessed_first(password: str, email: str) -> bool:
    """Whether little is left of *password* without what everybody tries (NIST SP 800-63B
    § 5.1.1.2): such words, the address, a row of digits, one character again and again."""
    whole = left = password.lower()
    for known in sorted({*ANYBODYS, *re.split(r"[@.+_-]", email.lower())}, key=len, reverse=True):
        if len(known) > 3:
            left = left.replace(known, "")
    letters = {char for char in left if char.isalpha()}
    return len(set(left)) < 4 or (left != whole and len(letters) < 4)
