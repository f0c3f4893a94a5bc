"""Passwords that may be chosen, and what is kept of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from service.staff import passwords
from service.staff.passwords import AT_ONCE, STRENGTH, BadPassword, hash_password, matches

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


def test_it_checks_few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a burst of tries takes all the memory that there is."""
    inside: list[int] = []
    seen: list[int] = []
    alone = Barrier(AT_ONCE)

    class Slow:
        def verify(self, *_: str) -> bool:
            inside.append(1)
            seen.append(len(inside))
            alone.wait(timeout=20)
            inside.pop()
            return True

    monkeypatch.setattr(passwords, "hasher", Slow())
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: matches("kept", "typed"), range(4 * AT_ONCE)))
    assert max(seen) == AT_ONCE


def test_it_is_as_slow_as_owasp_asks() -> None:
    # OWASP, Password Storage Cheat Sheet: Argon2id with 19 MiB and two passes at the least.
    assert STRENGTH.memory_cost >= 19 * 1024
    assert STRENGTH.time_cost >= 2
