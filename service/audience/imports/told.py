"""What came of an import, in words, and its bad rows as a file to mend."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audience.csv_cells import guarded
from service.audience.imports.standing import Outcome
from service.models import ImportProblem

TOLD: dict[Outcome, tuple[str, str]] = {
    Outcome.ADDED: ("added", "would be added"),
    Outcome.ASKED: ("asked to confirm", "would be asked to confirm"),
    Outcome.LEFT_THERE: (
        "unsubscribed elsewhere: noted, and not written to",
        "unsubscribed elsewhere: would be noted, and not written to",
    ),
    Outcome.BARRED: (
        "bounced, complained or blocked elsewhere: suppressed",
        "bounced, complained or blocked elsewhere: would be suppressed",
    ),
    Outcome.UNCONFIRMED: ("never confirmed elsewhere: left out",) * 2,
    Outcome.PRESENT: ("on the list here already: left as they are",) * 2,
    Outcome.KEPT: ("read here, whatever the file says: left as they are",) * 2,
    Outcome.LEFT: ("left here before, and stay away",) * 2,
    Outcome.SUPPRESSED: ("suppressed here before, and stay so",) * 2,
    Outcome.REPEATED: ("in the file a second time",) * 2,
    Outcome.BAD: ("could not be read",) * 2,
}
"""What each outcome is called when it is done, and before."""

UNDONE: dict[str, str] = {
    "removed": "taken out again",
    "touched": "stay: they confirmed, chose or left since",
    "mailed": "stay: something was sent to them, and its links must go on working",
    "lifted": "addresses are not suppressed any more",
}

PROBLEM = "problem"
PAGE = 1000


def told(counts: Mapping[str, int], *, done: bool) -> list[tuple[int, str]]:
    """How many rows came to what, in a fixed order, without what did not happen."""
    return [
        (counts[outcome.value], words[0 if done else 1])
        for outcome, words in TOLD.items()
        if counts.get(outcome.value)
    ]


def problems(session: Session, import_id: int, after: int, limit: int) -> list[ImportProblem]:
    """Bad rows behind line *after*, in the file's order."""
    return list(
        session.scalars(
            select(ImportProblem)
            .where(ImportProblem.import_id == import_id, ImportProblem.line > after)
            .order_by(ImportProblem.line)
            .limit(limit)
        )
    )


def as_csv(rows: Sequence[ImportProblem], delimiter: str) -> Iterator[str]:
    """The bad rows as lines of CSV: what is wrong, then the row as it was.

    The reason stands first, for a row at fault may have more cells than there are columns.
    """
    for row in rows:
        yield _line([row.problem, *(guarded(cell) for cell in row.cells)], delimiter)


def heading(columns: Sequence[str], delimiter: str) -> str:
    return _line([PROBLEM, *columns], delimiter)


def _line(cells: Sequence[str], delimiter: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerow(cells)
    return text.getvalue()
