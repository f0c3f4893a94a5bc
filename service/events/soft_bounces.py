"""Mailboxes that are dead without saying so: every issue comes back for a while, none arrives.

One soft bounce means little: a full mailbox, a host that was down, an answer that its owner is on
holiday (SES calls that ``Transient/General`` too). So nobody is given up for one, or for a bad day:
it takes five issues in a row over at least a week, with nothing delivered in between. Providers
of mailboxes count repeated mail to the dead against its sender, and a mailbox that took nothing
for a week of dailies, or for five weeklies, has no reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from service.audience.suppression import lifted_at, suppress
from service.delivery.states import SENT
from service.events.rows import Row
from service.models import Delivery, DeliveryState, Issue, Subscriber, SuppressionReason

IN_A_ROW = 5
FOR_AT_LEAST = timedelta(days=7)
LOOK_BACK = timedelta(days=60)

OF_THE_MESSAGE = ("MessageTooLarge", "ContentRejected", "AttachmentRejected")
"""Sub-types that speak of what we sent, not of the mailbox."""


class Past(NamedTuple):
    """What became of one issue that was sent to a reader, and when it was sent."""

    state: DeliveryState
    reason: str | None
    at: datetime


def dead_since(history: Sequence[Past]) -> tuple[int, datetime] | None:
    """How many issues came back in a row, and since when; None while it may be a bad day. Pure.

    *history* is newest first. What SES never took, or what was refused for its content, says
    nothing about the mailbox. A message of which no bounce is known ends the row: it may have
    arrived.
    """
    soft: list[datetime] = []
    for past in history:
        if past.state not in SENT or _of_the_message(past):
            continue
        if past.state is not DeliveryState.SOFT_BOUNCED:
            break
        soft.append(past.at)
    if len(soft) < IN_A_ROW or soft[0] - soft[-1] < FOR_AT_LEAST:
        return None
    return len(soft), soft[-1]


def give_up_dead(session: Session, changed: Sequence[tuple[Row, Row]], now: datetime) -> None:
    """Suppress the readers of the *changed* deliveries to whom nothing gets through any more."""
    last = {
        row.subscriber_id: row
        for _, row in sorted(changed, key=lambda pair: pair[1].id)
        if row.state is DeliveryState.SOFT_BOUNCED and row.subscriber_id is not None
    }
    if not last:
        return
    for subscriber_id, email_hash, address_since in _suspects(session, list(last), now):
        row, lifted = last[subscriber_id], lifted_at(session, email_hash)
        # What went to an earlier address, or before somebody looked at it, says nothing now.
        fresh = max((at for at in (lifted, address_since) if at is not None), default=None)
        history = _history(session, row, now)
        found = dead_since([past for past in history if fresh is None or past.at > fresh])
        if found is not None:
            count, since = found
            said = f"{count} issues in a row came back since {since:%Y-%m-%d}. The last: "
            detail = said + (row.reason or "")
            suppress(session, email_hash, SuppressionReason.BOUNCE, detail[:1000], now)


def _suspects(
    session: Session, subscriber_ids: list[int], now: datetime
) -> Sequence[tuple[int, str, datetime | None]]:
    """Those with enough soft bounces to be looked at; the hash of their address, and since when
    it is theirs, where it was changed."""
    return [
        (subscriber_id, email_hash, address_since)
        for subscriber_id, email_hash, address_since in session.execute(
            select(Subscriber.id, Subscriber.email_hash, Subscriber.address_since)
            .join(Delivery, Delivery.subscriber_id == Subscriber.id)
            .where(
                Subscriber.id.in_(subscriber_ids),
                Delivery.state == DeliveryState.SOFT_BOUNCED,
                Delivery.changed_at > now - LOOK_BACK,
            )
            .group_by(Subscriber.id, Subscriber.email_hash, Subscriber.address_since)
            .having(func.count() >= IN_A_ROW)
            .order_by(Subscriber.email_hash)
        )
    ]


def _history(session: Session, row: Row, now: datetime) -> list[Past]:
    """What was sent to the reader of *row* up to it, newest first; later mail is on its way."""
    sent_at: ColumnElement[datetime] = func.coalesce(
        Issue.started_at, Delivery.changed_at, type_=Delivery.changed_at.type
    )
    found = session.execute(
        select(Delivery.state, Delivery.reason, sent_at)
        .outerjoin(Issue, Issue.id == Delivery.issue_id)
        .where(
            Delivery.subscriber_id == row.subscriber_id,
            Delivery.id <= row.id,
            Delivery.changed_at > now - LOOK_BACK,
        )
        .order_by(Delivery.id.desc())
    )
    return [Past(state, reason, at) for state, reason, at in found]


def _of_the_message(past: Past) -> bool:
    sub_type = (past.reason or "").partition(":")[0].rpartition("/")[2]
    return past.state is DeliveryState.SOFT_BOUNCED and sub_type in OF_THE_MESSAGE
