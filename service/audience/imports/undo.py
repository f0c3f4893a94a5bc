"""Take out what an import brought in, unless somebody touched it since.

A reader who confirmed, chose, left or came back since is a reader of ours now. One who was sent
something keeps the subscription as well, for the links in it must go on working (RFC 8058).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CursorResult, delete, exists, select
from sqlalchemy.orm import Session

from service.audience.consent import IMPORT_UNDONE, Line, record
from service.audience.imports.write import barred_by
from service.models import (
    ConsentEvent,
    ConsentKind,
    Delivery,
    DeliveryState,
    Import,
    Issue,
    Notice,
    Subscriber,
    SubscriberTag,
    Subscription,
    Suppression,
)

AT_ONCE = 500


class Fate(StrEnum):
    """What an undo does with one reader of an import."""

    REMOVED = "removed"
    TOUCHED = "touched"
    """They did something themselves, or an editor did it for them."""
    MAILED = "mailed"


LIFTED = "lifted"
"""The name under which the suppressions that were taken back are counted."""


@dataclass
class Taken:
    """What became of some readers, and the number of the last; None when there are no more."""

    last: int | None = None
    counts: Counter[str] = field(default_factory=Counter)


def undo_some(session: Session, job: Import, after: int, now: datetime) -> Taken:
    """Take out the next few readers behind subscription *after*, at the end what it barred."""
    found = session.execute(
        select(Subscription.id, Subscription.subscriber_id, Subscriber.email_hash)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscription.import_id == job.id, Subscription.id > after)
        .order_by(Subscription.id)
        .limit(AT_ONCE)
        .with_for_update(of=Subscription)
    ).all()
    if not found:
        return Taken(None, Counter({LIFTED: _lift(session, job)}))
    rows = [(row[0], row[1], row[2]) for row in found]
    fates = fates_of(session, job, rows)
    out = [row for row in rows if fates[row[0]] is Fate.REMOVED]
    _remove(session, job, out, now)
    return Taken(rows[-1][0], Counter(fate.value for fate in fates.values()))


def fates_of(
    session: Session, job: Import, rows: Sequence[tuple[int, int, str]]
) -> dict[int, Fate]:
    """What an undo would do with some hundreds of subscriptions: (id, subscriber, hash) each."""
    touched = set(
        session.scalars(
            select(ConsentEvent.email_hash).where(
                ConsentEvent.email_hash.in_([row[2] for row in rows]),
                ConsentEvent.newsletter_id == job.newsletter_id,
                ConsentEvent.kind != ConsentKind.IMPORTED,
                ConsentEvent.at >= (job.started_at or job.created_at),
            )
        )
    )
    mailed = _mailed(session, job, [row[0] for row in rows], [row[1] for row in rows])

    def of(subscription_id: int, subscriber_id: int, email_hash: str) -> Fate:
        if email_hash in touched:
            return Fate.TOUCHED
        return Fate.MAILED if subscriber_id in mailed else Fate.REMOVED

    return {row[0]: of(*row) for row in rows}


def staying(session: Session, job: Import, limit: int) -> list[tuple[int, str, Fate]]:
    """Subscriber, address and reason of the first of those whom an undo left in."""
    rows = session.execute(
        select(Subscription.id, Subscription.subscriber_id, Subscriber.email_hash, Subscriber.email)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscription.import_id == job.id)
        .order_by(Subscription.id)
        .limit(limit)
    ).all()
    fates = fates_of(session, job, [(row[0], row[1], row[2]) for row in rows])
    return [(row[1], row[3], fates[row[0]]) for row in rows]


def _mailed(
    session: Session, job: Import, subscriptions: Sequence[int], subscribers: Sequence[int]
) -> set[int]:
    """The subscribers to whom an issue was planned, or a mail that asks to confirm has gone."""
    issues = select(Issue.id).where(Issue.newsletter_id == job.newsletter_id)
    planned = select(Delivery.subscriber_id).where(
        Delivery.subscriber_id.in_(subscribers), Delivery.issue_id.in_(issues)
    )
    asked = (
        select(Subscription.subscriber_id)
        .join(Notice, Notice.subscription_id == Subscription.id)
        .where(
            Subscription.id.in_(subscriptions),
            Notice.state.not_in((DeliveryState.QUEUED, DeliveryState.SKIPPED)),
        )
    )
    return {*session.scalars(planned), *session.scalars(asked)}


def _remove(
    session: Session, job: Import, rows: Sequence[tuple[int, int, str]], now: datetime
) -> None:
    """The subscriptions, what waits to be sent to them, the file's tags, and who has no other
    subscription."""
    if not rows:
        return
    record(
        session,
        *(
            Line(
                job.newsletter_id,
                email_hash,
                ConsentKind.UNSUBSCRIBED,
                now,
                detail={"how": IMPORT_UNDONE, "import": job.id},
            )
            for _, _, email_hash in rows
        ),
    )
    session.execute(delete(Subscription).where(Subscription.id.in_([row[0] for row in rows])))
    readers = {row[1] for row in rows}
    session.execute(
        delete(SubscriberTag)
        .where(SubscriberTag.subscriber_id.in_(readers), SubscriberTag.import_id == job.id)
        .execution_options(synchronize_session=False)
    )
    _remove_strangers(session, readers)


def _remove_strangers(session: Session, subscribers: Collection[int]) -> None:
    # Held first: who joins another newsletter at this moment would be deleted with what they join.
    session.execute(
        select(Subscriber.id)
        .where(Subscriber.id.in_(subscribers))
        .order_by(Subscriber.id)
        .with_for_update()
    )
    other = exists().where(Subscription.subscriber_id == Subscriber.id)
    session.execute(
        delete(Subscriber)
        .where(Subscriber.id.in_(subscribers), ~other)
        .execution_options(synchronize_session=False)
    )


def _lift(session: Session, job: Import) -> int:
    """Whom nothing but this import suppressed. A bounce or complaint here has words of its own."""
    done = session.execute(
        delete(Suppression)
        .where(Suppression.detail == barred_by(job), Suppression.created_at >= job.created_at)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(done, CursorResult)
    return done.rowcount
