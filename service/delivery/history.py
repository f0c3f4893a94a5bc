"""Who got what: each delivery with its state, its reason and its times."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from service.audience.segment_sql import NOT_GONE
from service.models import (
    Delivery,
    DeliveryBatch,
    DeliveryState,
    Event,
    Interaction,
    Issue,
    Subscriber,
    Wave,
)


@dataclass(frozen=True)
class Line:
    """One issue and one reader."""

    delivery_id: int
    issue_id: int
    subscriber_id: int
    address: str | None
    """None when the reader deleted their data since."""
    state: DeliveryState
    reason: str | None
    attempt: int
    """Times that SES was asked."""
    resends: int
    message_id: str | None
    due_at: datetime
    """When it was this reader's turn."""
    changed_at: datetime


@dataclass(frozen=True)
class Told:
    """An event of SES about a delivery."""

    kind: str
    at: datetime
    """When it reached us."""


def recipients(
    session: Session,
    issue_id: int,
    *,
    state: DeliveryState | None = None,
    after: int = 0,
    limit: int = 100,
) -> list[Line]:
    """The next *limit* deliveries of an issue whose subscriber's id is above *after*.

    By the unique key of issue and subscriber, so that the last page is as quick as the first.
    """
    query = _lines().where(Delivery.issue_id == issue_id, Delivery.subscriber_id > after)
    if state is not None:
        query = query.where(Delivery.state == state)
    rows = session.execute(query.order_by(Delivery.subscriber_id).limit(limit))
    return [_line(row) for row in rows]


def of_reader(
    session: Session, subscriber_id: int, *, before: int | None = None, limit: int = 50
) -> list[tuple[Issue, Line]]:
    """The deliveries to one subscriber, the latest issue first, of issues below the id *before*."""
    query = _lines().add_columns(Issue).join(Issue, Issue.id == Delivery.issue_id)
    query = query.where(Delivery.subscriber_id == subscriber_id)
    if before is not None:
        query = query.where(Delivery.issue_id < before)
    rows = session.execute(query.order_by(Delivery.issue_id.desc()).limit(limit))
    return [(row[-1], _line(row)) for row in rows]


def one(session: Session, issue_id: int, subscriber_id: int) -> Line | None:
    """What became of the issue for one subscriber; None when it was not planned for them."""
    query = _lines().where(Delivery.issue_id == issue_id, Delivery.subscriber_id == subscriber_id)
    row = session.execute(query).first()
    return None if row is None else _line(row)


def told(session: Session, delivery_ids: Iterable[int]) -> dict[int, list[Told]]:
    """What SES said of each of these deliveries, in the order in which we heard it."""
    found: dict[int, list[Told]] = {}
    events = (
        select(Event.delivery_id, Event.kind, Event.received_at)
        .where(Event.delivery_id.in_(list(delivery_ids)))
        .order_by(Event.id)
    )
    for delivery_id, kind, at in session.execute(events):
        if delivery_id is not None:
            found.setdefault(delivery_id, []).append(Told(kind, at))
    return found


def told_of_notices(session: Session, notice_ids: Iterable[int]) -> dict[int, list[Told]]:
    """The same of the service's own mail."""
    found: dict[int, list[Told]] = {}
    events = (
        select(Event.notice_id, Event.kind, Event.received_at)
        .where(Event.notice_id.in_(list(notice_ids)))
        .order_by(Event.id)
    )
    for notice_id, kind, at in session.execute(events):
        if notice_id is not None:
            found.setdefault(notice_id, []).append(Told(kind, at))
    return found


def touches(
    session: Session, delivery_ids: Iterable[int], most: int = 500
) -> dict[int, list[Interaction]]:
    """Opens and clicks of each of these deliveries, in their order; the first *most* of all."""
    found: dict[int, list[Interaction]] = {}
    query = (
        select(Interaction)
        .where(Interaction.delivery_id.in_(list(delivery_ids)))
        .order_by(Interaction.at, Interaction.id)
        .limit(most)
    )
    for one_touch in session.scalars(query):
        found.setdefault(one_touch.delivery_id, []).append(one_touch)
    return found


def readers_by_variant(session: Session, issue_id: int) -> dict[int, int]:
    """How many readers got, or may have got, each rendering of an issue."""
    tally = (
        select(DeliveryBatch.variant_id, func.count())
        .join(Delivery, Delivery.batch_id == DeliveryBatch.id)
        .where(DeliveryBatch.issue_id == issue_id, Delivery.state.not_in(NOT_GONE))
        .group_by(DeliveryBatch.variant_id)
    )
    return dict(session.execute(tally).all())


def _lines() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Delivery.id,
            Delivery.issue_id,
            Delivery.subscriber_id,
            Subscriber.email,
            Delivery.state,
            Delivery.reason,
            Delivery.attempt,
            Delivery.resends,
            Delivery.message_id,
            Wave.due_at,
            Delivery.changed_at,
        )
        .join(DeliveryBatch, DeliveryBatch.id == Delivery.batch_id)
        .join(Wave, Wave.id == DeliveryBatch.wave_id)
        .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
    )


def _line(row: Row[*tuple[Any, ...]]) -> Line:
    return Line(*row[:11])
