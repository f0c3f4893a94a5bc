"""The account's pace: one token bucket in Redis for every worker of an installation.

SES counts recipients, not calls, so a take costs as many tokens as there are recipients. The bucket
is a GCRA (the "virtual scheduling" form of ITU-T I.371): one number, the moment at which all that
was taken will have gone out. Redis's own clock is read inside the script, so that workers whose
clocks differ still share one pace.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from redis import Redis
from redis.exceptions import RedisError

KEY = "broadsheet:pace"

# Taking reserves: the caller waits for as long as it is told and goes, nobody polls. A wait that
# would be longer than the limit reserves nothing, so that a dead worker's share cannot pile up.
TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local cost = tonumber(ARGV[1])
local burst = tonumber(ARGV[2])
local longest = tonumber(ARGV[3])
local until_ = math.max(now, tonumber(redis.call('GET', KEYS[1]) or now))
local wait = math.max(0, until_ + cost - burst - now)
if wait > longest then return {0, wait - longest} end
redis.call('SET', KEYS[1], string.format('%.0f', until_ + cost), 'PX',
           math.ceil((until_ + cost - now) / 1000) + 1000)
return {1, wait}
"""


class PaceUnavailable(RuntimeError):
    """Redis did not answer: nothing may be sent, since nobody knows what others are sending."""


@dataclass(frozen=True)
class Turn:
    """``granted``: go after *wait* seconds. Otherwise nothing was taken: ask again after *wait*."""

    granted: bool
    wait: float


class Pacer(Protocol):
    """What a sender asks before each call."""

    def take(self, count: int, rate: float) -> Turn:
        """Take *count* messages at *rate* a second. Raises :class:`PaceUnavailable`."""
        ...


class RedisPace:
    """The bucket in Redis. It may hold one second's worth, so a pause is made up for, a day not."""

    def __init__(self, client: Redis, *, key: str = KEY, longest_wait: float = 20.0) -> None:
        self._client = client
        self._key = key
        self._longest = longest_wait
        self._script = client.register_script(TAKE)

    def take(self, count: int, rate: float) -> Turn:
        """Take *count* messages from the account's pace; how long until they may go.

        The burst is one second's worth, and never less than *count*: at one message a second a
        chunk of one must still be able to go.
        """
        microseconds = 1_000_000 / rate
        cost = round(count * microseconds)
        burst = max(cost, 1_000_000)
        try:
            granted, wait = self._script(
                keys=[self._key], args=[cost, burst, round(self._longest * 1_000_000)]
            )
        except (RedisError, OSError) as error:
            raise PaceUnavailable(f"Redis did not answer: {error}") from error
        return Turn(bool(granted), int(wait) / 1_000_000)
