"""How far behind SES's events are, and how much longer that makes the wait for them.

A message of which nothing is heard was probably not sent, but only while others of the same time
are heard of. So what went out lately is looked at: SES says ``Send`` or ``Delivery`` within
seconds, and where more than a few messages have been without a word for minutes, it is the events
that are late (or lost on their way here), and silence about one message means nothing yet.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import NamedTuple

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from service.config import Settings
from service.delivery.states import SENT
from service.models import (
    BatchState,
    Delivery,
    DeliveryBatch,
    DeliveryState,
    Event,
    EventOutcome,
)

HEARD_WITHIN = 0.25
"""Of the grace period: how long a message may be without a word (5 of 20 minutes)."""
SILENT_SHARE = 0.1
"""Of the messages looked at: so many without a word are not their own fault."""
LONGER = 6
"""Times the grace period, while events are behind: 2 hours of 20 minutes. Then the policy speaks
all the same: events that do not come in so long do not come."""

LATELY = timedelta(hours=6)
BATCHES, MESSAGES, EVENTS = 10, 1000, 100
"""Looked at, the latest ones: found by indexes at each tick, however many were sent."""


@dataclass(frozen=True)
class Lag:
    """What was measured of the messages that went out lately."""

    heard: int = 0
    """Of those sent lately: how many SES has said something about."""
    silent: int = 0
    """Of how many nothing is known, though it should be."""
    silent_for: timedelta = timedelta()
    """How long the oldest of those has been without a word."""
    waiting_for: timedelta = timedelta()
    """How long the oldest stored event has waited to be applied."""
    under_way: timedelta = timedelta()
    """How old the latest events were when they came here: half of them were older."""


def behind(lag: Lag, grace: timedelta) -> str | None:
    """In what way events are behind, in words; None while all is well. Pure."""
    patience = grace * HEARD_WITHIN
    if lag.waiting_for > patience:
        return f"stored events have waited {_minutes(lag.waiting_for)} to be applied"
    if lag.under_way > patience:
        return f"the latest events were {_minutes(lag.under_way)} old when they came"
    if lag.silent > SILENT_SHARE * (lag.heard + lag.silent):
        share = f"{lag.silent:,} of the last {lag.heard + lag.silent:,} messages"
        return f"SES has said nothing about {share} for up to {_minutes(lag.silent_for)}"
    return None


class Patience(NamedTuple):
    """How long an unknown message waits for its event at this moment, and what silence means."""

    grace: timedelta
    heard: bool
    """SES tells of the other messages: silence about one says that SES has it not."""


def patience(session: Session, settings: Settings, now: datetime) -> Patience:
    """Measured of the rows and of the events as they are now."""
    grace = timedelta(minutes=settings.grace_minutes)
    if not hears(settings):
        return Patience(grace, heard=False)
    return patience_for(measure(session, now, grace), grace)


def patience_for(lag: Lag, grace: timedelta) -> Patience:
    """*grace*, longer while events are behind. Pure."""
    if behind(lag, grace):
        return Patience(grace * LONGER, heard=False)
    return Patience(grace, heard=lag.heard > 0)


def what_is_behind(session: Session, settings: Settings, now: datetime) -> str | None:
    """A sentence for whoever runs the service; None while events come in as they should."""
    grace = timedelta(minutes=settings.grace_minutes)
    said = behind(measure(session, now, grace), grace) if hears(settings) else None
    if said is None:
        return None
    return (
        f"Events of SES are behind: {said}. Messages with an unknown outcome wait "
        f"{_minutes(grace * LONGER)} instead of {_minutes(grace)}. "
        "See that `broadsheet events` runs, or that SNS reaches /hooks/ses."
    )


def hears(settings: Settings) -> bool:
    """Whether events come at all. By SMTP none do, and then there is nothing to wait for."""
    return settings.transport == "ses" and bool(settings.sqs_queue_url or settings.topic_arns)


def measure(session: Session, now: datetime, grace: timedelta) -> Lag:
    """Look at the latest messages that were sent, and at the events that wait."""
    latest = _latest(session, now)
    patience = grace * HEARD_WITHIN
    silent_since = [at for at, heard in latest if not heard and at < now - patience]
    return Lag(
        heard=sum(heard for _, heard in latest),
        silent=len(silent_since),
        silent_for=now - min(silent_since, default=now),
        waiting_for=_waiting_for(session, now),
        under_way=_under_way(session, now - grace * LONGER),
    )


def _latest(session: Session, now: datetime) -> list[tuple[datetime, bool]]:
    """Of the messages that went out last: since when they are as they are, and whether SES has
    said anything about them."""
    # Not from the future: a clock that ran ahead has left some, and they would be the latest for
    # as long as it had run ahead.
    lately = DeliveryBatch.due_at.between(now - LATELY, now)
    batches = (
        select(DeliveryBatch.id)
        .where(DeliveryBatch.state == BatchState.DONE, lately)
        .order_by(DeliveryBatch.due_at.desc(), DeliveryBatch.id.desc())
        .limit(BATCHES)
    )
    # Only an event moves a message on from accepted.
    heard = or_(
        Delivery.state != DeliveryState.ACCEPTED, exists().where(Event.delivery_id == Delivery.id)
    )
    found = session.execute(
        select(Delivery.changed_at, heard)
        .where(Delivery.batch_id.in_(list(session.scalars(batches))), Delivery.state.in_(SENT))
        .order_by(Delivery.batch_id.desc())  # by the index; by id it would read all that is queued
        .limit(MESSAGES)
    )
    return [(at, bool(known)) for at, known in found]


def _under_way(session: Session, since: datetime) -> timedelta:
    """How long the latest ``Send`` events took from SES to here; nothing when none came of late.

    SES publishes one at the moment that it takes the message, which is ``mail.timestamp``: what
    comes later than that stood in a queue, with all that came after it.
    """
    newest = session.scalar(select(func.max(Event.id))) or 0
    came = session.execute(
        select(Event.received_at, Event.raw).where(
            Event.id > newest - EVENTS, Event.kind == "Send", Event.received_at > since
        )
    )
    ages = [
        (received - taken).total_seconds()
        for received, raw in came
        if (taken := _taken_at(raw)) is not None
    ]
    return timedelta(seconds=max(median(ages), 0)) if ages else timedelta()


def _taken_at(raw: str) -> datetime | None:
    """``mail.timestamp`` of an event; None where it cannot be read."""
    try:
        found = datetime.fromisoformat(json.loads(raw)["mail"]["timestamp"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if found.tzinfo else None


def _waiting_for(session: Session, now: datetime) -> timedelta:
    named = or_(Event.delivery_id.is_not(None), Event.notice_id.is_not(None))
    oldest = session.scalar(
        select(Event.received_at)
        .where(Event.outcome == EventOutcome.WAITING, named)
        .order_by(Event.id)
        .limit(1)
    )
    return now - oldest if oldest else timedelta()


def _minutes(span: timedelta) -> str:
    minutes = round(span / timedelta(minutes=1))
    return f"{minutes} minutes" if minutes != 1 else "a minute"
