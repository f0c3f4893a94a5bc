"""Readers from a file, and readers to one.

A broken row is reported with its line and the rest go in. A spreadsheet runs a cell that begins
with ``= + - @`` as a formula (OWASP, "CSV injection"), so such cells leave with an apostrophe
before them, and lose it again when they come back.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from service.audience.addresses import BadAddress, parse_address
from service.audience.choices import BadChoice, Wanted
from service.audience.csv_cells import guarded, unguarded
from service.audience.joining import Joined, Reader, add_all_confirmed, standing
from service.audience.preferences import Preferences, checked
from service.models import Cadence, MailFormat, Newsletter, Subscription

Member = TypeVar("Member", bound=StrEnum)

COLUMNS = ("email", "cadence", "sections", "topics", "format", "timezone", "hour")
CHUNK = 500
LONGEST_RECORD = 20
"""Lines. A quote that is still open after these was never closed."""


class BadFile(ValueError):
    """Not a file of readers at all; the text says what is expected."""


@dataclass(frozen=True)
class BadRow:
    line: int
    reason: str


@dataclass
class ImportReport:
    """What became of each row; the five add up to the rows read."""

    added: int = 0
    present: int = 0
    """Subscribed already, or twice in the file."""
    left: int = 0
    """They unsubscribed before, and stay so."""
    suppressed: int = 0
    bad: list[BadRow] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return self.added + self.present + self.left + self.suppressed + len(self.bad)

    def count(self, outcome: Joined) -> None:
        setattr(self, outcome.value, getattr(self, outcome.value) + 1)


def import_csv(
    session: Session,
    newsletter: Newsletter,
    lines: Iterable[str],
    now: datetime,
    dry_run: bool = False,
) -> ImportReport:
    """Subscribe the readers in *lines* (text of a CSV file, its first line naming the columns).

    ``email`` is required, the others of :data:`COLUMNS` may be left out, unknown ones are passed
    over; commas, semicolons and tabs are told apart by the first line. Raises :class:`BadFile`.
    A dry run reports the same and writes nothing.
    """
    report = ImportReport()
    readers = _readers(newsletter, lines, now, report)
    while chunk := list(islice(readers, CHUNK)):
        if dry_run:
            outcome = standing(session, newsletter, [reader.address for reader in chunk])
        else:
            outcome = add_all_confirmed(session, newsletter, chunk, now)
        for joined in outcome:
            report.count(joined)
    return report


def export_csv(session: Session, newsletter: Newsletter) -> Iterator[str]:
    """Every subscription as lines of CSV that :func:`import_csv` reads, some hundreds in memory."""
    header = (*COLUMNS, "state", "since")
    yield _line(header)
    query = (
        select(Subscription)
        .where(Subscription.newsletter_id == newsletter.id)
        .options(joinedload(Subscription.subscriber), joinedload(Subscription.choice))
        .order_by(Subscription.id)
        .execution_options(yield_per=CHUNK)
    )
    for subscription in session.scalars(query):
        choice = subscription.choice
        cells = (
            subscription.subscriber.email,
            subscription.cadence.value,
            "all" if choice.sections is None else "|".join(choice.sections) or "none",
            "|".join(choice.topics),
            choice.mail_format.value,
            subscription.timezone or "",
            "" if subscription.send_hour is None else str(subscription.send_hour),
            subscription.state.value,
            subscription.created_at.date().isoformat(),
        )
        yield _line([guarded(cell) for cell in cells])


def _readers(
    newsletter: Newsletter, lines: Iterable[str], now: datetime, report: ImportReport
) -> Iterator[Reader]:
    """The distinct readers of a file; rows that give none are noted in *report*."""
    seen: set[str] = set()
    for line, row in _rows(lines, report):
        try:
            reader = _reader(newsletter, row, now)
        except (BadAddress, BadChoice) as error:
            report.bad.append(BadRow(line, str(error)))
            continue
        if reader.address.key in seen:
            report.count(Joined.PRESENT)
            continue
        seen.add(reader.address.key)
        yield reader


def _reader(newsletter: Newsletter, row: dict[str, str], now: datetime) -> Reader:
    """One row read; raises ``BadAddress`` or ``BadChoice``."""
    asked = Preferences(
        wanted=Wanted(
            mail_format=_one_of(MailFormat, "format", row.get("format", "")),
            sections=_sections(row.get("sections", "")),
            topics=_several(row.get("topics", "")),
        ),
        cadence=_one_of(Cadence, "cadence", row.get("cadence", "")),
        send_hour=_hour(row.get("hour", "")),
        timezone=row.get("timezone") or None,
    )
    return Reader(parse_address(row["email"]), checked(newsletter, asked, now))


def _one_of(kind: type[Member], column: str, cell: str) -> Member:
    members = list(kind)
    if not cell:
        return members[0]
    for member in members:
        if member.value == cell.lower():
            return member
    there = ", ".join(member.value for member in members)
    raise BadChoice(f"The {column} “{cell}” is not one of {there}.")


def _sections(cell: str) -> tuple[str, ...] | None:
    if cell.lower() in ("", "all"):
        return None
    return () if cell.lower() == "none" else _several(cell)


def _hour(cell: str) -> int | None:
    if not cell:
        return None
    if not re.fullmatch(r"[0-9]{1,2}", cell):
        raise BadChoice(f"The hour “{cell}” is not a whole number from 0 to 23.")
    return int(cell)


def _several(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in re.split(r"[|;,]", cell) if part.strip())


def _rows(lines: Iterable[str], report: ImportReport) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells by column of each row that can be read; notes those that cannot."""
    numbered = enumerate(lines, start=1)
    first = next(numbered, (1, ""))[1].removeprefix("\ufeff")
    delimiter = max(",;\t", key=first.count)
    header = [name.strip().lower() for name in _cells(first, delimiter) or ()]
    if "email" not in header:
        raise BadFile(
            "The first line must name the columns, one of them “email”, "
            f"such as: {','.join(COLUMNS)}."
        )
    for line, cells in _records(numbered, delimiter):
        if cells is None:
            report.bad.append(BadRow(line, "This row cannot be read: its quotes do not match."))
        elif any(cell.strip() for cell in cells[len(header) :]):
            report.bad.append(BadRow(line, f"{len(cells)} cells under {len(header)} column names."))
        elif any(cell.strip() for cell in cells):
            stripped = (unguarded(cell.strip()) for cell in cells)
            yield line, {"email": "", **dict(zip(header, stripped, strict=False))}


def _records(
    numbered: Iterator[tuple[int, str]], delimiter: str
) -> Iterator[tuple[int, list[str] | None]]:
    """Number of the first line and cells of each record; one spans lines while a quote is open.

    When a quote is never closed, or closed by another stray one, its line alone is the broken
    record (None) and reading goes on below it, so that it swallows no reader.
    """
    ahead: list[tuple[int, str]] = []
    while ahead or (ahead := list(islice(numbered, 1))):
        held = 1
        while _open(ahead[:held]) and held < LONGEST_RECORD:
            if held == len(ahead):
                ahead.extend(islice(numbered, 1))
            if held == len(ahead):
                break
            held += 1
        cells = _cells("".join(text for _, text in ahead[:held]), delimiter)
        yield ahead[0][0], cells
        del ahead[: held if cells is not None else 1]


def _open(held: list[tuple[int, str]]) -> bool:
    return sum(text.count('"') for _, text in held) % 2 == 1


def _cells(text: str, delimiter: str) -> list[str] | None:
    """The cells of one record; None when its quotes or line ends do not match."""
    try:
        found = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return (found or [[]])[0] if len(found) <= 1 else None


def _line(cells: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()
