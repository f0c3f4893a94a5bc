"""Who is to get an issue, what became of it, and what SES said."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, BigId, Json
from service.models.columns import (
    NEVER_A_NUMBER_TWICE,
    Moment,
    PrimaryId,
    index_of_some,
    named,
    to,
)
from service.models.content import Issue, Variant


class DeliveryState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SKIPPED = "skipped"
    GIVEN_UP = "given_up"
    """Its outcome was never told, and by the newsletter's policy it is not sent again."""
    SOFT_BOUNCED = "soft_bounced"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


class BatchState(StrEnum):
    READY = "ready"
    CLAIMED = "claimed"
    DONE = "done"


class NoticeKind(StrEnum):
    CONFIRM = "confirm"
    WELCOME = "welcome"
    TEST = "test"
    REMIND = "remind"
    """The one reminder of a confirmation that was not given."""
    CHANGE_ADDRESS = "change_address"
    """To a new address: whether it may be the reader's."""
    ADDRESS_CHANGED = "address_changed"
    """To the old one: what became of it, and how to take it back."""
    LOGIN = "login"
    """To who works here: a browser never seen before logged in."""
    ACCOUNT = "account"
    """To who works here: their password or codes are no longer what they were."""
    INVITATION = "invitation"
    RESET = "reset"
    """To who works here: a link to choose a password."""
    MY_DATA = "my_data"
    """The link to their data, which no mail that is passed on must hold."""
    ALERT = "alert"
    """For whoever runs the newsletter: something waits for them, or went wrong."""


class EventOutcome(StrEnum):
    """What became of a stored event."""

    WAITING = "waiting"
    """Stored, not yet applied."""
    APPLIED = "applied"
    IGNORED = "ignored"
    """Of a kind that changes nothing, or about mail that is not ours."""
    UNREADABLE = "unreadable"


class Wave(Base):
    """When the readers of one zone and hour are due for one issue."""

    __tablename__ = "wave"
    __table_args__ = (UniqueConstraint("issue_id", "timezone", "send_hour"),)

    id: Mapped[PrimaryId]
    issue_id: Mapped[int] = mapped_column(BigId, to("issue", cascade=True))
    timezone: Mapped[str] = mapped_column(String(64))
    """'' stands for the newsletter's own hour."""
    send_hour: Mapped[int]
    due_at: Mapped[Moment]


class DeliveryBatch(Base):
    """Up to 500 deliveries of one variant and wave: what a worker claims, by compare-and-set."""

    __tablename__ = "delivery_batch"
    __table_args__ = (
        UniqueConstraint("issue_id", "number"),
        Index("ix_delivery_batch_due", "state", "due_at"),
    )

    id: Mapped[PrimaryId]
    issue_id: Mapped[int] = mapped_column(BigId, to("issue", cascade=True))
    variant_id: Mapped[int] = mapped_column(BigId, to("variant"))
    wave_id: Mapped[int] = mapped_column(BigId, to("wave"))
    number: Mapped[int]
    """Within its issue, from 1, in the order in which they are due."""
    state: Mapped[BatchState] = mapped_column(named(BatchState), default=BatchState.READY)
    canary: Mapped[bool] = mapped_column(default=False)
    """Of the first few, by whom the rest is judged; see ``Issue.canary_until``."""
    due_at: Mapped[Moment]
    lease_token: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[Moment | None]

    issue: Mapped[Issue] = relationship()
    variant: Mapped[Variant] = relationship()


TROUBLE = "state IN ('bounced', 'complained', 'rejected', 'skipped', 'given_up')"
"""SQL for both databases, word for word as the index has it: of a million deliveries these are few,
and what SES and the mailbox providers judge by them is shown wherever an editor looks."""


