"""Two traps for programs that fill forms: a field nobody sees, and the time it took.

A page with a form carries the signed time at which it was made. Whoever is caught gets the form
again, as they filled it, and is asked to press once more: a reader whose browser fills forms, or
who left the page open for days, loses nothing; a program that does not read answers gets no
further.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from itsdangerous import BadSignature, Signer

from service.config import settings

HONEYPOT = "website"
"""A name that form fillers like."""

LONGEST = timedelta(days=2)
"""A stamp is no licence to post for ever."""


def stamp(now: datetime) -> str:
    """When the form was made, signed; milliseconds."""
    return _signer().sign(str(int(now.timestamp() * 1000)).encode()).decode()


def is_caught(honeypot: str, stamped: str, now: datetime, least_seconds: float) -> bool:
    """Whether a program may have filled the form: the hidden field, no stamp of ours, too fast."""
    try:
        made = int(_signer().unsign(stamped.encode())) / 1000
    except (BadSignature, ValueError):
        return True
    age = now.timestamp() - made
    return bool(honeypot) or not least_seconds <= age <= LONGEST.total_seconds()


def _signer() -> Signer:
    return Signer(settings().secret, salt="sign-up form")
