"""Addresses read quickly are read the same."""

from __future__ import annotations

import pytest
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES
from hypothesis import example, given
from hypothesis import strategies as st

from service.audience.addresses import BadAddress, parse_address
from service.audience.imports.plain import quick_address

locals_ = st.one_of(
    st.text(alphabet="abAB09._+-'@ \"é", max_size=12),
    st.from_regex(r"[A-Za-z0-9._+-]{1,66}", fullmatch=True),
    st.sampled_from(sorted(CASE_INSENSITIVE_MAILBOX_NAMES)).map(str.title),
)
domains = st.one_of(
    st.text(alphabet="abXn09.-é@[] ", max_size=14),
    st.from_regex(r"[A-Za-z0-9-]{1,64}(\.[A-Za-z0-9-]{1,10}){0,3}", fullmatch=True),
    st.sampled_from(["example.org", "Example.ORG", "xn--bcher-kva.example", "bücher.example"]),
)


def read_by(read: object, text: str) -> object:
    assert callable(read)
    try:
        return read(text)
    except BadAddress as error:
        return str(error)


@given(st.builds("{}@{}".format, locals_, domains))
@example("a" * 64 + "@example.org")
@example("a@" + ".".join(["b" * 60] * 4) + ".org")
@example("Postmaster@Example.org")
@example("ann@localhost")
@example("ann@example.test")
@example("ann@1.2.3.4")
@example("ann@example.org.")
def test_it_reads_as_the_careful_way_does(text: str) -> None:
    assert read_by(quick_address, text) == read_by(parse_address, text)


@given(st.text(max_size=40))
def test_it_takes_any_text_as_the_careful_way_does(text: str) -> None:
    assert read_by(quick_address, text) == read_by(parse_address, text)


@pytest.mark.parametrize("text", ["Ann@Example.org", "a.b+c_d-e@mail.example.org"])
def test_it_folds_the_key(text: str) -> None:
    assert quick_address(text).key == text.lower()
