"""Delete a reader's data at their wish (GDPR, art. 17).

What stays, and why: the consent ledger, by a keyed hash of the address, since it proves that they
asked and that they left (art. 17 (3) e); a suppression, by the same hash, so that nobody writes to
a mailbox that refused us; and each delivery's row, counted for its issue, that names nobody.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from itertools import product

from sqlalchemy import Text, Update, func, or_, select, update
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.audience.consent import NOBODY, Line, Visitor, record
from service.audience.suppression import hash_of
from service.models import (
    ConsentKind,
    Delivery,
    Event,
    EventOutcome,
    ImportProblem,
    Notice,
    NoticeKind,
    Subscriber,
    Subscription,
    Suppression,
)
from service.webhooks.forgetting import forget_reader

FORGOTTEN = '{"deleted": "at the wish of the reader"}'
"""In the place of what SES said, which names the address. Its kind, time and outcome stay."""

SOMEBODY = "(reader)"


def erase(session: Session, reader: Subscriber, now: datetime, visitor: Visitor = NOBODY) -> None:
    """Delete *reader*, their choices and the messages to them; write down that they wished it.

    An issue that is under way to them is dropped where it has not left.
    """
    # In the order of everybody else, the ledger last: who leaves or moves at this moment holds
    # their row and waits for the ledger's end, and we must not hold that and wait for their row.
    if not _lock(session, reader):
        return  # a second click
    for newsletter_id in _newsletters(session, reader):
        kind, detail = ConsentKind.UNSUBSCRIBED, {"how": "deleted"}
        line = Line(newsletter_id, reader.email_hash, kind, now, visitor=visitor, detail=detail)
        record(session, line)
    spellings = _spellings(session, reader)
    _forget_events(session, reader)
    _forget_reasons(session, reader, spellings)
    _forget_bad_rows(session, spellings)
    forget_reader(session, reader, spellings, now)
    session.delete(reader)
    session.flush()


def _lock(session: Session, reader: Subscriber) -> bool:
    """Whether there is still a row to lock."""
    query = select(Subscriber.id).where(Subscriber.id == reader.id)
    return session.scalar(query.with_for_update()) is not None


def _newsletters(session: Session, reader: Subscriber) -> list[int]:
    """Of their subscriptions, which are locked."""
    query = select(Subscription.newsletter_id).where(Subscription.subscriber_id == reader.id)
    return list(session.scalars(query.order_by(Subscription.id).with_for_update()))


def _forget_events(session: Session, reader: Subscriber) -> None:
    """What waits to be settled is left, for ``events.forgetting``: a bounce must still find out
    whom to leave alone.
    """
    deliveries = select(Delivery.id).where(Delivery.subscriber_id == reader.id)
    subscriptions = select(Subscription.id).where(Subscription.subscriber_id == reader.id)
    notices = select(Notice.id).where(Notice.subscription_id.in_(subscriptions))
    for mine in (Event.delivery_id.in_(deliveries), Event.notice_id.in_(notices)):
        settled = Event.outcome != EventOutcome.WAITING
        _at_once(session, update(Event).where(mine, settled).values(raw=FORGOTTEN))


def _spellings(session: Session, reader: Subscriber) -> frozenset[str]:
    """The address, and those that the reader had before, in each form that may be written."""
    told = (
        select(Notice.address)
        .join(Subscription, Subscription.id == Notice.subscription_id)
        .where(Subscription.subscriber_id == reader.id, Notice.kind == NoticeKind.ADDRESS_CHANGED)
    )
    emails = {reader.email, *session.scalars(told)}
    return frozenset(emails | {email.lower() for email in emails})


def _forget_reasons(session: Session, reader: Subscriber, spellings: Collection[str]) -> None:
    """The other side's answers repeat the address: ``550 <ann@example.org> unknown``."""
    hashes = {hash_of(parse_address(spelling)) for spelling in spellings}
    said = (
        (Delivery.reason, Delivery.subscriber_id == reader.id),
        (Suppression.detail, Suppression.email_hash.in_(hashes)),
    )
    for (column, theirs), spelling in product(said, spellings):
        repeats = column.contains(spelling, autoescape=True)
        without = {column: func.replace(column, spelling, SOMEBODY)}
        _at_once(session, update(column.class_).where(theirs, repeats).values(without))


def _forget_bad_rows(session: Session, spellings: Collection[str]) -> None:
    """Rows of an import that could not be taken are kept whole, to be mended."""
    for spelling in {spelling.lower() for spelling in spellings}:
        columns = (ImportProblem.value, ImportProblem.problem, sql_cast(ImportProblem.cells, Text))
        names = [func.lower(column).contains(spelling, autoescape=True) for column in columns]
        row = {"value": SOMEBODY, "problem": SOMEBODY, "cells": [SOMEBODY]}
        _at_once(session, update(ImportProblem).where(or_(*names)).values(row))


def _at_once(session: Session, statement: Update) -> None:
    session.execute(statement.execution_options(synchronize_session=False))
