"""Tokens in links: what a reader may do, signed, each for one purpose.

A token is ``base64url(payload) . base64url(first 16 bytes of HMAC-SHA256)``: 128 bits, the purpose
being part of what is signed, so a link to confirm cannot be turned into one to unsubscribe.
Nothing is stored for one, so nothing runs out by itself: a link to unsubscribe must work for ever
(CAN-SPAM, RFC 8058). A purpose that should run out puts a time in its payload.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Literal

Purpose = Literal[
    "address", "confirm", "data", "preferences", "unsubscribe", "undo", "password", "browser"
]

MAC_BYTES = 16


class BadToken(ValueError):
    """Not a token of ours, or not one for this purpose."""


def sign(secret: bytes, purpose: Purpose, *numbers: int) -> str:
    """A token for *purpose* that carries *numbers* (an id, a time)."""
    payload = ".".join(str(number) for number in numbers).encode()
    return f"{_encode(payload)}.{_encode(_mac(secret, purpose, payload))}"


def read(secret: bytes, purpose: Purpose, token: str, *, count: int) -> tuple[int, ...]:
    """The *count* numbers that :func:`sign` put in; raises :class:`BadToken`."""
    try:
        payload, mac = (_decode(part) for part in token.split("."))
    except (ValueError, binascii.Error) as error:
        raise BadToken("not a token") from error
    if not hmac.compare_digest(mac, _mac(secret, purpose, payload)):
        raise BadToken("the signature does not match")
    numbers = tuple(int(number) for number in payload.decode().split("."))
    if len(numbers) != count:
        raise BadToken("a token of another shape")
    return numbers


def stamp(at: datetime) -> int:
    """*at* in whole seconds, for a payload."""
    return int(at.timestamp())


def unstamp(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _mac(secret: bytes, purpose: Purpose, payload: bytes) -> bytes:
    return hmac.digest(secret, purpose.encode() + b"\0" + payload, hashlib.sha256)[:MAC_BYTES]


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    raw = text.encode("ascii")
    data = base64.b64decode(raw + b"=" * (-len(raw) % 4), altchars=b"-_", validate=True)
    if _encode(data) != text:
        raise ValueError("not the one spelling of these bytes")
    return data
