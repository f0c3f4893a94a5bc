"""Small functions that templates call on values, and the cleaning of every value they show."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from datetime import date, datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from service.languages import dates
from service.models.document import TableEntry

TEXT_WIDTH = 72
NO_FIGURE = "\N{EN DASH}"
"""Shown where a source has no figure: nothing is not 0."""

# Everything that XML 1.0 cannot hold (MJML is XML), the C1 controls, and the marks that turn
# the direction of all text after them.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]"
)


def printable(text: str) -> str:
    """*text* without what no mail can show: control characters, lone surrogates."""
    return _UNPRINTABLE.sub("", text)


def one_space(text: str) -> str:
    """*text* on one line, each run of white space one space."""
    return " ".join(printable(text).split())


def web_link(url: str) -> str:
    """*url* when a reader may be sent there (http, https), else ''."""
    url = printable(url).strip()
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme.lower() not in ("http", "https") or not parts.netloc:
        return ""
    return re.sub(r"[\s\"<>\\^`{|}]", _percent_encoded, url)


def _percent_encoded(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode())


def clock(moment: datetime, day: date) -> str:
    """``07:40`` for a moment of *day*, else ``Apr 26, 18:20``; both already in one zone."""
    if moment.date() == day:
        return dates.clock(moment)
    return f"{dates.short_date(moment)}, {dates.clock(moment)}"


def place(zone: ZoneInfo) -> str:
    """``New York`` for America/New_York; ``UTC`` as it is."""
    return zone.key.rpartition("/")[2].replace("_", " ")


def wrap(text: str, indent: str = "", width: int = TEXT_WIDTH) -> str:
    """*text* in lines for a text part; words, and so links, are never broken."""
    return textwrap.fill(
        one_space(text),
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def bullet(text: str) -> str:
    """*text* as an item of a list, its further lines standing below the first word."""
    return "* " + wrap(text, indent="  ").removeprefix("  ")


def wrap_lines(text: str, indent: str = "") -> str:
    """Like :func:`wrap`, with the author's own line ends kept and blank lines made one."""
    lines = re.sub(r"\n\s*\n\s*", "\n\n", printable(text).strip()).split("\n")
    return "\n".join(wrap(line, indent) for line in lines)


def aligned(table: TableEntry) -> str:
    """The rows of *table* as columns of plain text, figures to the right, two spaces between."""
    head = [one_space(column.label) for column in table.columns]
    body = [
        [one_space(cell) or NO_FIGURE for cell in row.cells[: len(head)]]
        + [NO_FIGURE] * (len(head) - len(row.cells))
        for row in table.rows
    ]
    lines = in_columns([head, *body], [column.numeric for column in table.columns])
    changes = ["", *(one_space(row.change) for row in table.rows)]
    return "\n".join(
        f"{line}  {change}".rstrip() for line, change in zip(lines, changes, strict=True)
    )


def in_columns(rows: Sequence[Sequence[str]], to_right: Sequence[bool]) -> list[str]:
    """*rows* of equal length as lines, each column as wide as its longest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(cells, widths, to_right, strict=True)
        )
        for cells in rows
    ]
