from __future__ import annotations

from typing import Any

import pytest

from service.sources.report import CollectReport


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"outcome": "new", "new": 3, "seconds": 0.42}, "acme: 3 new (0.4 s)"),
        (
            {"outcome": "new", "updated": 1, "skipped": ("a", "b"), "reason": "It was cut off."},
            "acme: 0 new, 1 updated, 2 passed over - It was cut off.",
        ),
        ({"outcome": "unchanged", "seconds": 1.0}, "acme: unchanged (1.0 s)"),
        ({"outcome": "failed", "reason": "It is gone."}, "acme: failed - It is gone."),
        ({"outcome": "not due"}, "acme: not due"),
    ],
)
def test_it_says_in_a_line_what_became_of_a_check(fields: dict[str, Any], line: str) -> None:
    assert str(CollectReport("acme", "Acme Research", **fields)) == line
