"""A hint for a mistyped domain, and none for one that is right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.audience.typos import COMMON, is_slip, suggestion


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ann@gmial.com", "ann@gmail.com"),
        ("ann@gmal.com", "ann@gmail.com"),
        ("ann@gnail.com", "ann@gmail.com"),
        ("ann@gmaill.com", "ann@gmail.com"),
        ("ann@gmail.con", "ann@gmail.com"),
        ("ann@gmail.co", "ann@gmail.com"),
        ("ann@gmail", "ann@gmail.com"),
        ("Ann.Lee+x@GMIAL.com", "Ann.Lee+x@gmail.com"),
        (" ann@hotmial.co.uk ", "ann@hotmail.co.uk"),
        ("ann@yahho.de", "ann@yahoo.de"),
        ("ann@iclod.com", "ann@icloud.com"),
    ],
)
def test_it_hints_at_what_was_meant(typed: str, meant: str) -> None:
    assert suggestion(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "ann@example.org",
        "ann@mail.com",
        "ann@gmx.ch",
        "ann@aol.com",
        "ann@yahoo.ca",
        "ann@cloud.com",
        "ann@company.co",
        "ann@xmail.com",  # as near to gmail as to ymail
        "ann@hotmail.net",
        "gmial.com",
        "@gmial.com",
        "",
    ],
)
def test_it_leaves_alone_what_may_be_right(typed: str) -> None:
    assert suggestion(typed) is None


@pytest.mark.parametrize("domain", sorted(COMMON))
def test_it_never_doubts_a_common_domain(domain: str) -> None:
    assert suggestion(f"ann@{domain}") is None


@given(st.text(alphabet="abc", max_size=5), st.text(alphabet="abc", max_size=5))
def test_it_sees_a_slip_from_both_sides(one: str, other: str) -> None:
    assert is_slip(one, other) is is_slip(other, one)
