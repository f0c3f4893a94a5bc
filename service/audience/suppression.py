"""Addresses that nothing is sent to, whoever asks. Kept by hash, so they outlive a deletion."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, cast

from sqlalchemy import Table, bindparam, func, select
from sqlalchemy.orm import Session

from service.audience.addresses import Address, address_hash, mailbox
from service.config import settings
from service.db import insert_ignoring
from service.models import (
    Audit,
    Newsletter,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)

_SUPPRESSED = select(Suppression.id).where(Suppression.email_hash == bindparam("email_hash"))
"""Made once: each preference page asks it, and to build it takes as long as to run it."""


def hash_of(address: Address) -> str:
    """What *address* is suppressed by, and named by in the consent ledger."""
    return address_hash(settings().secret, address.key)


def mailbox_hash(address: Address) -> str:
    """What the mailbox behind *address* is counted by, whichever way it is spelled."""
    return address_hash(settings().secret, mailbox(address))


def suppress(
    session: Session, email_hash: str, reason: SuppressionReason, detail: str, now: datetime
) -> bool:
    """Send nothing to this address from now on; False when that held already.

    A complaint takes the place of a bounce: lifting what looks like a full mailbox must not bring
    back mail to somebody who reported us.
    """
    row = {"email_hash": email_hash, "reason": reason, "detail": detail, "created_at": now}
    table = cast("Table", Suppression.__table__)
    if insert_ignoring(session, table, [row]):
        return True
    theirs = select(Suppression).where(Suppression.email_hash == email_hash).with_for_update()
    known = session.scalars(theirs).one_or_none()
    if known is None:  # somebody let it go just now, and did not know of this
        return insert_ignoring(session, table, [row]) > 0
    if known.reason is SuppressionReason.BOUNCE and reason is not SuppressionReason.BOUNCE:
        known.reason, known.detail = reason, detail
    return False


def is_suppressed(session: Session, email_hash: str) -> bool:
    return session.scalar(_SUPPRESSED, {"email_hash": email_hash}) is not None


def suppressed_among(session: Session, hashes: Iterable[str]) -> set[str]:
    """Those of *hashes* (some hundreds at a time) that nothing may be sent to."""
    query = select(Suppression.email_hash).where(Suppression.email_hash.in_(set(hashes)))
    return set(session.scalars(query))


LIFTED = "suppression.lift"


def lift(
    session: Session, email_hash: str, why: str, now: datetime, user_id: int | None = None
) -> bool:
    """Let mail go to this address again and note who said so and why; False when it was free.

    For whoever runs the newsletter alone, never for what a reader or SES does. ``ValueError``
    without a reason: who finds the address suppressed once more will ask for it.
    """
    if not why.strip():
        raise ValueError("say why mail may go to this address again")
    theirs = select(Suppression).where(Suppression.email_hash == email_hash).with_for_update()
    known = session.scalars(theirs).one_or_none()
    if known is None:
        return False
    session.add(
        Audit(
            user_id=user_id,
            action=LIFTED,
            subject=email_hash,
            detail={"why": why, "was": known.reason.value, "detail": known.detail},
            at=now,
        )
    )
    session.delete(known)
    session.flush()
    return True


def lifted_at(session: Session, email_hash: str) -> datetime | None:
    """When mail was last let go to this address again; None when it never had to be."""
    return session.scalar(
        select(func.max(Audit.at, type_=Audit.at.type)).where(
            Audit.action == LIFTED, Audit.subject == email_hash
        )
    )


class Suppressed(NamedTuple):
    """One line of the list of whom nothing is sent to."""

    id: int
    at: datetime
    reason: SuppressionReason
    detail: str
    email_hash: str
    email: str | None
    """None when no reader has it: their data are deleted, or they never were one."""
    subscriber_id: int | None


def how_many(session: Session) -> int:
    """It looks at all of them: not for every request."""
    return session.execute(select(func.count()).select_from(Suppression)).scalar_one()


def latest(
    session: Session,
    limit: int,
    *,
    before: int | None = None,
    reason: SuppressionReason | None = None,
) -> list[Suppressed]:
    """The latest first, of those with an id below *before*."""
    query = (
        select(
            Suppression.id,
            Suppression.created_at,
            Suppression.reason,
            Suppression.detail,
            Suppression.email_hash,
            Subscriber.email,
            Subscriber.id,
        )
        .outerjoin(Subscriber, Subscriber.email_hash == Suppression.email_hash)
        .order_by(Suppression.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(Suppression.id < before)
    if reason is not None:
        query = query.where(Suppression.reason == reason)
    return [Suppressed(*row) for row in session.execute(query)]


def standing_of(session: Session, address: Address) -> list[tuple[str, SubscriptionState]]:
    """The newsletters that *address* ever subscribed to, and how that stands."""
    found = session.execute(
        select(Newsletter.slug, Subscription.state)
        .join(Subscription, Subscription.newsletter_id == Newsletter.id)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscriber.email_key == address.key)
        .order_by(Newsletter.slug)
    )
    return [(slug, state) for slug, state in found]
