"""The account's rate: asked for once a minute by all workers together, and never made up."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from redis import Redis

from service.delivery.account import ASKED_KEY, KEY, AccountRate
from service.delivery.transports import (
    Account,
    AccountRefused,
    AccountUnavailable,
    Outcome,
    QuotaUsedUp,
    Recipient,
    Shipment,
)


class Telling:
    """A transport whose account has one rate."""

    max_recipients = 1

    def __init__(self, rate: float | None, **account: Any) -> None:
        self.rate = rate
        self.more = account
        self.asked = 0

    def send(self, shipment: Shipment, recipients: Sequence[Recipient]) -> list[Outcome]:
        raise AssertionError("nothing is to be sent")

    def account(self) -> Account:
        self.asked += 1
        return Account(max_rate=self.rate, **self.more)

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("told", "limit", "expected"),
    [(14.0, None, 12.6), (14.0, 5.0, 5.0), (14.0, 500.0, 12.6), (None, 7.0, 7.0), (None, None, 10)],
)
def test_it_keeps_below_the_account_and_below_the_setting(
    redis: Redis, told: float | None, limit: float | None, expected: float
) -> None:
    rate = AccountRate(Telling(told), redis, share=0.9, limit=limit)
    assert rate() == pytest.approx(expected)


def test_it_asks_once_for_all_workers(redis: Redis) -> None:
    first, second = Telling(14.0), Telling(14.0)
    rates = [AccountRate(one, redis, share=1, limit=None) for one in (first, second)]
    assert [rate() for rate in rates * 3] == [14.0] * 6
    assert first.asked + second.asked == 1


class Slow(Telling):
    def account(self) -> Account:
        time.sleep(0.2)  # as long as all others need to ask as well
        return super().account()


def test_it_asks_anew_by_one_worker_while_the_others_go_on(redis: Redis) -> None:
    slow = Slow(14.0)
    AccountRate(slow, redis, share=1, limit=None)()
    redis.delete(ASKED_KEY)  # a minute is over
    rates = [AccountRate(slow, redis, share=1, limit=None) for _ in range(12)]
    with ThreadPoolExecutor(12) as lanes:
        assert list(lanes.map(lambda rate: rate(), rates)) == [14.0] * 12
    assert slow.asked == 2, "SES takes one such question a second"


class Away(Telling):
    def account(self) -> Account:
        super().account()
        raise AccountUnavailable("SES did not tell the account's limits")


def test_it_goes_on_for_a_while_by_what_it_knew(redis: Redis) -> None:
    AccountRate(Telling(14.0), redis, share=1, limit=None)()
    redis.delete(ASKED_KEY)
    away = Away(None)
    rates = [AccountRate(away, redis, share=1, limit=None) for _ in range(3)]
    assert [rate() for rate in rates] == [14.0] * 3
    assert away.asked == 1, "a question that is not answered is not put again at once"
    redis.delete(ASKED_KEY, KEY)
    with pytest.raises(AccountUnavailable):
        AccountRate(away, redis, share=1, limit=None)()


def test_it_sees_at_once_that_sending_is_switched_on_again(redis: Redis) -> None:
    account = Telling(14.0, sending_enabled=False)
    rate = AccountRate(account, redis, share=1, limit=None)
    with pytest.raises(AccountRefused):
        rate()
    account.more = {"sending_enabled": True}
    assert rate() == 14.0


def test_it_has_no_rate_for_an_account_that_may_send_nothing(redis: Redis) -> None:
    with pytest.raises(AccountUnavailable, match="rate is 0"):
        AccountRate(Telling(0.0), redis, share=0.9, limit=None)()


def test_it_makes_up_no_rate_when_redis_is_away(data_dir: object) -> None:
    away = Redis.from_url("unix:///nowhere/redis.sock")
    with pytest.raises(AccountUnavailable, match="Redis did not answer"):
        AccountRate(Telling(14.0), away, share=0.9, limit=None)()


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_it_slows_all_workers_down_after_a_throttle_and_comes_back(redis: Redis) -> None:
    clock = Clock()
    one, other = (
        AccountRate(Telling(100.0), redis, share=1, limit=None, clock=clock) for _ in range(2)
    )
    assert other() == 100
    one.slow_down()
    one.slow_down()  # another chunk that was in flight at the same moment
    assert one() == pytest.approx(70)
    clock.now += 2
    assert other() == pytest.approx(70, abs=1)
    one.slow_down()
    assert one() == pytest.approx(49.5, abs=1)
    clock.now += 60
    assert one() == pytest.approx(69.5, abs=1)
    clock.now += 300
    assert other() == 100


def test_it_waits_for_room_in_the_daily_quota(redis: Redis) -> None:
    full = Telling(14.0, max_24_hours=200, sent_24_hours=200)
    with pytest.raises(QuotaUsedUp, match="200 of the 200"):
        AccountRate(full, redis, share=1, limit=None)()


def test_it_refuses_an_account_that_ses_has_switched_off(redis: Redis) -> None:
    off = Telling(14.0, sending_enabled=False)
    with pytest.raises(AccountRefused, match="switched sending off"):
        AccountRate(off, redis, share=1, limit=None)()
