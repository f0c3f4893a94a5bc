from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.sources.kinds.paths import check_path, find

DOCUMENT: dict[str, Any] = {
    "a": {"b": 1, "c": [10, {"d": 20}]},
    "boards": [{"name": "Lite"}, {"name": "Full", "rows": [1]}],
    "v1.0 (%)": 3,
    "none": None,
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b", 1),
        ("a.c[0]", 10),
        ("a.c[1].d", 20),
        ("boards[name=Full].rows[0]", 1),
        ("v1.0 (%)", 3),
        ("a.c[2]", None),
        ("a.c.d", None),
        ("a[0]", None),
        ("boards[name=Other].rows", None),
        ("none.further", None),
        ("nowhere", None),
        ("", DOCUMENT),
    ],
)
def test_it_finds_what_stands_at_a_path(path: str, value: object) -> None:
    assert find(DOCUMENT, path) == value


@pytest.mark.parametrize("path", ["", ".", "a.", "a..b", "a[", "a[]", "a]b", "a[=x]", "[x"])
def test_it_refuses_what_is_no_path(path: str) -> None:
    with pytest.raises(ValueError, match="is no path"):
        check_path(path)


@settings(deadline=None)
@given(st.text(alphabet="ab.[]=01 ", max_size=12))
def test_it_either_refuses_a_path_or_can_follow_it(path: str) -> None:
    try:
        check_path(path)
    except ValueError:
        return
    assert find({}, path) is None
