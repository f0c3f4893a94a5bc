"""Recovery codes: good once each, and kept as nothing that opens an account."""

from __future__ import annotations

import pytest

from service.staff.recovery import HOW_MANY, hashed, new_codes, spend


def test_it_makes_codes_that_differ() -> None:
    codes = new_codes()
    assert len(set(codes)) == HOW_MANY


def test_it_keeps_nothing_that_could_be_typed() -> None:
    codes = new_codes()
    assert not any(code in kept for code in codes for kept in hashed(codes))


def test_it_takes_each_code_once() -> None:
    codes = new_codes()
    kept = hashed(codes)
    for left, code in zip(range(HOW_MANY - 1, -1, -1), codes, strict=True):
        rest = spend(kept, code)
        assert rest is not None
        assert len(rest) == left
        assert spend(rest, code) is None
        kept = rest


def test_it_takes_a_code_as_people_type_it() -> None:
    code = new_codes()[0]
    kept = hashed([code])
    assert spend(kept, f" {code.replace('-', ' ').upper()} ") == []


@pytest.mark.parametrize("typed", ["", "-", "123456", "2222-2222-2222-2222"])
def test_it_refuses_what_is_no_code(typed: str) -> None:
    assert spend(hashed(new_codes()), typed) is None
