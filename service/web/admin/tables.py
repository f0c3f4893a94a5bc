"""Rows as a file that a spreadsheet opens, and runs nothing of."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from flask import Response

from service.audience.csv_cells import guarded


def csv_row(cells: Sequence[object]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([guarded(str(cell)) for cell in cells])
    return text.getvalue()


def csv_answer(name: str, rows: Iterable[Sequence[object]]) -> Response:
    answer = Response("".join(map(csv_row, rows)), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
