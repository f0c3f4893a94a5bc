"""Columns of figures: how a table's file describes one, and how its cells are written.

``sources`` reads the figures, ``issues`` shows them; this page is what both agree on.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

CellFormat = Literal["text", "number", "integer", "percent", "usd"]
Figure = int | float | str | None
"""A cell as a source gave it; None where it has no figure, which is not 0."""

_WEIGHTED = re.compile(r"(?P<path>.+):(?P<weight>\d+(?:\.\d+)?)")


class ColumnSpec(BaseModel):
    """One column: which figure it shows and how.

    The figure is found at ``path``, or blended of several: ``blend = ["prices.input:3",
    "prices.output:1"]`` is ``(3 * input + 1 * output) / 4``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    label: str
    format: CellFormat = "number"
    path: str = ""
    blend: tuple[str, ...] = ()
    scale: float = 1
    """What a figure is multiplied with: 100 for a percentage that is given as a fraction."""

    @model_validator(mode="after")
    def _has_one_origin(self) -> Self:
        if bool(self.path) == bool(self.blend):
            raise ValueError(f"column '{self.key}' needs either a path or a blend")
        if self.blend and self.format == "text":
            raise ValueError(f"column '{self.key}': text cannot be blended")
        for part in self.blend:
            if not _WEIGHTED.fullmatch(part):
                raise ValueError(f"column '{self.key}': write a blend's part as 'path:weight'")
        if sum(weight for _, weight in self.parts) <= 0:
            raise ValueError(f"column '{self.key}': the weights of a blend must not all be 0")
        return self

    @property
    def parts(self) -> tuple[tuple[str, float], ...]:
        """The paths that the figure is made of, each with its weight."""
        if self.path:
            return ((self.path, 1.0),)
        matches = (_WEIGHTED.fullmatch(part) for part in self.blend)
        return tuple((match["path"], float(match["weight"])) for match in matches if match)

    @property
    def numeric(self) -> bool:
        return self.format != "text"


def format_cell(value: Figure, form: CellFormat) -> str:
    """*value* as a reader sees it; '' for None, and text as it is.

    >>> format_cell(57.0, "number"), format_cell(45.55, "percent"), format_cell(3.4375, "usd")
    ('57', '45.6%', '$3.44')
    """
    if value is None:
        return ""
    if isinstance(value, str) or form == "text":
        return str(value)
    if form == "integer":
        return f"{_rounded(value, '1'):,}"
    if form == "percent":
        return f"{_rounded(value, '0.1')}%"
    if form == "usd":
        amount = _rounded(value, "0.01")
        return f"-${-amount:,}" if amount < 0 else f"${amount:,}"
    return str(_rounded(value, "0.1")).removesuffix(".0")


def _rounded(value: float, step: str) -> Decimal:
    # Half up, as a reader would round what the source's own page shows: binary floats round
    # 45.55 down.
    rounded = Decimal(str(value)).quantize(Decimal(step), rounding=ROUND_HALF_UP)
    return abs(rounded) if rounded == 0 else rounded
