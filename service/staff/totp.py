"""One-time codes of an authenticator app: RFC 6238 over RFC 4226, with what every app assumes
(SHA-1, six digits, thirty seconds)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

DIGITS = 6
STEP_SECONDS = 30
SECRET_BYTES = 20  # RFC 4226 § 4: as long as the hash
DRIFT = (0, -1, 1)
"""Steps off that are taken too: a clock may go wrong, and typing takes time (RFC 6238 § 5.2)."""


def new_secret() -> str:
    """A secret in base32, as apps take it."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def is_secret(text: str) -> bool:
    """Whether *text* is what :func:`new_secret` makes."""
    try:
        return len(base64.b32decode(text)) == SECRET_BYTES
    except ValueError:
        return False


def step_of(now: datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


def code_at(secret: str, step: int, digits: int = DIGITS) -> str:
    """The code of *step* (HOTP, RFC 4226 § 5.3)."""
    mac = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1)
    place = mac[-1] & 0x0F
    number = int.from_bytes(mac[place : place + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}}"


def step_taken(secret: str, typed: str, now: datetime, used: int | None) -> int | None:
    """The step whose code *typed* is, None when of none around *now*.

    *used* is the last step whose code was taken: that one and all before it are spent, so that a
    code which somebody looked on at opens nothing (RFC 6238 § 5.2).
    """
    given = "".join(typed.split()).encode()
    here = step_of(now)
    fresh = [here + off for off in DRIFT if used is None or here + off > used]
    right = [step for step in fresh if hmac.compare_digest(code_at(secret, step).encode(), given)]
    return right[0] if right else None


def address_for_apps(secret: str, email: str, issuer: str) -> str:
    """What the QR code says: the ``otpauth`` address that authenticator apps read."""
    label = quote(f"{issuer}:{email}", safe="@:")
    return (
        f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': issuer}, quote_via=quote)}"
    )
