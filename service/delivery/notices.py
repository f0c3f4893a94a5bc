"""Service mail: one row, one message, the same care as an issue's.

Claimed by compare-and-set and marked ``sending`` before the call. A claim that outlives its lease
becomes ``unknown``; SES's events settle it, and after the grace period it is sent once more: a
confirmation that never comes loses a reader.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, exists, select, update
from sqlalchemy.orm import Session

from service.audience.addresses import BadAddress, parse_address
from service.audience.suppression import hash_of, is_suppressed
from service.config import Settings
from service.db import read_scope, session_scope
from service.delivery.record import (
    BEFORE_ACCEPTED,
    BEFORE_ANYTHING_ELSE,
    STATE,
    out_of_tries,
    said,
)
from service.delivery.send import Sender
from service.delivery.transports import NotMade, Outcome, Recipient, Shipment, Verdict
from service.message import headers
from service.message.mail import Mail
from service.models import (
    DeliveryState,
    Event,
    EventOutcome,
    Newsletter,
    Notice,
    NoticeKind,
    Subscription,
    SubscriptionState,
)

RETRY_AFTER = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=10)
MAX_RESENDS = 1

Renderer = Callable[[Session, Notice, Settings], tuple[Mail, dict[str, str]]]
"""The mail of a notice and its values, given by the caller: delivery does not know rendering.

