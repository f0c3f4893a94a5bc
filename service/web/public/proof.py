"""A proof of work by the reader's browser, in the form that ALTCHA gives it (altcha.org/docs).

The page carries a hash and its salt, signed by us; ``static/proof.js`` finds the number that was
hashed, and the form brings it back. Nothing is kept but the ones that were used, until they expire.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

ALGORITHM = "SHA-256"
GOOD_FOR = timedelta(minutes=30)
MOST = 50_000
"""Numbers to try at most: about a second of a phone's time."""

_FIELDS = ("algorithm", "challenge", "salt", "signature")


def challenge(secret: bytes, now: datetime, nonce: str, number: int) -> dict[str, str | int]:
    """What the page asks for. *nonce* is random text, *number* one below :data:`MOST`."""
    expires = int((now + GOOD_FOR).timestamp())
    # The last & keeps the number's digits from being read as part of the time.
    salt = f"{nonce}?expires={expires}&"
    asked = _hash(salt, number)
    return {
        "algorithm": ALGORITHM,
        "challenge": asked,
        "maxnumber": MOST,
        "salt": salt,
        "signature": _sign(secret, asked),
    }


def proved(secret: bytes, payload: str, now: datetime) -> str | None:
    """The signature of the challenge that *payload* answers; None when it does not answer one.

    Whoever calls holds that no signature counts twice.
    """
    answer = _read(payload)
    if answer is None:
        return None
    algorithm, asked, salt, signature = (str(answer.get(name, "")) for name in _FIELDS)
    number = answer.get("number")
    if algorithm != ALGORITHM or not isinstance(number, int) or isinstance(number, bool):
        return None
    if not hmac.compare_digest(_sign(secret, asked).encode(), signature.encode()):
        return None
    if not hmac.compare_digest(_hash(salt, number), asked) or not 0 <= number <= MOST:
        return None
    return signature if _expires(salt) > now.timestamp() else None


def solve(asked: Mapping[str, str | int]) -> str:
    """What the browser sends for *asked*; here for programs that test us."""
    for number in range(MOST + 1):
        if _hash(str(asked["salt"]), number) == asked["challenge"]:
            answer = {name: asked[name] for name in _FIELDS} | {"number": number}
            return base64.b64encode(json.dumps(answer).encode()).decode()
    raise ValueError("no number below the most has this hash")


def _read(payload: str) -> dict[str, object] | None:
    try:
        read = json.loads(base64.b64decode(payload, validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def _expires(salt: str) -> int:
    said = re.fullmatch(r"[0-9a-f]+\?expires=([0-9]{1,12})&", salt)
    return int(said[1]) if said else 0


def _hash(salt: str, number: int) -> str:
    return hashlib.sha256(f"{salt}{number}".encode()).hexdigest()


def _sign(secret: bytes, asked: str) -> str:
    return hmac.digest(secret, b"altcha\0" + asked.encode(), hashlib.sha256).hex()
