"""Cells that no spreadsheet runs.

A spreadsheet runs a cell that begins with ``= + - @`` as a formula, some in their full-width form
or behind white space as well (OWASP, "CSV injection"), so such cells leave with an apostrophe
before them, and lose it again when they come back.
"""

from __future__ import annotations

import re

STARTS = "=+\\-@\uff1d\uff0b\uff0d\uff20\t\r\n"
_FORMULA = re.compile(f"'*[{STARTS}]")
_GUARDED = re.compile(f"'+[{STARTS}]")


def guarded(cell: str) -> str:
    """*cell* so that no spreadsheet runs it."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """What :func:`guarded` was given."""
    return cell[1:] if _GUARDED.match(cell) else cell
