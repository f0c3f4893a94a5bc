"""Delete a reader's data at their wish (GDPR, art. 17).

What stays, and why: the consent ledger, by a keyed hash of the address, since it proves that they
asked and that they left (art. 17 (3) e); a suppression, by the same hash, so that nobody writes to
a mailbox that refused us; and each delivery's row, counted for its issue, that names nobody.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Update, func, select, update
from sqlalchemy.orm import Session

from service.audience.consent import NOBODY, Line, Visitor, record
from service.models import (
    ConsentKind,
    Delivery,
    Event,
    EventOutcome,
    Notice,
    Subscriber,
    Subscription,
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
    _forget_events(session, reader)
    _forget_reasons(session, reader)
    forget_reader(session, reader, now)
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
    """What is not settled yet is left: a bounce must still find out whom to leave alone."""
    deliveries = select(Delivery.id).where(Delivery.subscriber_id == reader.id)
    subscriptions = select(Subscription.id).where(Subscription.subscriber_id == reader.id)
    notices = select(Notice.id).where(Notice.subscription_id.in_(subscriptions))
    for mine in (Event.delivery_id.in_(deliveries), Event.notice_id.in_(notices)):
        settled = Event.outcome != EventOutcome.WAITING
        _at_once(session, update(Event).where(mine, settled).values(raw=FORGOTTEN))


def _forget_reasons(session: Session, reader: Subscriber) -> None:
    """The other side's answers repeat the address: ``550 <ann@example.org> unknown``."""
    for spelling in {reader.email, reader.email_key}:
        _at_once(
            session,
            update(Delivery)
            .where(
                Delivery.subscriber_id == reader.id,
                Delivery.reason.contains(spelling, autoescape=True),
            )
            .values(reason=func.replace(Delivery.reason, spelling, SOMEBODY)),
        )


def _at_once(session: Session, statement: Update) -> None:
    session.execute(statement.execution_options(synchronize_session=False))
