"""Recovery codes: for the day the phone with the authenticator app is lost. Each is good once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence

HOW_MANY = 10
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Nothing that reads like something else on paper."""

GROUPS, GROUP_LENGTH = 4, 4  # 79 bits: nobody guesses one from its hash


def new_codes() -> list[str]:
    """Codes to be shown once: ``7k3f-x2mq-9d4w-h5np``."""
    return ["-".join(_group() for _ in range(GROUPS)) for _ in range(HOW_MANY)]


def hashed(codes: Sequence[str]) -> list[str]:
    """What is kept of *codes*."""
    return [_hash(code) for code in codes]


def spend(kept: Sequence[str], typed: str) -> list[str] | None:
    """The hashes that are left when *typed* is one of the *kept*; None when it is not."""
    spent = _hash(typed)
    return [one for one in kept if one != spent] if spent in kept else None


def _group() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH))


def _hash(code: str) -> str:
    plain = "".join(char for char in code.lower() if char in ALPHABET)
    return hashlib.sha256(plain.encode()).hexdigest()
