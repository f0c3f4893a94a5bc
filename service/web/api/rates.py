"""How often a token may ask: so many requests in each minute, counted in Redis.

The headers are those of the IETF's draft "RateLimit header fields for HTTP". Without Redis
everything is let through, and nothing is said about what is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog
from redis.exceptions import RedisError

from service.config import settings
from service.web.limits import quick

log = structlog.get_logger(__name__)

WINDOW = 60
"""Seconds."""


@dataclass(frozen=True)
class Rate:
    """What is left of a token's minute."""

    most: int
    used: int
    seconds: int
    """Until the next minute begins."""

    @property
    def over(self) -> bool:
        return self.used > self.most

    def headers(self) -> dict[str, str]:
        left = max(0, self.most - self.used)
        return {
            "RateLimit-Policy": f'"token";q={self.most};w={WINDOW}',
            "RateLimit": f'"token";r={left};t={self.seconds}',
        }


def count(token_id: int, now: datetime) -> Rate | None:
    """Count one request of a token; None when Redis could not be asked."""
    minute, second = divmod(int(now.timestamp()), WINDOW)
    key = f"api:{token_id}:{minute}"
    try:
        with quick(settings().redis).pipeline() as pipe:
            pipe.incr(key)
            pipe.expire(key, 2 * WINDOW)
            used, _ = pipe.execute()
    except (RedisError, OSError) as error:
        log.warning("rate.unreachable", error=str(error))
        return None
    return Rate(settings().api_rate, int(used), WINDOW - second)
