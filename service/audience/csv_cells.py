"""Cells that no spreadsheet runs.

A spreadsheet runs a cell that begins with ``= + - @`` as a formula (OWASP, "CSV injection"), so
such cells leave with an apostrophe before them, and lose it again when they come back.
"""

from __future__ import annotations

import re


def guarded(cell: str) -> str:
    """*cell* so that no spreadsheet runs it."""
    return f"'{cell}" if re.match(r"'*[=+\-@\t\r]", cell) else cell


def unguarded(cell: str) -> str:
    """What :func:`guarded` was given."""
    return cell[1:] if re.match(r"'+[=+\-@\t\r]", cell) else cell
