"""Signed links: for one purpose, by one secret, and not by anybody else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.audience.tokens import BadToken, Purpose, read, sign, stamp, unstamp

SECRET = b"a secret"
purposes = st.sampled_from(get_args(Purpose))
numbers = st.lists(st.integers(min_value=0, max_value=2**63), min_size=1, max_size=3)


@given(purpose=purposes, carried=numbers)
def test_it_reads_what_it_signed(purpose: Purpose, carried: list[int]) -> None:
    token = sign(SECRET, purpose, *carried)
    assert list(read(SECRET, purpose, token, count=len(carried))) == carried


@given(signed=purposes, asked=purposes, carried=numbers)
def test_it_serves_one_purpose(signed: Purpose, asked: Purpose, carried: list[int]) -> None:
    token = sign(SECRET, signed, *carried)
    if signed != asked:
        with pytest.raises(BadToken):
            read(SECRET, asked, token, count=len(carried))


@given(text=st.text(max_size=80))
def test_it_reads_nothing_that_it_did_not_sign(text: str) -> None:
    with pytest.raises(BadToken):
        read(SECRET, "unsubscribe", text, count=1)


@given(purpose=purposes, carried=numbers, data=st.data())
def test_it_notices_any_change(purpose: Purpose, carried: list[int], data: st.DataObject) -> None:
    token = sign(SECRET, purpose, *carried)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters().filter(lambda char: char != token[place]))
    with pytest.raises(BadToken):
        read(SECRET, purpose, token[:place] + other + token[place + 1 :], count=len(carried))


def test_it_notices_another_secret_and_another_shape() -> None:
    token = sign(SECRET, "confirm", 1, 2)
    for secret, count in [(b"other", 2), (SECRET, 1)]:
        with pytest.raises(BadToken):
            read(secret, "confirm", token, count=count)


def test_it_carries_a_time_in_whole_seconds() -> None:
    at = datetime(2026, 11, 20, 7, 0, 0, 999_999, tzinfo=UTC)
    assert unstamp(stamp(at)) == at.replace(microsecond=0)
