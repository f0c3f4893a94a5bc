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
from flask import has_request_context, request
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
    """As :func:`wait`; over one of *limits*, answer 429 and say when to come back.

    The answer is the same for every address, for tries are counted and not what became of them.
    """
    if seconds := wait(limits):
        raise TooManyRequests(retry_after=seconds)


def wait(limits: Sequence[Limit]) -> int:
    """Count once against each of *limits*; 0, or the seconds until all of them allow it again.

    In their order, and no further than to the first that is used up: who is stopped there takes
    nothing of what the others allow. Those after it only say how long they are used up themselves.
    """
    passed = _passed()
    held = [limit for limit in limits if limit.most and limit.key not in passed]
    if not held:
        return 0
    try:
        counted = _in_redis(held)
    except (RedisError, OSError) as error:
        log.warning("limit.unreachable", what=held[0].what, error=str(error))
        counted = _own(settings().redis).count(held, time.monotonic())
    over = [
        max(left, 1)
        for limit, (times, left) in zip(held, counted, strict=True)
        if times > limit.most
    ]
    if not over:
        passed.update(limit.key for limit in held)
    return max(over, default=0)


def _passed() -> set[str]:
    """What let this request pass. It is counted once, also where its view is tried once more."""
    if not has_request_context():
        return set()
    passed: set[str] = request.environ.setdefault("broadsheet.passed", set())
    return passed


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


Counted = tuple[int, int]
"""How many times with this one, and the seconds left of the window."""


def _in_redis(limits: Sequence[Limit]) -> list[Counted]:
    """Of each of *limits*, in one round trip."""
    count = _count(settings().redis)
    numbers = [number for limit in limits for number in (limit.most, limit.seconds)]
    counted = count([limit.key for limit in limits], numbers)
    return [(int(times), int(left)) for times, left in counted]


@dataclass
class Windows:
    """The windows of one process, for when Redis is away."""

    _windows: dict[str, tuple[int, float]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def count(self, limits: Sequence[Limit], now: float) -> list[Counted]:
        """Of each of *limits*; *now* in seconds of any clock."""
        counted, used_up = [], False
        with self._lock:
            for limit in limits:
                times, ends = self._windows.get(limit.key, (0, 0.0))
                if ends <= now:
                    times, ends = 0, now + limit.seconds
                if not used_up:
                    self._windows[limit.key] = (times + 1, ends)
                used_up = used_up or times >= limit.most
                counted.append((times + 1, round(ends - now)))
            if len(self._windows) > FULL:
                self._tidy(now)
        return counted

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
local counted, used_up = {}, false
for place, key in ipairs(KEYS) do
    local most, seconds, times = tonumber(ARGV[2 * place - 1]), ARGV[2 * place], 0
    if used_up then
        times = tonumber(redis.call('GET', key) or '0') + 1
    else
        times = redis.call('INCR', key)
        if times == 1 then redis.call('EXPIRE', key, seconds) end
    end
    used_up = used_up or times > most
    counted[place] = {times, redis.call('TTL', key)}
end
return counted
"""
"""The same as :meth:`Windows.count`."""


@lru_cache(maxsize=4)
def _count(url: str) -> Script:
    return quick(url).register_script(COUNT)


@lru_cache(maxsize=4)
def quick(url: str) -> Redis:
    """A client that gives up soon: its own retries would keep whoever asks waiting for seconds
    while Redis is down."""
    once = Retry(NoBackoff(), 0)
    return Redis.from_url(url, socket_connect_timeout=0.3, socket_timeout=0.3, retry=once)
