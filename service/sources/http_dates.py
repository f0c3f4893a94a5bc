"""What response headers say about time (RFC 9110 10.2.3, RFC 9111 5.2.2.1): pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_MAX_AGE = re.compile(r"(?i)(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})")
_SECONDS = re.compile(r"\d{1,9}")


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """``Retry-After`` as a wait from *now*: seconds or a date; None when it says nothing usable."""
    if not value:
        return None
    if _SECONDS.fullmatch(value.strip()):
        return timedelta(seconds=int(value))
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(moment - now, timedelta())


def max_age(cache_control: str | None) -> timedelta | None:
    """``max-age`` of a ``Cache-Control`` header."""
    found = _MAX_AGE.search(cache_control or "")
    return timedelta(seconds=int(found[1])) if found else None
