"""Readers as rows of a table that the import reads again, some hundreds in memory at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from service.audience.csv_cells import guarded
from service.audience.search import Asked, Found, find
from service.audience.tags import tags_of

COLUMNS = (
    "email", "name", "newsletter", "state", "cadence", "sections", "topics", "format", "timezone",
    "hour", "language", "tags", "since", "confirmed", "paused_until", "tracked", "unsubscribed",
    "reason", "suppressed",
)  # fmt: skip
PAGE = 1000


class Scope(Protocol):
    """Opens a session in a transaction of its own, as ``service.db.read_scope``."""

    def __call__(self) -> AbstractContextManager[Session]: ...


def export_found(scope: Scope, asked: Asked, now: datetime) -> Iterator[str]:
    """Lines of CSV, a line a subscription; a part at a time.

    Each part is read in a transaction of its own: a download may take minutes, and none is held
    open for so long. Who joins meanwhile may be in it or not; nobody is in it twice.
    """
    yield line(COLUMNS)
    place = None
    while True:
        with scope() as session:
            found = find(session, asked, now, after=place, limit=PAGE)
            tags = tags_of(session, {one.subscription.subscriber_id for one in found})
        if not found:
            return
        yield "".join(
            line(_cells(one, tags.get(one.subscription.subscriber_id, []))) for one in found
        )
        place = found[-1].place


def line(cells: Iterable[str]) -> str:
    """*cells* as a line that no spreadsheet runs."""
    text = io.StringIO()
    csv.writer(text).writerow([guarded(cell) for cell in cells])
    return text.getvalue()


def _cells(found: Found, tags: Sequence[str]) -> tuple[str, ...]:
    row, choice = found.subscription, found.subscription.choice
    return (
        row.subscriber.email,
        row.subscriber.name,
        row.newsletter.slug,
        row.state.value,
        row.cadence.value,
        "all" if choice.sections is None else "|".join(choice.sections) or "none",
        "|".join(choice.topics),
        choice.mail_format.value,
        row.timezone or "",
        "" if row.send_hour is None else str(row.send_hour),
        row.subscriber.language or "",
        ", ".join(tags),
        _moment(row.created_at),
        _moment(row.confirmed_at),
        _moment(row.paused_until),
        "yes" if row.tracked else "no",
        _moment(row.unsubscribed_at),
        row.unsubscribe_reason or "",
        "yes" if found.suppressed else "",
    )


def _moment(value: datetime | None) -> str:
    return "" if value is None else value.isoformat(timespec="seconds")
