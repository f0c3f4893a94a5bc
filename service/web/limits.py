"""How often a thing may be done: by one network, to one address, in all. Counted in Redis.

Fixed windows, which begin with the first time and say exactly when they end. Without Redis each
process counts for itself: more gets through than should, by as many times as there are processes,
but a reader is not refused because of us, and a script is still stopped.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.exceptions import RedisError
from redis.retry import Retry
from werkzeug.exceptions import TooManyRequests

from service.config import settings

log = structlog.get_logger(__name__)

HOUR = 3600
FULL = 20_000
"""So many windows one process remembers before it throws away those that are over."""


@dataclass(frozen=True)
class Limit:
    """At most *most* times *what* by (or to) *who* in *seconds*; 0 is as often as they like."""

    what: str
    who: str
    most: int
    seconds: int = HOUR

    @property
    def key(self) -> str:
        return f"limit:{self.what}:{self.who}"


def allowed(what: str, address: str | None, most: int, seconds: int) -> bool:
    """Whether the network of *address* may do *what* once more."""
    return wait([Limit(what, network(address), most, seconds)]) == 0


def insist(*limits: Limit) -> None:
    """Count once against each of *limits*; over one of them, answer 429 and say when to come back.

    The answer is the same for every address, for tries are counted and not what became of them.
    """
    if seconds := wait(limits):
        raise TooManyRequests(retry_after=seconds)


def wait(limits: Sequence[Limit]) -> int:
    """Count once against each of *limits*; 0, or the seconds until all of them allow it again."""
    held = [limit for limit in limits if limit.most]
    if not held:
        return 0
    try:
        counted = _in_redis(held)
    except (RedisError, OSError) as error:
        log.warning("limit.unreachable", what=held[0].what, error=str(error))
        windows = _own(settings().redis)
        counted = [windows.count(limit, time.monotonic()) for limit in held]
    over = [
        max(left, 1)
        for limit, (times, left) in zip(held, counted, strict=True)
        if times > limit.most
    ]
    return max(over, default=0)


def first_time(key: str, seconds: int) -> bool:
    """Whether *key* comes for the first time in *seconds*: what is used up cannot be used again."""
    return wait([Limit("once", key, 1, seconds)]) == 0


def network(address: str | None) -> str:
    """The address itself, or for IPv6 the /64 that one customer usually has.

    A socket for both writes IPv4 as ``::ffff:192.0.2.7``, and all of that is one /64.
    """
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network(f"{ip}/64", strict=False).network_address)
    return str(ip)


def _in_redis(limits: Sequence[Limit]) -> list[tuple[int, int]]:
    """How many times, and the seconds left of the window, for each; in one round trip."""
    count = _count(settings().redis)
    counted = count([limit.key for limit in limits], [limit.seconds for limit in limits])
    return [(int(times), int(left)) for times, left in counted]


@dataclass
class Windows:
    """The windows of one process, for when Redis is away."""

    _windows: dict[str, tuple[int, float]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def count(self, limit: Limit, now: float) -> tuple[int, int]:
        """How many times, and the seconds left of the window; *now* in seconds of any clock."""
        with self._lock:
            times, ends = self._windows.get(limit.key, (0, 0.0))
            if ends <= now:
                times, ends = 0, now + limit.seconds
            self._windows[limit.key] = (times + 1, ends)
            if len(self._windows) > FULL:
                self._tidy(now)
            return times + 1, round(ends - now)

    def __len__(self) -> int:
        return len(self._windows)

    def _tidy(self, now: float) -> None:
        kept = {key: window for key, window in self._windows.items() if window[1] > now}
        # Under a flood of new keys the eldest go: to forget one lets somebody in, no more.
        self._windows = dict(list(kept.items())[-FULL // 2 :])


@lru_cache(maxsize=4)
def _own(_url: str) -> Windows:
    """In place of the Redis at that address."""
    return Windows()


COUNT = """
local counted = {}
for place, key in ipairs(KEYS) do
    local times = redis.call('INCR', key)
    if times == 1 then redis.call('EXPIRE', key, ARGV[place]) end
    counted[place] = {times, redis.call('TTL', key)}
end
return counted
"""


@lru_cache(maxsize=4)
def _count(url: str) -> Script:
    return quick(url).register_script(COUNT)


@lru_cache(maxsize=4)
def quick(url: str) -> Redis:
    """A client that gives up soon: its own retries would keep whoever asks waiting for seconds
    while Redis is down."""
    once = Retry(NoBackoff(), 0)
    return Redis.from_url(url, socket_connect_timeout=0.3, socket_timeout=0.3, retry=once)
