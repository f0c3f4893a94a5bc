"""The account's pace: one token bucket in Redis for every worker of an installation.

SES counts recipients, not calls, so a take costs as many tokens as there are recipients. The bucket
is a GCRA (the "virtual scheduling" form of ITU-T I.371): one number, the moment at which all that
was taken will have gone out. Redis's own clock is read inside the script, so that workers whose
clocks differ still share one pace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from redis import Redis
from redis.commands.core import Script
from redis.exceptions import RedisError

KEY = "broadsheet:pace"

# Taking reserves: the caller waits for as long as it is told and goes, nobody polls. A wait that
# would be longer than the limit reserves nothing, so that a dead worker's share cannot pile up.
# Nobody can have taken more than that ahead: then Redis's clock was put back, and to wait until it
# is there again might take hours.
TAKE = """
local function taken_until(key, now, most)
  local taken = tonumber(redis.call('GET', key) or now)
  if taken > now + most then return now end
  return math.max(now, taken)
end
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local cost = tonumber(ARGV[1])
local burst = tonumber(ARGV[2])
local longest = tonumber(ARGV[3])
local most = longest + burst + 60000000
local until_ = taken_until(KEYS[1], now, most)
local wait = math.max(0, until_ + cost - burst - now)
if wait > longest then return {0, wait - longest} end
redis.call('SET', KEYS[1], string.format('%.0f', until_ + cost), 'PX',
           math.ceil((until_ + cost - now) / 1000) + 1000)
return {1, wait}
"""


# Service mail does not stand in the queue: it goes by a share of its own, and what it took is
# charged to the account, so that issues go that much slower.
TAKE_FIRST = TAKE.replace(
    "return {1, wait}",
    """
local account = taken_until(KEYS[2], now, most)
local charged = account + tonumber(ARGV[4])
redis.call('SET', KEYS[2], string.format('%.0f', charged), 'PX',
           math.ceil((charged - now) / 1000) + 1000)
return {1, wait}""",
)

FIRST_SHARE = 0.1
"""Of the rate, for service mail; what the account keeps free of issues is as much."""


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

    def take_first(self, rate: float) -> Turn:
        """Take one message ahead of all issues. Raises :class:`PaceUnavailable`."""
        ...


class RedisPace:
    """The bucket in Redis. It may hold one second's worth, so a pause is made up for, a day not."""

    def __init__(self, client: Redis, *, key: str = KEY, longest_wait: float = 20.0) -> None:
        self._client = client
        self._key = key
        self._longest = longest_wait
        self._script = client.register_script(TAKE)
        self._first = client.register_script(TAKE_FIRST)

    def take(self, count: int, rate: float) -> Turn:
        """Take *count* messages from the account's pace; how long until they may go.

        The burst is one second's worth, and never less than *count*: at one message a second a
        chunk of one must still be able to go.
        """
        cost = round(count * 1_000_000 / rate)
        return self._run(self._script, [self._key], [cost, *self._limits(cost)])

    def take_first(self, rate: float) -> Turn:
        """Take one message for service mail: a sign-up must not wait for an issue to be out."""
        cost = round(1_000_000 / (rate * FIRST_SHARE))
        keys = [f"{self._key}:first", self._key]
        return self._run(self._first, keys, [cost, *self._limits(cost), round(1_000_000 / rate)])

    def _limits(self, cost: int) -> tuple[int, int]:
        return max(cost, 1_000_000), round(self._longest * 1_000_000)

    @staticmethod
    def _run(script: Script, keys: Sequence[str], args: Sequence[int]) -> Turn:
        try:
            granted, wait = script(keys=keys, args=args)
        except (RedisError, OSError) as error:
            raise PaceUnavailable(f"Redis did not answer: {error}") from error
        return Turn(bool(granted), int(wait) / 1_000_000)
