"""The rows of an upload, one after the other, from any place in it.

A quote that is never closed, or closed by another stray one, spoils its own line and nothing else:
reading goes on below it, so that it swallows no reader.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from service.audience.imports.upload import BadFile

LONGEST_LINE = 64 * 1024
"""Bytes."""

LONGEST_RECORD = 20
"""Lines. A quote that is still open after these was never closed."""

MOST_COLUMNS = 200
DELIMITERS = ",;\t|"

_SEP = re.compile('"?sep=([,;\t|])"?', re.IGNORECASE)
"""Excel's own first line."""

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Record(NamedTuple):
    """One row: where it begins, what is in it or why that cannot be said, and where it ends."""

    line: int
    cells: list[str]
    problem: str
    next_line: int
    next_byte: int


@dataclass(frozen=True)
class Sheet:
    """What the beginning of a file says about the rest; ``line`` and ``byte`` of its first row."""

    path: Path
    delimiter: str
    columns: tuple[str, ...]
    line: int
    byte: int


class _Line(NamedTuple):
    number: int
    size: int
    text: str | None
    """None when it is longer than a line may be."""


def open_sheet(path: Path) -> Sheet:
    """Look at the file's first lines; raises :class:`BadFile` when there is nothing to bring.

    A first line that holds an address names no columns: it is the first row already.
    """
    delimiter, byte = "", 0
    with path.open("rb") as file:
        for line in _lines(file, 1):
            text = (line.text or "").removeprefix("\ufeff")
            byte += line.size
            if found := _SEP.fullmatch(text.strip()):
                delimiter = found[1]
                continue
            if not text.strip(DELIMITERS + '" \t\n'):
                continue
            delimiter = delimiter or max(DELIMITERS, key=_outside_quotes(text).count)
            cells = [cell.strip() for cell in _cells(text, delimiter) or ()]
            if not any(cells) or len(cells) > MOST_COLUMNS:
                break
            if any(_ADDRESS.fullmatch(cell) for cell in cells):
                names = tuple(f"Column {number}" for number in range(1, len(cells) + 1))
                return Sheet(path, delimiter, names, line.number, byte - line.size)
            return Sheet(path, delimiter, tuple(cells), line.number + 1, byte)
    raise BadFile(
        "The first line of the file must name its columns, one of them the address, such as: "
        f"email,name. It may have {MOST_COLUMNS} columns at most."
    )


def first_rows(sheet: Sheet, count: int) -> list[list[str]]:
    """The cells of the first rows that can be read, a cell for each column."""
    width = len(sheet.columns)
    found = (record.cells for record in records(sheet, sheet.line, sheet.byte) if record.cells)
    return [(cells + [""] * width)[:width] for cells in islice(found, count)]


def records(sheet: Sheet, line: int, byte: int) -> Iterator[Record]:
    """The rows from *line* on, which begins at *byte*; those without a word are passed over."""
    width, delimiter = len(sheet.columns), sheet.delimiter
    empty = f'{delimiter}" \t\n'
    with sheet.path.open("rb") as file:
        file.seek(byte)
        source = _lines(file, line)
        ahead: deque[_Line] = deque()
        while ahead or (ahead := deque(islice(source, 1))):
            number, _, text = ahead[0]
            if text is not None and '"' in text:
                cells, held = _quoted(ahead, source, delimiter)
            else:
                cells, held = (None if text is None else text.rstrip("\n").split(delimiter)), 1
            for _ in range(held):
                byte += ahead.popleft().size
            after = number + held, byte
            if text is None:
                yield Record(
                    number, [], f"This line is longer than {LONGEST_LINE:,} bytes.", *after
                )
            elif cells is None:
                torn = text.rstrip("\n").split(delimiter)
                yield Record(number, torn, "Its quotes do not match.", *after)
            elif len(cells) > width and any(cell.strip() for cell in cells[width:]):
                yield Record(
                    number, cells, f"{len(cells)} cells under {width} column names.", *after
                )
            elif held > 1 or text.strip(empty):
                yield Record(number, cells, "", *after)


def _quoted(
    ahead: deque[_Line], source: Iterator[_Line], delimiter: str
) -> tuple[list[str] | None, int]:
    """The cells of the record that *ahead* begins with, and how many lines it takes."""
    held, open_quotes = 1, (ahead[0].text or "").count('"')
    while open_quotes % 2 and held < LONGEST_RECORD:
        if held == len(ahead):
            ahead.extend(islice(source, 1))
        if held == len(ahead) or ahead[held].text is None:
            break
        open_quotes += (ahead[held].text or "").count('"')
        held += 1
    cells = _cells("".join(line.text or "" for line in islice(ahead, held)), delimiter)
    return cells, held if cells is not None else 1


def _cells(text: str, delimiter: str) -> list[str] | None:
    """The cells of one record; None when its quotes do not match."""
    try:
        found = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return (found or [[]])[0] if len(found) <= 1 else None


def _lines(file: BinaryIO, number: int) -> Iterator[_Line]:
    while raw := file.readline(LONGEST_LINE):
        size = len(raw)
        if size == LONGEST_LINE and not raw.endswith(b"\n"):
            while rest := file.readline(LONGEST_LINE):
                size += len(rest)
                if rest.endswith(b"\n"):
                    break
            yield _Line(number, size, None)
        else:
            yield _Line(number, size, raw.decode())
        number += 1


def _outside_quotes(text: str) -> str:
    return re.sub('"[^"]*"', "", text)
