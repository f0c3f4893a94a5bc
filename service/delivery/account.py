"""How fast the account may send: asked of the far side once a minute for all workers together.

When the far side throttles nevertheless, all workers go slower at once and come back to full speed
in steps over a few minutes: SES's own limit may lie below what GetAccount says for a while.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict

from redis import Redis
from redis.exceptions import RedisError

from service.delivery.transports import (
    Account,
    AccountRefused,
    AccountUnavailable,
    QuotaUsedUp,
    Transport,
)

KEY = "broadsheet:account"
ASKED_KEY = "broadsheet:account:asked"
SLOW_KEY = "broadsheet:slow"
FRESH_SECONDS = 60
KEPT_SECONDS = 300
"""For so long the last answer counts when the far side gives no new one."""

ASK_AGAIN = 5
"""Seconds after a question that was not answered."""

UNLIMITED_RATE = 10.0
"""Messages a second where neither the far side nor a setting names a limit (SMTP)."""

KEPT_IN_PROCESS = 1.0
"""Seconds for which a process asks Redis no more: a chunk takes a few milliseconds."""

SLOWER = 0.7
SLOWEST = 0.05
RECOVERY = 300.0
"""Seconds from a standstill back to full speed."""

ONE_THROTTLE = 1.0
"""Seconds in which all refusals count as one: several chunks are in flight at a time."""


def recovered(factor: float, seconds: float) -> float:
    """What *factor* of the rate has become *seconds* after it was set; never above 1."""
    return min(1.0, factor + max(0.0, seconds) / RECOVERY)


def slowed(factor: float, seconds: float) -> float:
    """The factor after a throttle, when *factor* was set *seconds* ago."""
    if seconds < ONE_THROTTLE and factor < 1:
        return factor
    return max(SLOWEST, recovered(factor, seconds) * SLOWER)


class AccountRate:
    """Messages a second that may go: *share* of the account's rate, and never above *limit*."""

    def __init__(
        self,
        transport: Transport,
        client: Redis,
        *,
        share: float,
        limit: float | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._transport = transport
        self._client = client
        self._share = share
        self._limit = limit
        self._clock = clock
        self._known: tuple[float, float] | None = None

    def __call__(self) -> float:
        """The rate now, above 0.

        Raises :class:`QuotaUsedUp`, :class:`AccountRefused` when the account may not send, and
        :class:`AccountUnavailable` when nobody can tell.
        """
        now = self._clock()
        if self._known is not None and 0 <= now - self._known[0] < KEPT_IN_PROCESS:
            return self._known[1]
        rate = self._asked(now)
        self._known = (now, rate)
        return rate

    def slow_down(self) -> None:
        """The far side throttled us: all workers send more slowly from now on."""
        now = self._clock()
        self._known = None
        try:
            factor, at = self._slowness(now)
            value = json.dumps([slowed(factor, now - at), now])
            if slowed(factor, now - at) != factor:
                self._client.set(SLOW_KEY, value, ex=int(RECOVERY))
        except (RedisError, OSError) as error:
            raise AccountUnavailable(f"Redis did not answer: {error}") from error

    def _asked(self, now: float) -> float:
        try:
            account = self._account()
            factor, at = self._slowness(now)
        except (RedisError, OSError) as error:
            raise AccountUnavailable(f"Redis did not answer: {error}") from error
        return self._allowed(account) * recovered(factor, now - at)

    def _account(self) -> Account:
        """The limits. One worker asks for them anew, the others go on by what is known.

        SES takes one such question a second, and every lane of every worker has it at once.
        """
        kept = self._kept()
        if kept is not None and not self._client.set(ASKED_KEY, 1, nx=True, ex=FRESH_SECONDS):
            return kept
        try:
            account = self._transport.account()
        except AccountUnavailable:
            if kept is None:
                raise
            self._client.set(ASKED_KEY, 1, ex=ASK_AGAIN)
            return kept
        if account.sending_enabled:  # else an operator mends it, and resumes at once
            self._client.set(KEY, json.dumps(asdict(account)), ex=KEPT_SECONDS)
            self._client.set(ASKED_KEY, 1, ex=FRESH_SECONDS)
        return account

    def _allowed(self, account: Account) -> float:
        if not account.sending_enabled:
            raise AccountRefused(
                "SES has switched sending off for this account. "
                "Look at its status in the SES console, then resume."
            )
        limit = account.max_24_hours
        if limit is not None and account.sent_24_hours >= limit:
            raise QuotaUsedUp(
                f"The account has sent {account.sent_24_hours:.0f} of the {limit:.0f} messages "
                "that it may in 24 hours. It goes on by itself when there is room."
            )
        rates = [account.max_rate * self._share] if account.max_rate is not None else []
        if self._limit is not None:
            rates.append(self._limit)
        rate = min(rates, default=UNLIMITED_RATE)
        if rate <= 0:
            raise AccountUnavailable("The account may send nothing now: its rate is 0.")
        return rate

    def _kept(self) -> Account | None:
        text = self._client.get(KEY)
        return Account(**json.loads(text)) if isinstance(text, bytes | str) else None

    def _slowness(self, now: float) -> tuple[float, float]:
        """The factor that was set last, and when."""
        text = self._client.get(SLOW_KEY)
        if not isinstance(text, bytes | str):
            return 1.0, now
        factor, at = json.loads(text)
        return factor, at
