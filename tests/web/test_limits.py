"""How often one network may do a thing, counted in a real Redis."""

from __future__ import annotations

from itertools import count

import pytest
from redis import Redis

from service import config
from service.web.limits import FULL, Limit, Windows, allowed, first_time, wait


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


def test_it_takes_no_two_ipv4_customers_together_on_a_socket_for_both(redis: Redis) -> None:
    assert allowed("sign-up", "::ffff:192.0.2.7", 1, 60)
    assert allowed("sign-up", "::ffff:192.0.2.8", 1, 60)
    assert not allowed("sign-up", "192.0.2.7", 1, 60)


def test_it_forgets_after_the_time_since_the_first(redis: Redis) -> None:
    allowed("sign-up", "192.0.2.7", 1, 60)
    (key,) = redis.scan_iter("limit:*")
    redis.expire(key, 5)
    allowed("sign-up", "192.0.2.7", 1, 60)
    assert 0 < redis.ttl(key) <= 5, "a later try made the wait longer"


def test_it_counts_on_when_redis_has_forgotten_the_script(redis: Redis) -> None:
    assert allowed("sign-up", "192.0.2.7", 1, 60)
    redis.script_flush()
    assert not allowed("sign-up", "192.0.2.7", 1, 60)
    assert list(redis.scan_iter("limit:*")), "it was counted elsewhere"


NUMBERS = count()
"""What is counted without a Redis is counted for its address: each test has one of its own."""


@pytest.fixture
def no_redis(data_dir: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROADSHEET_REDIS_URL", f"redis://127.0.0.1:1/{next(NUMBERS)}")
    config.settings.cache_clear()


def test_it_counts_in_its_own_memory_without_redis(no_redis: None) -> None:
    assert [allowed("sign-up", "192.0.2.7", 2, 60) for _ in range(4)] == [True] * 2 + [False] * 2
    assert allowed("sign-up", "192.0.2.8", 2, 60)


@pytest.mark.parametrize("where", ["redis", "no_redis"])
def test_it_says_when_to_come_back(where: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(where)
    limit = Limit("sign-up", "192.0.2.7", 1, 600)
    assert wait([limit]) == 0
    assert 595 <= wait([limit]) <= 600


@pytest.mark.parametrize("where", ["redis", "no_redis"])
def test_it_waits_for_the_last_of_several(where: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(where)
    limits = [Limit("a", "x", 1, 60), Limit("b", "x", 1, 600), Limit("c", "x", 9, 6000)]
    assert wait(limits) == 0
    assert 595 <= wait(limits) <= 600


@pytest.mark.parametrize("where", ["redis", "no_redis"])
def test_it_takes_nothing_of_the_others_for_who_is_stopped_by_the_first(
    where: str, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(where)
    flood = [Limit("network", "x", 1, 60), Limit("all", "x", 3, 60)]
    assert [wait(flood) > 0 for _ in range(9)] == [False] + [True] * 8
    others = [[Limit("network", str(who), 1, 60), flood[1]] for who in range(3)]
    assert [wait(one) > 0 for one in others] == [False, False, True], "1 of 3 was the flood's"


def test_it_counts_nothing_that_has_no_limit(redis: Redis) -> None:
    assert all(wait([Limit("sign-up", "all", 0)]) == 0 for _ in range(50))
    assert list(redis.scan_iter("limit:*")) == []


def test_it_uses_up_a_key_once(redis: Redis) -> None:
    assert first_time("a", 60)
    assert not first_time("a", 60)
    assert first_time("b", 60)


def test_it_begins_a_window_anew_when_it_is_over() -> None:
    windows, limit = Windows(), Limit("a", "x", 1, 60)
    assert windows.count([limit], 1000.0) == [(1, 60)]
    assert windows.count([limit], 1059.0) == [(2, 1)]
    assert windows.count([limit], 1060.0) == [(1, 60)]


def test_it_remembers_no_more_than_fits() -> None:
    windows = Windows()
    for number in range(FULL + 100):
        windows.count([Limit("a", str(number), 1, 60)], float(number))
    assert len(windows) <= FULL
    assert windows.count([Limit("a", str(FULL + 99), 1, 60)], float(FULL + 99))[0][0] == 2
