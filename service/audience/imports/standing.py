"""What becomes of a reader: how they stood elsewhere beside what is known of them here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Text, bindparam, column, func, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from service.audience.consent import last_lines, withdrew
from service.audience.imports.plan import Standing
from service.db import BigId, dialect_of
from service.models import (
    ConsentEvent,
    ConsentKind,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
)


class Outcome(StrEnum):
    """What became of a row. The counts of all of them add up to the rows read."""

    ADDED = "added"
    ASKED = "asked"
    """Pending, with a mail that asks to confirm."""
    LEFT_THERE = "left_there"
    """Noted as unsubscribed, so that no later file brings them in."""
    BARRED = "barred"
    """Suppressed from now on, as they were where they come from."""
    UNCONFIRMED = "unconfirmed"
    """Never confirmed anywhere, and not to be asked: left out."""
    PRESENT = "present"
    KEPT = "kept"
    """Reads here, whatever the file says of another place."""
    LEFT = "left"
    """Unsubscribed here, deleted, or moved to another address: only they can come back."""
    SUPPRESSED = "suppressed"
    REPEATED = "repeated"
    BAD = "bad"


SUBSCRIBES = frozenset({Outcome.ADDED, Outcome.ASKED, Outcome.LEFT_THERE})
BARS = frozenset({Standing.BOUNCED, Standing.COMPLAINED, Standing.BLOCKED})


class Here(NamedTuple):
    """How somebody stands with us."""

    state: SubscriptionState | None = None
    """With this newsletter; None for who never had it, or whose data are deleted."""
    suppressed: bool = False
    reads: bool = False
    """Gets another newsletter of ours. Asked only of whom a file would suppress."""
    withdrew: bool = False
    """The ledger ends with their leaving."""


def outcome_of(there: Standing, here: Here, *, ask: bool) -> Outcome:
    """A pure decision.

    A file adds and never changes: who reads here goes on reading, who left stays away. What bars an
    address bars it from every newsletter, so that it asks for readers of any.
    """
    if here.suppressed:
        return Outcome.SUPPRESSED
    if there in BARS:
        reads = here.reads or here.state is SubscriptionState.ACTIVE
        return Outcome.KEPT if reads else Outcome.BARRED
    if here.state is SubscriptionState.UNSUBSCRIBED:
        return Outcome.LEFT
    if here.state is not None:
        gone = there is Standing.LEFT and here.state is SubscriptionState.ACTIVE
        return Outcome.KEPT if gone else Outcome.PRESENT
    return Outcome.LEFT if here.withdrew else _newcomer(there, ask=ask)


def _newcomer(there: Standing, *, ask: bool) -> Outcome:
    if there is Standing.LEFT:
        return Outcome.LEFT_THERE
    if ask:
        return Outcome.ASKED
    return Outcome.UNCONFIRMED if there is Standing.UNCONFIRMED else Outcome.ADDED


@dataclass
class Known:
    """What is known here of the readers of a chunk."""

    subscribers: dict[str, int] = field(default_factory=dict)
    """Id by address key."""
    states: dict[str, SubscriptionState] = field(default_factory=dict)
    suppressed: set[str] = field(default_factory=set)
    """Hashes."""
    reading: set[str] = field(default_factory=set)
    """Keys, of those that were asked for: who gets any newsletter."""
    ledgers: dict[str, bool] = field(default_factory=dict)
    """By hash, where that was asked: whether the ledger ends with their leaving."""

    def of(self, key: str, email_hash: str) -> Here:
        return Here(
            self.states.get(key),
            email_hash in self.suppressed,
            key in self.reading,
            self.ledgers.get(email_hash, False),
        )


def known_among(
    session: Session, newsletter_id: int, keys: Sequence[str], hashes: Sequence[str]
) -> Known:
    """Look up some thousands of readers, each by the key and the hash of the address."""
    known, dialect = Known(), dialect_of(session)
    values = {"given": _as_one(dialect, keys), "newsletter": newsletter_id}
    for key, subscriber_id, state in session.execute(_readers(dialect), values):
        known.subscribers[key] = subscriber_id
        if state is not None:
            known.states[key] = state
    values = {"given": _as_one(dialect, hashes)}
    known.suppressed.update(session.scalars(_suppressed(dialect), values))
    return known


def reading_among(session: Session, keys: Sequence[str]) -> set[str]:
    """Those of *keys* who get a newsletter of ours."""
    dialect = dialect_of(session)
    return set(session.scalars(_reading(dialect), {"given": _as_one(dialect, keys)}))


def ledgers_among(session: Session, newsletter_id: int, hashes: Sequence[str]) -> dict[str, bool]:
    """Those of *hashes* that the ledger knows, each with whether it ends with their leaving."""
    dialect = dialect_of(session)
    values = {"given": _as_one(dialect, hashes), "newsletter": newsletter_id}
    found = session.execute(_ledgers(dialect), values)
    return {email_hash: withdrew(kind, detail) for email_hash, kind, detail in found}


_NEWSLETTER = bindparam("newsletter", type_=BigId)


def _as_one(dialect: str, words: Sequence[str]) -> str:
    """Thousands of words as one parameter: a list of them takes psycopg ten times as long."""
    return "\n".join(words) if dialect == "postgresql" else json.dumps(words)


def _given(dialect: str) -> ColumnElement[str]:
    """The words of :func:`_as_one`, a row each."""
    given = bindparam("given", type_=Text())
    if dialect == "postgresql":
        words = func.unnest(func.string_to_array(given, "\n", type_=postgresql.ARRAY(Text())))
        return words.column_valued("word")
    return func.json_each(given).table_valued(column("value", Text()), name="given").c.value


@lru_cache
def _readers(dialect: str) -> Select[str, int, SubscriptionState]:
    theirs = (Subscription.subscriber_id == Subscriber.id) & (
        Subscription.newsletter_id == _NEWSLETTER
    )
    return (
        select(Subscriber.email_key, Subscriber.id, Subscription.state)
        .outerjoin(Subscription, theirs)
        .where(Subscriber.email_key == _given(dialect))
    )


@lru_cache
def _suppressed(dialect: str) -> Select[str]:
    return select(Suppression.email_hash).where(Suppression.email_hash == _given(dialect))


@lru_cache
def _reading(dialect: str) -> Select[str]:
    return (
        select(Subscriber.email_key)
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(
            Subscriber.email_key == _given(dialect),
            Subscription.state == SubscriptionState.ACTIVE,
        )
        .distinct()
    )


@lru_cache
def _ledgers(dialect: str) -> Select[str, ConsentKind, dict[str, Any]]:
    return last_lines().where(
        ConsentEvent.email_hash == _given(dialect), ConsentEvent.newsletter_id == _NEWSLETTER
    )
