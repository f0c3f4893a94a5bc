"""How often one network may do a thing, counted in a real Redis."""

from __future__ import annotations

import pytest
from redis import Redis

from service import config
from service.web.limits import allowed


def test_it_counts_to_the_limit_and_no_further(redis: Redis) -> None:
    assert [allowed("sign-up", "192.0.2.7", 3, 60) for _ in range(5)] == [True] * 3 + [False] * 2


def test_it_counts_networks_and_things_apart(redis: Redis) -> None:
    assert allowed("sign-up", "192.0.2.7", 1, 60)
    assert allowed("sign-up", "192.0.2.8", 1, 60)
    assert allowed("login", "192.0.2.7", 1, 60)
    assert not allowed("sign-up", "192.0.2.7", 1, 60)


def test_it_takes_the_addresses_of_one_ipv6_customer_together(redis: Redis) -> None:
    assert allowed("sign-up", "2001:db8::1", 1, 60)
    assert not allowed("sign-up", "2001:db8::ffff", 1, 60)
    assert allowed("sign-up", "2001:db8:0:1::1", 1, 60)


def test_it_forgets_after_the_time_since_the_first(redis: Redis) -> None:
    allowed("sign-up", "192.0.2.7", 1, 60)
    (key,) = redis.scan_iter("limit:*")
    redis.expire(key, 5)
    allowed("sign-up", "192.0.2.7", 1, 60)
    assert 0 < redis.ttl(key) <= 5, "a later try made the wait longer"


def test_it_lets_everything_through_without_redis(
    data_dir: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROADSHEET_REDIS_URL", "redis://127.0.0.1:1/0")
    config.settings.cache_clear()
    assert all(allowed("sign-up", "192.0.2.7", 1, 60) for _ in range(3))
