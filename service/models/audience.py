"""Who asked for what, the proof of it, and who must be left alone."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, BigId, Json
from service.models.columns import NEVER_A_NUMBER_TWICE, Moment, PrimaryId, named, to
from service.models.content import Newsletter


class SubscriptionState(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"


class Cadence(StrEnum):
    DAILY = "daily"
    WEEKDAYS = "weekdays"
    WEEKLY = "weekly"


class MailFormat(StrEnum):
    HTML = "html"
    TEXT = "text"


class ConsentKind(StrEnum):
    SIGNED_UP = "signed_up"
    CONFIRMED = "confirmed"
    CHANGED = "changed"
    UNSUBSCRIBED = "unsubscribed"
    RESUBSCRIBED = "resubscribed"
    IMPORTED = "imported"


class SuppressionReason(StrEnum):
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    MANUAL = "manual"


class Subscriber(Base):
    """A person with a mailbox. Subscriptions hang on it, one for each newsletter."""

    __tablename__ = "subscriber"
    __table_args__ = NEVER_A_NUMBER_TWICE

    id: Mapped[PrimaryId]
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), unique=True)
    """The address in the form in which two spellings of it are equal."""
    email_hash: Mapped[str] = mapped_column(String(64), index=True)
    """What a suppression is keyed by; see :func:`service.audience.addresses.address_hash`."""
    created_at: Mapped[Moment]

    subscriptions: Mapped[list[Subscription]] = relationship(
        back_populates="subscriber", passive_deletes=True, cascade="all, delete-orphan"
    )


class Choice(Base):
    """One distinct choice of content. Readers who chose alike share the row, and one rendering."""

    __tablename__ = "choice"
    __table_args__ = (UniqueConstraint("newsletter_id", "key"),)

    id: Mapped[PrimaryId]
    newsletter_id: Mapped[int] = mapped_column(BigId, to("newsletter", cascade=True))
    key: Mapped[str] = mapped_column(String(64))
    """Hash of the canonical form of the three below."""
    mail_format: Mapped[MailFormat] = mapped_column(named(MailFormat))
    sections: Mapped[list[str] | None] = mapped_column(Json)
    """Slugs of the sections wanted; None means all, also those that come later."""
    topics: Mapped[list[str]] = mapped_column(Json)
    """Topics wanted; none named means all."""


class Subscription(Base):
    """A subscriber's standing with one newsletter, and when its mail should come."""

    __tablename__ = "subscription"
    __table_args__ = (
        UniqueConstraint("subscriber_id", "newsletter_id"),
        Index("ix_subscription_audience", "newsletter_id", "state", "cadence"),
        NEVER_A_NUMBER_TWICE,
    )

    id: Mapped[PrimaryId]
    subscriber_id: Mapped[int] = mapped_column(BigId, to("subscriber", cascade=True))
    newsletter_id: Mapped[int] = mapped_column(BigId, to("newsletter", cascade=True))
    state: Mapped[SubscriptionState] = mapped_column(named(SubscriptionState))
    choice_id: Mapped[int] = mapped_column(BigId, to("choice"), index=True)
    cadence: Mapped[Cadence] = mapped_column(named(Cadence), default=Cadence.DAILY)
    timezone: Mapped[str | None] = mapped_column(String(64))
    send_hour: Mapped[int | None]
    """0 to 23 in ``timezone``; None means the newsletter's own hour."""
    paused_until: Mapped[Moment | None]
    created_at: Mapped[Moment]
    confirmed_at: Mapped[Moment | None]
    unsubscribed_at: Mapped[Moment | None]
    unsubscribe_reason: Mapped[str | None] = mapped_column(String(500))

    subscriber: Mapped[Subscriber] = relationship(back_populates="subscriptions")
    newsletter: Mapped[Newsletter] = relationship()
    choice: Mapped[Choice] = relationship()


class ConsentEvent(Base):
    """One line of the consent ledger: append-only, each line holding the hash of the one before."""

    __tablename__ = "consent_event"
    __table_args__ = (UniqueConstraint("email_hash", "newsletter_id", "sequence"),)

    id: Mapped[PrimaryId]
    newsletter_id: Mapped[int] = mapped_column(BigId, to("newsletter", cascade=True))
    email_hash: Mapped[str] = mapped_column(String(64))
    """Outlives the subscriber's row: proof of consent and of withdrawal stays."""
    sequence: Mapped[int]
    kind: Mapped[ConsentKind] = mapped_column(named(ConsentKind))
    at: Mapped[Moment]
    text_version: Mapped[str | None] = mapped_column(String(64))
    ip: Mapped[str | None] = mapped_column(String(64))
    user_agent: Mapped[str | None] = mapped_column(Text)
    detail: Mapped[dict[str, Any]] = mapped_column(Json)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class Suppression(Base):
    """An address nothing is sent to, by its hash: the row outlives the subscriber's deletion."""

    __tablename__ = "suppression"

    id: Mapped[PrimaryId]
    email_hash: Mapped[str] = mapped_column(String(64), unique=True)
    reason: Mapped[SuppressionReason] = mapped_column(named(SuppressionReason))
    detail: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[Moment]
