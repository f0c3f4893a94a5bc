"""Codes of an authenticator app, against the RFC's own values."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from service.staff.totp import (
    address_for_apps,
    code_at,
    is_secret,
    new_secret,
    step_of,
    step_taken,
)

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
NOW = datetime(2026, 11, 20, 7, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("second", "code"),
    [  # RFC 6238, appendix B, SHA-1
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_it_agrees_with_the_vectors_of_rfc_6238(second: int, code: str) -> None:
    at = datetime.fromtimestamp(second, UTC)
    assert code_at(RFC_SECRET, step_of(at), digits=8) == code


# RFC 4226, appendix D, from counter 0 on.
HOTP = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871"]


@pytest.mark.parametrize(("counter", "code"), list(enumerate(HOTP)))
def test_it_agrees_with_the_vectors_of_rfc_4226(counter: int, code: str) -> None:
    assert code_at(RFC_SECRET, counter) == code


@pytest.mark.parametrize(
    ("off", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_it_takes_a_code_one_step_off_and_no_further(off: int, taken: bool) -> None:
    step = step_of(NOW) + off
    found = step_taken(RFC_SECRET, code_at(RFC_SECRET, step), NOW, used=None)
    assert found == (step if taken else None)


def test_it_takes_a_code_once() -> None:
    code = code_at(RFC_SECRET, step_of(NOW))
    used = step_taken(RFC_SECRET, code, NOW, used=None)
    assert used is not None
    assert step_taken(RFC_SECRET, code, NOW, used) is None
    earlier = code_at(RFC_SECRET, step_of(NOW) - 1)
    assert step_taken(RFC_SECRET, earlier, NOW, used) is None
    later = NOW + timedelta(seconds=30)
    assert step_taken(RFC_SECRET, code_at(RFC_SECRET, step_of(later)), later, used) == used + 1


def test_it_takes_a_code_with_the_space_that_apps_show() -> None:
    code = code_at(RFC_SECRET, step_of(NOW))
    assert step_taken(RFC_SECRET, f" {code[:3]} {code[3:]} ", NOW, None) == step_of(NOW)


@pytest.mark.parametrize("typed", ["", "12345", "abcdef", "٣٣٣٣٣٣", "0" * 5000])
def test_it_refuses_what_is_no_code(typed: str) -> None:
    assert step_taken(RFC_SECRET, typed, NOW, None) is None


def test_it_makes_secrets_that_differ_and_are_known_again() -> None:
    first, second = new_secret(), new_secret()
    assert first != second
    assert is_secret(first)


@pytest.mark.parametrize("text", ["", "AAAA", "not base32!", "a" * 32, "A" * 40, "é" * 32])
def test_it_knows_what_is_no_secret(text: str) -> None:
    assert not is_secret(text)


def test_it_writes_the_address_that_apps_read() -> None:
    assert address_for_apps("ABC", "ann+x@example.org", "The Report") == (
        "otpauth://totp/The%20Report:ann%2Bx@example.org?secret=ABC&issuer=The%20Report"
    )