ValueError when it cannot be made, which no other try would change.
"""


def due_notices(session: Session, now: datetime, limit: int = 200) -> list[int]:
    """Ids of the notices that wait to be sent, oldest first."""
    return list(
        session.execute(
            select(Notice.id)
            .where(Notice.state == DeliveryState.QUEUED, Notice.due_at <= now)
            .order_by(Notice.due_at, Notice.id)
            .limit(limit)
        ).scalars()
    )


def send_notice(sender: Sender, notice_id: int, render: Renderer) -> Outcome | None:
    """Send one notice; None when it was not waiting (another worker has it, or it is sent)."""
    if not _waits(notice_id, sender.clock()):
        return None  # before a turn is taken: every sign-up rings, also one that sends nothing
    rate = sender.rate()
    turn = sender.pace.take_first(rate)
    if not turn.granted:
        return None
    sender.sleep(turn.wait)
    now = sender.clock()
    lease = timedelta(seconds=sender.settings.lease_seconds)
    with session_scope() as session:
        if not _claim(session, notice_id, now, now + lease):
            return None
        notice = session.get_one(Notice, notice_id, populate_existing=True)
        if why := _unwanted(session, notice):
            notice.state, notice.reason = DeliveryState.SKIPPED, why
            notice.attempt -= 1
            return None
        attempt = notice.attempt
        try:
            shipment, recipient = _parcel(session, notice, render, sender.settings)
        except ValueError as error:
            outcome = Outcome(Verdict.REJECTED, reason=f"It could not be made: {error}")
            _record(session, notice_id, attempt, outcome, now)
            return outcome
    # A process that was frozen between the commit and here must not speak after its lease.
    if sender.clock() - now > lease / 2:
        outcome = Outcome(Verdict.LATER, reason="The worker was held up.")
    else:
        try:
            outcome = sender.transport.send(shipment, [recipient])[0]
        except NotMade as error:
            outcome = Outcome(Verdict.REJECTED, reason=str(error))
    sender.insist(lambda session: _record(session, notice_id, attempt, outcome, sender.clock()))
    if outcome.throttled:
        sender.slow_down()
    return outcome


def _waits(notice_id: int, now: datetime) -> bool:
    with read_scope() as session:
        notice = session.get(Notice, notice_id)
        return notice is not None and notice.state is DeliveryState.QUEUED and notice.due_at <= now


def _unwanted(session: Session, notice: Notice) -> str | None:
    """Why it is not to be sent after all; None when it is."""
    with contextlib.suppress(BadAddress):
        if is_suppressed(session, hash_of(parse_address(notice.address))):
            return "The address was suppressed before this was sent."
    if notice.kind is NoticeKind.WELCOME and notice.subscription_id is not None:
        subscription = session.get(Subscription, notice.subscription_id)
        if subscription is None or subscription.state is not SubscriptionState.ACTIVE:
            return "The reader left before this was sent."
    if notice.kind is NoticeKind.REMIND and notice.subscription_id is not None:
        subscription = session.get(Subscription, notice.subscription_id)
        if subscription is None or subscription.state is not SubscriptionState.PENDING:
            return "The reader confirmed or left before this was sent."
    return None


def _parcel(
    session: Session, notice: Notice, render: Renderer, settings: Settings
) -> tuple[Shipment, Recipient]:
    """What the transport is given. ValueError when the mail cannot be made."""
    newsletter = session.get_one(Newsletter, notice.newsletter_id)
    mail, values = render(session, notice, settings)
    if missing := sorted(mail.names - values.keys()):
        raise ValueError(f"no value for {', '.join(missing)}")
    shipment = Shipment(
        mail=mail,
        sender=headers.mailbox(newsletter.from_name, newsletter.from_address),
        reply_to=newsletter.reply_to,
        headers=headers.service_headers(newsletter=newsletter.slug, kind=notice.kind.value),
        tags={
            "site": settings.site,
            "notice": str(notice.id),
            "attempt": str(notice.attempt),
        },
    )
    return shipment, Recipient(address=notice.address, values=values)


def tend_notices(session: Session, now: datetime, grace: timedelta) -> int:
    """Give back what a dead worker held, and send once more what nobody answered for."""
    session.execute(
        update(Notice)
        .where(Notice.state == DeliveryState.SENDING, Notice.lease_until < now)
        .values(state=DeliveryState.UNKNOWN, changed_at=now, reason="The worker stopped.")
    )
    told = exists().where(Event.notice_id == Notice.id, Event.outcome == EventOutcome.WAITING)
    again = session.execute(
        update(Notice)
        .where(
            Notice.state == DeliveryState.UNKNOWN,
            Notice.changed_at < now - grace,
            Notice.resends < MAX_RESENDS,
            ~told,
        )
        .values(state=DeliveryState.QUEUED, resends=Notice.resends + 1, due_at=now, changed_at=now)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(again, CursorResult)
    return again.rowcount


def _claim(session: Session, notice_id: int, now: datetime, until: datetime) -> bool:
    taken = session.execute(
        update(Notice)
        .where(Notice.id == notice_id, Notice.state == DeliveryState.QUEUED, Notice.due_at <= now)
        .values(
            state=DeliveryState.SENDING,
            attempt=Notice.attempt + 1,
            lease_until=until,
            changed_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    assert isinstance(taken, CursorResult)
    return bool(taken.rowcount)


def _record(
    session: Session, notice_id: int, attempt: int, outcome: Outcome, now: datetime
) -> None:
    state, (message_id, reason) = STATE[outcome.verdict], said(outcome)
    if outcome.verdict is Verdict.RETRY and out_of_tries(attempt):
        state, reason = DeliveryState.REJECTED, f"Given up after {attempt} tries. {reason}"
    wait = min(RETRY_AFTER * attempt, LONGEST_WAIT) if state is DeliveryState.QUEUED else None
    # An answer that comes after our lease ran out is still the truth: it is not sent again.
    before = BEFORE_ACCEPTED if state is DeliveryState.ACCEPTED else BEFORE_ANYTHING_ELSE
    session.execute(
        update(Notice)
        .where(Notice.id == notice_id, Notice.attempt == attempt, Notice.state.in_(before))
        .values(
            state=state,
            reason=reason,
            message_id=message_id,
            changed_at=now,
            **({"due_at": now + wait} if wait else {}),
        )
        .execution_options(synchronize_session=False)
    )
