"""The written tables: rows of ``a | b | c`` under a line that names the columns."""

from __future__ import annotations

from functools import cache

from .entries import CONTENT


@cache
def rows(name: str) -> tuple[tuple[str, ...], ...]:
    """The rows of ``content/NAME.txt``, cells without their blanks."""
    lines = (CONTENT / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return tuple(
        tuple(cell.strip() for cell in line.split("|"))
        for line in lines
        if line and not line.startswith("#")
    )


def number(cell: str) -> float | None:
    """A figure; ``-`` is one that is not known, which is not 0."""
    return None if cell == "-" else float(cell)
