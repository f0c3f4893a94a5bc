"""Time as the sandbox sees it. Tests hand in their own clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate

Clock = Callable[[], float]
"""Seconds since 1970, as ``time.time`` gives them."""


def stamp(at: float) -> str:
    """An instant as SES and SNS write it: ``2026-11-20T06:00:00.123Z``."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def http_date(moment: float) -> str:
    """``Fri, 20 Nov 2026 07:00:00 GMT`` (RFC 9110, 5.6.7)."""
    return formatdate(moment, usegmt=True)
