"""How often one network may do a thing. Counted in Redis; without Redis everything is let through.

A sliding scale, proof of work and limits by domain come with the reader's side; this one keeps a
single machine from filling the sign-up form all day.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from service.config import settings

log = structlog.get_logger(__name__)


def allowed(what: str, address: str | None, most: int, seconds: int) -> bool:
    """Whether *address* may do *what* once more: at most *most* times in *seconds*."""
    key = f"limit:{what}:{network(address)}"
    try:
        with _redis(settings().redis).pipeline() as pipe:
            # Not EXPIRE … NX, which is of Redis 7: the private server may be a 6.2.
            pipe.set(key, 0, ex=seconds, nx=True)
            pipe.incr(key)
            _, times = pipe.execute()
    except (RedisError, OSError) as error:
        log.warning("limit.unreachable", what=what, error=str(error))
        return True
    return int(times) <= most


def network(address: str | None) -> str:
    """The address itself, or for IPv6 the /64 that one customer usually has."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if ip.version == 6:
        return str(ipaddress.ip_network(f"{ip}/64", strict=False).network_address)
    return str(ip)


@lru_cache(maxsize=4)
def _redis(url: str) -> Redis:
    # Its own retries would keep a reader waiting for seconds while Redis is down.
    quick = Retry(NoBackoff(), 0)
    return Redis.from_url(url, socket_connect_timeout=0.3, socket_timeout=0.3, retry=quick)
