"""How fast the account may send: asked of the far side once a minute for all workers together."""

from __future__ import annotations

import json

from redis import Redis
from redis.exceptions import RedisError

from service.delivery.transports import AccountUnavailable, Transport

KEY = "broadsheet:account"
FRESH_SECONDS = 60
UNLIMITED_RATE = 10.0
"""Messages a second where neither the far side nor a setting names a limit (SMTP)."""


class AccountRate:
    """Messages a second that may go: *share* of the account's rate, and never above *limit*."""

    def __init__(
        self, transport: Transport, client: Redis, *, share: float, limit: float | None
    ) -> None:
        self._transport = transport
        self._client = client
        self._share = share
        self._limit = limit

    def __call__(self) -> float:
        """The rate now, above 0. Raises :class:`AccountUnavailable` when nobody can tell."""
        told = self._kept()
        if told is None:
            told = self._transport.account().max_rate
            self._keep(told)
        rates = [told * self._share] if told is not None else []
        if self._limit is not None:
            rates.append(self._limit)
        rate = min(rates, default=UNLIMITED_RATE)
        if rate <= 0:
            raise AccountUnavailable("The account may send nothing now: its rate is 0.")
        return rate

    def _kept(self) -> float | None:
        try:
            text = self._client.get(KEY)
        except (RedisError, OSError) as error:
            raise AccountUnavailable(f"Redis did not answer: {error}") from error
        if not isinstance(text, bytes | str):
            return None
        rate: float | None = json.loads(text)
        return rate

    def _keep(self, rate: float | None) -> None:
        try:
            self._client.set(KEY, json.dumps(rate), ex=FRESH_SECONDS)
        except (RedisError, OSError) as error:
            raise AccountUnavailable(f"Redis did not answer: {error}") from error
