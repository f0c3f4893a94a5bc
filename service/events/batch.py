"""Events that are applied together: the rows that they speak of, and what becomes of each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from service.events import rows
from service.events.rows import DELIVERIES, NOTICES, Row
from service.events.ses_events import SesEvent
from service.events.store import Waiting
from service.models import EventOutcome, Issue, Newsletter, Subscription


class Told(NamedTuple):
    """An event of ours, and the row that it spoke of as it is once the event is known."""

    stored: Waiting
    row: Row

    @property
    def event(self) -> SesEvent:
        return self.stored.event


class Outcome(NamedTuple):
    outcome: EventOutcome
    note: str | None


NOT_OURS = Outcome(EventOutcome.IGNORED, "It names no message of this installation.")
NOT_KEPT = Outcome(
    EventOutcome.IGNORED, "Opens and clicks of this newsletter, or of this reader, are not kept."
)
DONE = Outcome(EventOutcome.APPLIED, None)


class Key(NamedTuple):
    """Which row an event names."""

    table: Table
    id: int


@dataclass
class Batch:
    """Some events with their rows locked, on their way to being applied."""

    events: Sequence[Waiting]
    named: dict[int, Key]
    """By event: the row that it names, if it names one of this installation."""
    was: dict[Key, Row]
    held: set[Key]
    """Rows that somebody else holds just now."""
    tracked: set[int]
    """Issues whose opens and clicks are kept."""
    untracked: set[int]
    """Subscriptions whose readers want none of theirs to be kept, or are gone."""
    now_is: dict[Key, Row] = field(default_factory=dict)
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    """By event. One that is in neither of these two waits for its row."""
    busy: list[Waiting] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)

    @classmethod
    def of(cls, session: Session, events: Sequence[Waiting], *, site: str, wait: bool) -> Batch:
        """Find and lock what *events* speak of."""
        named = _named(session, events, site)
        was: dict[Key, Row] = {}
        held: set[Key] = set()
        for table in (DELIVERIES, NOTICES):
            ids = {key.id for key in named.values() if key.table is table}
            found, busy = rows.lock(session, table, ids, wait=wait)
            was |= {Key(table, row_id): row for row_id, row in found.items()}
            held |= {Key(table, row_id) for row_id in busy}
        touched = {named[one.id] for one in events if one.event.touch and one.id in named}
        issues = {was[key].issue_id for key in touched if key.table is DELIVERIES and key in was}
        of_whom = {was[key].subscription_id for key in touched if key in was}
        tracked, untracked = _tracked(session, issues), _untracked(session, of_whom)
        return cls(events, named, was, held, tracked, untracked)

    def move(self, now: datetime, *, early: timedelta) -> None:
        """Decide, event by event, what each comes to. Nothing is written yet."""
        self.now_is = dict(self.was)
        for stored in self.events:
            key = self.named.get(stored.id)
            if key is not None and key in self.held:
                self.busy.append(stored)
            elif key is None or key not in self.now_is:
                if not (key is None and _may_be_early(stored, now, early)):
                    self.outcomes[stored.id] = NOT_OURS
            else:
                self.now_is[key] = row = rows.moved(self.now_is[key], stored.event)
                self.told.append(Told(stored, row))
                self.outcomes[stored.id] = self._outcome(stored.event, key)

    def changed(self, table: Table) -> list[tuple[Row, Row]]:
        """Rows of *table* that are to be written: as they were and as they are now."""
        return [
            (was, self.now_is[key])
            for key, was in self.was.items()
            if key.table is table and self.now_is[key] is not was
        ]

    def of_rows_that_are_gone(self) -> list[int]:
        """Ids of the events that name a message of ours which is kept no more."""
        return [
            event_id
            for event_id, key in self.named.items()
            if key not in self.was and key not in self.held
        ]

    def kept_touches(self) -> list[Told]:
        """Opens and clicks that are kept: the newsletter has tracking on, the reader not off."""
        return [one for one in self.told if one.event.touch and self._keeps(one.row)]

    def _outcome(self, event: SesEvent, key: Key) -> Outcome:
        if event.evidence is None:
            said = f"It says nothing about what became of the message ({event.kind})."
            return Outcome(EventOutcome.IGNORED, said)
        kept = key.table is DELIVERIES and self._keeps(self.now_is[key])
        return NOT_KEPT if event.touch and not kept else DONE

    def _keeps(self, row: Row) -> bool:
        return row.issue_id in self.tracked and row.subscription_id not in self.untracked


def _named(session: Session, events: Sequence[Waiting], site: str) -> dict[int, Key]:
    """By event: its row. Installations that share an account share a topic, and their rows have
    the same small numbers, so what another one sent is passed over."""
    named: dict[int, Key] = {}
    untagged: list[Waiting] = []
    for stored in events:
        event = stored.event
        if event.site not in {"", site}:
            continue
        if event.delivery_id is not None:
            named[stored.id] = Key(DELIVERIES, event.delivery_id)
        elif event.notice_id is not None:
            named[stored.id] = Key(NOTICES, event.notice_id)
        elif event.message_id:
            untagged.append(stored)
    message_ids = {stored.event.message_id for stored in untagged}
    for table in (NOTICES, DELIVERIES):
        found = rows.by_message(session, table, message_ids)
        for stored in untagged:
            if (row_id := found.get(stored.event.message_id)) is not None:
                named[stored.id] = Key(table, row_id)
    return named


def _may_be_early(stored: Waiting, now: datetime, early: timedelta) -> bool:
    """Whether it names a message by an id alone that we may be about to write down."""
    event = stored.event
    tagged = event.delivery_id is not None or event.notice_id is not None or event.site
    return bool(event.message_id) and not tagged and now - stored.received_at < early


def _tracked(session: Session, issue_ids: Collection[int | None]) -> set[int]:
    wanted = {one for one in issue_ids if one is not None}
    if not wanted:
        return set()
    return set(
        session.scalars(
            select(Issue.id)
            .join(Newsletter, Newsletter.id == Issue.newsletter_id)
            .where(Issue.id.in_(wanted), Newsletter.tracking)
        )
    )


def _untracked(session: Session, subscription_ids: Collection[int | None]) -> set[int]:
    """Whoever deleted their data is among them: nobody can say any more that they allowed it."""
    wanted = {one for one in subscription_ids if one is not None}
    if not wanted:
        return set()
    query = select(Subscription.id).where(Subscription.id.in_(wanted), Subscription.tracked)
    return wanted - set(session.scalars(query))
