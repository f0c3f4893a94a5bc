"""The account's pace: never faster than the rate, whoever asks; nothing without Redis."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from service.delivery.pace import PaceUnavailable, RedisPace


def test_it_lets_one_second_s_worth_go_at_once_and_then_spaces(redis: Redis) -> None:
    pace = RedisPace(redis)
    waits = [pace.take(50, 100.0).wait for _ in range(4)]
    assert waits[0] == waits[1] == 0
    assert waits[2] == pytest.approx(0.5, abs=0.1)
    assert waits[3] == pytest.approx(1.0, abs=0.1)


def test_it_takes_nothing_when_the_wait_would_be_too_long(redis: Redis) -> None:
    pace = RedisPace(redis, longest_wait=2.0)
    while (turn := pace.take(10, 10.0)).granted:
        pass
    again = pace.take(10, 10.0)
    assert not again.granted
    assert again.wait == pytest.approx(turn.wait, abs=0.2), "a refused turn was charged"


def test_it_lets_a_single_message_go_at_one_a_second(redis: Redis) -> None:
    pace = RedisPace(redis)
    assert pace.take(1, 1.0).wait == 0
    assert pace.take(1, 1.0).wait == pytest.approx(1.0, abs=0.1)


@given(costs=st.lists(st.integers(1, 50), min_size=1, max_size=30), rate=st.floats(1, 500))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_never_grants_more_than_the_rate_and_one_second_s_burst(
    redis: Redis, costs: list[int], rate: float
) -> None:
    redis.flushall()
    pace = RedisPace(redis, longest_wait=10_000)
    with ThreadPoolExecutor(4) as workers:
        turns = list(workers.map(lambda cost: (cost, pace.take(cost, rate).wait), costs))
    # By the time w, what was told to go by then fits into a burst and w seconds of the rate.
    for _, until in turns:
        gone = sum(cost for cost, wait in turns if wait <= until)
        burst = max(rate, *costs)
        assert gone <= burst + rate * (until + 0.5), f"{gone} by {until} s at {rate}/s"


@pytest.mark.parametrize("key", ["broadsheet:pace", "broadsheet:pace:first"])
def test_it_waits_for_no_clock_that_was_put_back(redis: Redis, key: str) -> None:
    an_hour_ahead = int((time.time() + 3600) * 1_000_000)
    redis.set(key, an_hour_ahead)
    pace = RedisPace(redis)
    assert pace.take_first(10.0).granted
    assert pace.take(10, 10.0).granted
    assert not all(pace.take(10, 10.0).granted for _ in range(30)), "it spaces no more"


def test_it_gives_no_pace_without_redis() -> None:
    nobody = Redis.from_url("unix:///nonexistent/redis.sock")
    with pytest.raises(PaceUnavailable):
        RedisPace(nobody).take(1, 10.0)


def test_it_lets_service_mail_go_ahead_of_an_issue_that_stands_in_the_queue(redis: Redis) -> None:
    pace = RedisPace(redis)
    while pace.take(50, 50.0).wait < 10:
        pass
    assert pace.take_first(50.0).wait == 0
    before = pace.take(1, 50.0).wait
    for _ in range(4):
        pace.take_first(50.0)
    after = pace.take(1, 50.0).wait
    assert after == pytest.approx(before + 5 / 50, abs=0.09), "what went ahead was not charged"


def test_it_does_not_let_a_flood_of_service_mail_pass_the_account_s_rate(redis: Redis) -> None:
    pace = RedisPace(redis)
    waits = [pace.take_first(50.0).wait for _ in range(25)]  # 5 a second are its share
    assert waits[4] == 0
    assert waits[24] == pytest.approx(4.0, abs=0.3)
