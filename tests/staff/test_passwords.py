"""Passwords that may be chosen, and what is kept of them."""

from __future__ import annotations

import pytest

from service.staff.passwords import STRENGTH, BadPassword, hash_password, matches

EMAIL = "editor@news.example.org"


@pytest.mark.parametrize(
    "password",
    ["correct horse battery", "48151623421108", "welcome to the jungle", "my secret garden"],
)
def test_it_takes_what_is_long(password: str) -> None:
    kept = hash_password(password, EMAIL)
    assert kept.startswith("$argon2id$")
    assert password not in kept
    assert matches(kept, password)
    assert not matches(kept, password.upper() + "x")


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "Password!2345",
        "newsletter2026",
        "123456789012",
        "qwertyuiop12",
        "adminadminadmin1",
        "aaaaaaaaaaaa",
        EMAIL,
        "EditorNews2026",
    ],
)
def test_it_takes_nothing_that_is_guessed_first(password: str) -> None:
    with pytest.raises(BadPassword, match="first that anybody would try"):
        hash_password(password, EMAIL)


def test_it_is_as_slow_as_owasp_asks() -> None:
    # OWASP, Password Storage Cheat Sheet: Argon2id with 19 MiB and two passes at the least.
    assert STRENGTH.memory_cost >= 19 * 1024
    assert STRENGTH.time_cost >= 2
