"""Readers as rows of a table that the import reads again, some hundreds in memory at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from service.audience.csv_cells import guarded
from service.audience.search import Asked, Place, values_found
from service.audience.tags import tags_of
from service.models import (
    Cadence,
    Choice,
    Newsletter,
    Subscriber,
    Subscription,
    SubscriptionState,
)

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
    place, shared = None, Shared()
    while True:
        with scope() as session:
            query = values_found(session, asked, KEPT, now, place).limit(PAGE)
            rows = [Row(*values) for values in session.execute(query)]
            tags = tags_of(session, {row.subscriber_id for row in rows})
            shared.know(session, rows)
        if not rows:
            return
        yield "".join(line(_cells(row, shared, tags.get(row.subscriber_id, []))) for row in rows)
        place = Place(rows[-1].place, str(rows[-1].key))


class Row(NamedTuple):
    """What is kept of one subscription, as :data:`KEPT` names it, and what a search adds."""

    subscriber_id: int
    email: str
    name: str
    language: str | None
    newsletter_id: int
    choice_id: int
    state: SubscriptionState
    cadence: Cadence
    timezone: str | None
    send_hour: int | None
    created_at: datetime
    confirmed_at: datetime | None
    paused_until: datetime | None
    tracked: bool
    unsubscribed_at: datetime | None
    unsubscribe_reason: str | None
    suppressed: bool
    place: int
    key: str | int


KEPT: tuple[InstrumentedAttribute[Any], ...] = (
    Subscription.subscriber_id, Subscriber.email, Subscriber.name, Subscriber.language,
    Subscription.newsletter_id, Subscription.choice_id, Subscription.state, Subscription.cadence,
    Subscription.timezone, Subscription.send_hour, Subscription.created_at,
    Subscription.confirmed_at, Subscription.paused_until, Subscription.tracked,
    Subscription.unsubscribed_at, Subscription.unsubscribe_reason,
)  # fmt: skip


class Shared:
    """What many readers have in common, looked up once: newsletters, and choices of content."""

    def __init__(self) -> None:
        self.slugs: dict[int, str] = {}
        self.choices: dict[int, tuple[str, str, str]] = {}
        """Sections, topics and format as cells."""

    def know(self, session: Session, rows: Iterable[Row]) -> None:
        """Look up what *rows* have that none before had."""
        rows = list(rows)
        if newsletters := {row.newsletter_id for row in rows} - self.slugs.keys():
            query = select(Newsletter.id, Newsletter.slug).where(Newsletter.id.in_(newsletters))
            self.slugs.update(session.execute(query).all())
        if choices := {row.choice_id for row in rows} - self.choices.keys():
            for choice in session.scalars(select(Choice).where(Choice.id.in_(choices))):
                self.choices[choice.id] = (
                    "all" if choice.sections is None else "|".join(choice.sections) or "none",
                    "|".join(choice.topics),
                    choice.mail_format.value,
                )


def line(cells: Iterable[str]) -> str:
    """*cells* as a line that no spreadsheet runs."""
    text = io.StringIO()
    csv.writer(text).writerow([guarded(cell) for cell in cells])
    return text.getvalue()


def _cells(row: Row, shared: Shared, tags: Sequence[str]) -> tuple[str, ...]:
    return (
        row.email,
        row.name,
        shared.slugs[row.newsletter_id],
        row.state.value,
        row.cadence.value,
        *shared.choices[row.choice_id],
        row.timezone or "",
        "" if row.send_hour is None else str(row.send_hour),
        row.language or "",
        ", ".join(tags),
        _moment(row.created_at),
        _moment(row.confirmed_at),
        _moment(row.paused_until),
        "yes" if row.tracked else "no",
        _moment(row.unsubscribed_at),
        row.unsubscribe_reason or "",
        "yes" if row.suppressed else "",
    )


def _moment(value: datetime | None) -> str:
    return "" if value is None else value.isoformat(timespec="seconds")
