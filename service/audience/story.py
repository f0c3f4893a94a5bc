"""What is known of one reader: the consent ledgers with whether they hold, and the mail to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audience.consent import verify
from service.models import (
    Audit,
    ConsentEvent,
    Newsletter,
    Notice,
    Subscription,
    Suppression,
    User,
)

FURTHEST_BACK = 10
"""Changes of address that are followed."""


@dataclass(frozen=True)
class Ledger:
    """What one address agreed to with one newsletter."""

    newsletter: Newsletter
    lines: Sequence[ConsentEvent]
    """All of them, the oldest first."""
    broken: ConsentEvent | None
    """The first line that does not hold; None when the chain is whole."""
    earlier_address: bool
    """Of an address that the reader had before."""


@dataclass(frozen=True)
class Done:
    """What somebody of the staff did about the reader."""

    entry: Audit
    who: str
    """'' is the command line, or the service itself."""


def ledgers(session: Session, email_hash: str) -> list[Ledger]:
    """The ledgers of an address, and of those that it took the place of."""
    found: list[Ledger] = []
    seen: set[str] = set()
    waiting = [email_hash]
    while waiting and len(seen) < FURTHEST_BACK:
        current = waiting.pop(0)
        seen.add(current)
        rows = session.execute(
            select(Newsletter, ConsentEvent)
            .join(Newsletter, Newsletter.id == ConsentEvent.newsletter_id)
            .where(ConsentEvent.email_hash == current)
            .order_by(ConsentEvent.newsletter_id, ConsentEvent.sequence)
        ).all()
        by_newsletter: dict[int, tuple[Newsletter, list[ConsentEvent]]] = {}
        for newsletter, line in rows:
            by_newsletter.setdefault(newsletter.id, (newsletter, []))[1].append(line)
            before = str(line.detail.get("address_from", ""))
            if before and before not in seen and before not in waiting:
                waiting.append(before)
        found += [
            Ledger(newsletter, lines, verify(lines), earlier_address=current != email_hash)
            for newsletter, lines in by_newsletter.values()
        ]
    return found


def notices(
    session: Session, subscriber_id: int, *, before: int | None = None, limit: int = 50
) -> Sequence[Notice]:
    """The service's own mail to one reader, the latest first, of notices below the id *before*."""
    theirs = select(Subscription.id).where(Subscription.subscriber_id == subscriber_id)
    query = select(Notice).where(Notice.subscription_id.in_(theirs))
    if before is not None:
        query = query.where(Notice.id < before)
    return session.scalars(query.order_by(Notice.id.desc()).limit(limit)).all()


def done_by_staff(session: Session, subjects: Sequence[str], limit: int = 20) -> list[Done]:
    """The latest entries of the audit log about a reader, by the *subjects* it names them by."""
    rows = session.execute(
        select(Audit, User.email)
        .outerjoin(User, User.id == Audit.user_id)
        .where(Audit.subject.in_(subjects))
        .order_by(Audit.id.desc())
        .limit(limit)
    )
    return [Done(entry, who or "") for entry, who in rows]


def suppression_of(session: Session, email_hash: str) -> Suppression | None:
    return session.scalars(
        select(Suppression).where(Suppression.email_hash == email_hash)
    ).one_or_none()