class Delivery(Base):
    """One issue to one subscriber: the row that must end in exactly one message.

    A million are written at once and each is changed four times, so there is no key and no index
    without a use. Only the plan writes rows, in one transaction with the batches that they name.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("issue_id", "subscriber_id"),
        Index("ix_delivery_batch_state", "batch_id", "state"),
        index_of_some("ix_delivery_unknown", "changed_at", "state = 'unknown'"),
        Index(
            "ix_delivery_trouble",
            "issue_id",
            "state",
            postgresql_where=text(TROUBLE),
            sqlite_where=text(TROUBLE),
        ),
        index_of_some("ix_delivery_message_id", "message_id", "message_id IS NOT NULL"),
    )

    id: Mapped[PrimaryId]
    issue_id: Mapped[int] = mapped_column(BigId)
    batch_id: Mapped[int] = mapped_column(BigId)
    subscriber_id: Mapped[int] = mapped_column(BigId, index=True)
    """What was sent stays counted when the reader deletes their data."""
    subscription_id: Mapped[int] = mapped_column(BigId)
    state: Mapped[DeliveryState] = mapped_column(named(DeliveryState), default=DeliveryState.QUEUED)
    attempt: Mapped[int] = mapped_column(Integer, default=0)
    """Times that SES was asked; 0 before the first."""
    resends: Mapped[int] = mapped_column(Integer, default=0)
    """Times that it was queued again because its outcome stayed unknown."""
    reason: Mapped[str | None] = mapped_column(Text)
    message_id: Mapped[str | None] = mapped_column(String(200))
    changed_at: Mapped[Moment]


class Notice(Base):
    """Service mail to one address: a confirmation, a welcome, an issue's test copy."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_due", "state", "due_at"), NEVER_A_NUMBER_TWICE)

    id: Mapped[PrimaryId]
    kind: Mapped[NoticeKind] = mapped_column(named(NoticeKind))
    newsletter_id: Mapped[int] = mapped_column(BigId, to("newsletter", cascade=True))
    subscription_id: Mapped[int | None] = mapped_column(
        BigId, to("subscription", cascade=True), index=True
    )
    issue_id: Mapped[int | None] = mapped_column(BigId, to("issue", cascade=True))
    address: Mapped[str] = mapped_column(String(254), index=True)
    payload: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    state: Mapped[DeliveryState] = mapped_column(named(DeliveryState), default=DeliveryState.QUEUED)
    attempt: Mapped[int] = mapped_column(Integer, default=0)
    resends: Mapped[int] = mapped_column(Integer, default=0)
    reason: Mapped[str | None] = mapped_column(Text)
    message_id: Mapped[str | None] = mapped_column(String(200), index=True)
    due_at: Mapped[Moment]
    lease_until: Mapped[Moment | None]
    created_at: Mapped[Moment]
    changed_at: Mapped[Moment]


class Event(Base):
    """What SES said, raw first and settled afterwards. A repeat of it is dropped by its key."""

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_waiting", "outcome", "id"),)

    id: Mapped[PrimaryId]
    dedupe_key: Mapped[str] = mapped_column(String(64), unique=True)
    received_at: Mapped[Moment]
    raw: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(32), default="")
    delivery_id: Mapped[int | None] = mapped_column(BigId, index=True)
    notice_id: Mapped[int | None] = mapped_column(BigId, index=True)
    outcome: Mapped[EventOutcome] = mapped_column(named(EventOutcome), default=EventOutcome.WAITING)
    note: Mapped[str | None] = mapped_column(Text)
    settled_at: Mapped[Moment | None]


class InteractionKind(StrEnum):
    OPEN = "open"
    CLICK = "click"


class Interaction(Base):
    """An open or a click that SES saw, where the newsletter has tracking on."""

    __tablename__ = "interaction"

    id: Mapped[PrimaryId]
    delivery_id: Mapped[int] = mapped_column(BigId, index=True)
    issue_id: Mapped[int] = mapped_column(BigId, index=True)
    kind: Mapped[InteractionKind] = mapped_column(named(InteractionKind))
    at: Mapped[Moment] = mapped_column(index=True)
    url: Mapped[str | None] = mapped_column(Text)
    """Where a click led; a reader's own links are kept without their token."""
    machine: Mapped[bool]
    """A scanner or a mail program fetching by itself, not a person."""
