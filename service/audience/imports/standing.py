"""What becomes of a reader: how they stood elsewhere beside what is known of them here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from sqlalchemy import ColumnElement, Select, Text, bindparam, column, func, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from service.audience.imports.plan import Standing
from service.db import BigId, dialect_of
from service.models import (
    ConsentEvent,
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
    """Unsubscribed here: only they can come back."""
    SUPPRESSED = "suppressed"
    REPEATED = "repeated"
    BAD = "bad"


SUBSCRIBES = frozenset({Outcome.ADDED, Outcome.ASKED, Outcome.LEFT_THERE})
_BARS = frozenset({Standing.BOUNCED, Standing.COMPLAINED, Standing.BLOCKED})


def outcome_of(
    there: Standing, here: SubscriptionState | None, *, suppressed: bool, ask: bool
) -> Outcome:
    """A pure decision. ``here`` is None for somebody who never had this newsletter.

    A file adds and never changes: who reads here goes on reading, who left stays away.
    """
    if suppressed:
        return Outcome.SUPPRESSED
    if there in _BARS:
        return Outcome.KEPT if here is SubscriptionState.ACTIVE else Outcome.BARRED
    if here is SubscriptionState.UNSUBSCRIBED:
        return Outcome.LEFT
    if here is not None:
        gone = there is Standing.LEFT and here is SubscriptionState.ACTIVE
        return Outcome.KEPT if gone else Outcome.PRESENT
    return _newcomer(there, ask=ask)


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


def with_ledger(session: Session, newsletter_id: int, hashes: Sequence[str]) -> set[str]:
    """Those of *hashes* that the consent ledger knows already."""
    dialect = dialect_of(session)
    values = {"given": _as_one(dialect, hashes), "newsletter": newsletter_id}
    return set(session.scalars(_ledgers(dialect), values))


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
def _ledgers(dialect: str) -> Select[str]:
    return select(ConsentEvent.email_hash).where(
        ConsentEvent.email_hash == _given(dialect),
        ConsentEvent.newsletter_id == _NEWSLETTER,
        ConsentEvent.sequence == 1,
    )
