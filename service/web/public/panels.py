"""What a reader's preference page shows of each newsletter that they have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, joinedload

from service.audience import tokens
from service.audience.choices import section_specs
from service.audience.preferences import (
    Preferences,
    next_issue_at,
    preferences_of,
)
from service.config import settings
from service.models import Newsletter, Subscription
from service.models.document import SectionSpec
from service.web.public.editions import Counts, last_counts


@dataclass(frozen=True)
class Panel:
    """One newsletter: what the reader chose of it, what there is, and the links to change it."""

    subscription: Subscription
    current: Preferences
    sections: Sequence[SectionSpec]
    counts: Counts | None
    next_at: datetime | None
    token: str
    unsubscribe_token: str
    first: bool
    """The one whose link was followed."""

    @property
    def newsletter(self) -> Newsletter:
        return self.subscription.newsletter


def panels(
    session: Session, linked: Subscription, now: datetime, asked: Preferences | None = None
) -> list[Panel]:
    """Of every newsletter that the reader of *linked* has, that one first.

    *asked* is what was just asked for of it and could not be had: it is shown as it was sent.
    """
    return [
        _panel(session, linked, now, asked, first=True),
        *(_panel(session, other, now, None, first=False) for other in _others(session, linked)),
    ]


_OTHERS = select(Subscription.id).where(
    Subscription.subscriber_id == bindparam("reader"), Subscription.id != bindparam("linked")
)


def _others(session: Session, linked: Subscription) -> Sequence[Subscription]:
    """The reader's other subscriptions, by the names of their newsletters."""
    ids = session.scalars(_OTHERS, {"reader": linked.subscriber_id, "linked": linked.id}).all()
    if not ids:
        return ()  # as most readers: the wide rows below cost more than to ask
    return session.scalars(
        select(Subscription)
        .join(Newsletter, Newsletter.id == Subscription.newsletter_id)
        .where(Subscription.id.in_(ids))
        .options(joinedload(Subscription.newsletter), joinedload(Subscription.choice))
        .order_by(Newsletter.name)
    ).all()


def _panel(
    session: Session,
    subscription: Subscription,
    now: datetime,
    asked: Preferences | None,
    *,
    first: bool,
) -> Panel:
    current = asked or preferences_of(subscription)
    if current.paused_until is not None and current.paused_until <= now:
        current = replace(current, paused_until=None)
    secret = settings().secret
    return Panel(
        subscription=subscription,
        current=current,
        sections=section_specs(subscription.newsletter),
        counts=last_counts(session, subscription.newsletter),
        next_at=next_issue_at(subscription, now),
        token=tokens.sign(secret, "preferences", subscription.id),
        unsubscribe_token=tokens.sign(secret, "unsubscribe", subscription.id),
        first=first,
    )
