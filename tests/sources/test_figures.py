from __future__ import annotations

import pytest
from pydantic import ValidationError

from service.models.figures import CellFormat, ColumnSpec, Figure, format_cell


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (57.0, "number", "57"),
        (57.25, "number", "57.3"),
        (61, "number", "61"),
        (-0.01, "number", "0"),
        (88.6, "integer", "89"),
        (12345, "integer", "12,345"),
        (45.55, "percent", "45.6%"),
        (62, "percent", "62.0%"),
        (3.4375, "usd", "$3.44"),
        (0, "usd", "$0.00"),
        (1250.5, "usd", "$1,250.50"),
        (-2.5, "usd", "-$2.50"),
        (None, "usd", ""),
        (None, "number", ""),
        ("beta", "number", "beta"),
        (7, "text", "7"),
    ],
)
def test_it_writes_a_cell_as_a_reader_sees_it(value: Figure, form: CellFormat, text: str) -> None:
    assert format_cell(value, form) == text


def test_it_reads_the_weights_of_a_blend() -> None:
    column = ColumnSpec(key="price", label="$/1M", blend=("prices.input:3", "prices.output:1"))
    assert column.parts == (("prices.input", 3.0), ("prices.output", 1.0))


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({}, "either a path or a blend"),
        ({"path": "a", "blend": ("b:1",)}, "either a path or a blend"),
        ({"blend": ("prices.input",)}, "path:weight"),
        ({"blend": ("a:0", "b:0")}, "must not all be 0"),
        ({"blend": ("a:1",), "format": "text"}, "text cannot be blended"),
        ({"path": "a", "format": "euro"}, "format"),
        ({"path": "a", "colour": "red"}, "colour"),
    ],
)
def test_it_refuses_a_column_that_says_too_little_or_too_much(
    fields: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ValidationError, match=complaint):
        ColumnSpec.model_validate({"key": "k", "label": "K", **fields})
