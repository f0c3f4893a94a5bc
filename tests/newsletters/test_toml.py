"""Values to TOML and back."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service.newsletters import toml

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXT | st.floats(allow_nan=False)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)


@given(st.dictionaries(TEXT, VALUES, max_size=5))
def test_what_is_written_reads_back_the_same(values: dict[str, Any]) -> None:
    assert tomllib.loads(toml.document(values)) == values


def test_nothing_is_left_out_of_the_file_but_none() -> None:
    assert toml.document({"a": None, "b": {"c": 1, "d": None}}) == "[b]\nc = 1\n"


def test_lists_of_tables_are_written_out() -> None:
    text = toml.document({"name": "x", "part": [{"a": 1, "in": [{"b": 2}]}]})
    assert text == 'name = "x"\n\n[[part]]\na = 1\nin = [\n    {b = 2},\n]\n'
