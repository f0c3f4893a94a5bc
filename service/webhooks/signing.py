"""Signatures as Standard Webhooks has them: https://www.standardwebhooks.com, version 1.

What is signed is ``id.timestamp.body``: a body cannot be moved to another call, and a receiver
that checks the time cannot be made to take an old one again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

PREFIX = "whsec_"
SECRET_BYTES = 32  # the scheme asks for 24 to 64


def new_secret() -> str:
    """A secret in the form in which receivers' libraries read it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(secret: str, identity: str, at: datetime, body: bytes) -> str:
    """The value of ``webhook-signature`` for *body*, sent *at* (whole seconds count)."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{identity}.{int(at.timestamp())}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def headers(secret: str, identity: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a call."""
    return {
        "webhook-id": identity,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature(secret, identity, at, body),
    }
