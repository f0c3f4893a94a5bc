"""What is an address, and when two are the same."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from service.audience.addresses import (
    MAX_LENGTH,
    BadAddress,
    address_hash,
    masked,
    parse_address,
)

LOCAL = st.from_regex(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,30}", fullmatch=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "ann",
        "@example.org",
        "ann@",
        "ann@localhost",
        "ann@@example.org",
        "ann@example.org, bo@example.org",
        "Ann <ann@example.org>",
        "ann@example.org\nBcc: bo@example.org",
        "ann@exa\x00mple.org",
        "ann@[127.0.0.1]",
        "jörg@example.org",  # SES takes ASCII only before the @, and refuses the whole call
        "a" * 65 + "@example.org",
        "a" * 60 + "@" + "b" * 240 + ".org",
    ],
)
def test_it_refuses_with_a_sentence(text: str) -> None:
    with pytest.raises(BadAddress, match=r"[A-Z].* "):
        parse_address(text)


@given(local=LOCAL, cut=st.sampled_from("\r\n\x00\x0b\x85"), rest=st.text(max_size=20))
def test_it_lets_no_line_break_into_a_header(local: str, cut: str, rest: str) -> None:
    try:
        found = parse_address(f"{local}@example.org{cut}{rest}")
    except BadAddress:
        return
    assert found.email == f"{local}@example.org"


@given(text=st.text(max_size=300))
def test_it_gives_an_address_or_says_why_not(text: str) -> None:
    try:
        found = parse_address(text)
    except BadAddress:
        return
    assert found.email.isascii() or "@" in found.email
    assert not any(char in found.email for char in "\r\n \x00")
    assert len(found.email) <= MAX_LENGTH


@given(local=LOCAL)
def test_it_sees_two_spellings_as_one(local: str) -> None:
    assume(not local.startswith("."))
    keys = {
        parse_address(f"{spelling}@{domain}").key
        for spelling in (local, local.upper(), local.lower())
        for domain in ("example.org", "EXAMPLE.org")
    }
    assert len(keys) == 1


def test_it_reads_what_it_wrote() -> None:
    found = parse_address("Ann@Bücher.example")
    assert parse_address(found.email) == found


def test_it_hides_an_address_in_its_hash() -> None:
    key = parse_address("ann@example.org").key
    assert address_hash(b"one", key) == address_hash(b"one", key)
    assert address_hash(b"one", key) != address_hash(b"two", key)


@pytest.mark.parametrize(
    ("email", "shown"), [("ann@example.org", "a•••@example.org"), ("b@x.org", "b•••@x.org")]
)
def test_it_masks(email: str, shown: str) -> None:
    assert masked(email) == shown
