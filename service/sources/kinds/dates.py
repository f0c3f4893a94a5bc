"""Moments as feeds, pages and exports write them, in UTC; None for what says no moment."""

from __future__ import annotations

import time
from calendar import timegm
from datetime import UTC, datetime


def iso_moment(stamp: str) -> datetime | None:
    """RFC 3339, and the rest of ISO 8601 as far as Python reads it; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(stamp)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def formatted_moment(stamp: str, form: str) -> datetime | None:
    """*stamp* by a ``strptime`` format, its names of days and months in English."""
    try:
        parts = time.strptime(stamp, form)
        return datetime.fromtimestamp(timegm(parts) - (parts.tm_gmtoff or 0), UTC)
    except (ValueError, OverflowError):
        return None
