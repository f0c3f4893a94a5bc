"""Who asked for what, the proof of it, and who must be left alone."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, Text, UniqueConstraint, text, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, BigId, Json
from service.models.columns import (
    NEVER_A_NUMBER_TWICE,
    Moment,
    PrimaryId,
    Sought,
    index_of_some,
    named,
    to,
)
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
    __table_args__ = (
        # Of a hash nothing but the one is ever asked, and half a tree's size is half its time.
        Index("ix_subscriber_email_hash", "email_hash", postgresql_using="hash"),
        Index("ix_subscriber_domain", "domain", "id"),
        Index(
            "ix_subscriber_language",
            "language",
            "id",
            postgresql_where=text("language IS NOT NULL"),
            sqlite_where=text("language IS NOT NULL"),
        ),
        NEVER_A_NUMBER_TWICE,
    )

    id: Mapped[PrimaryId]
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(Sought, unique=True)
    """The address in the form in which two spellings of it are equal."""
    email_hash: Mapped[str] = mapped_column(String(64))
    """What a suppression is keyed by; see :func:`service.audience.addresses.address_hash`."""
    domain: Mapped[str] = mapped_column(Sought, default="", server_default="")
    """Of ``email_key``, after the ``@``: what a provider's readers are found by."""
    name: Mapped[str] = mapped_column(String(200), default="", server_default="")
    language: Mapped[str | None] = mapped_column(String(16))
    """A language tag (BCP 47) of the pages and the mail; None means the newsletter's own."""
    address_since: Mapped[Moment | None]
    """When the address was last changed: what is told of an earlier one says nothing about it."""
    created_at: Mapped[Moment]

    subscriptions: Mapped[list[Subscription]] = relationship(
        back_populates="subscriber", passive_deletes=True, cascade="all, delete-orphan"
    )


class SubscriberTag(Base):
    """A word that an editor put on a subscriber, to find them or write to them by."""

    __tablename__ = "subscriber_tag"
    __table_args__ = (Index("ix_subscriber_tag_tag", "tag", "subscriber_id"),)

    subscriber_id: Mapped[int] = mapped_column(
        BigId, to("subscriber", cascade=True), primary_key=True
    )
    tag: Mapped[str] = mapped_column(String(64), primary_key=True)
    import_id: Mapped[int | None] = mapped_column(BigId)
    """The import that put it there, so that it can be undone."""


class Choice(Base):
    """One distinct choice of content. Readers who chose alike share the row, and one rendering."""

    __tablename__ = "choice"
    __table_args__ = (
        UniqueConstraint("newsletter_id", "key"),
        UniqueConstraint("id", "newsletter_id"),  # for Subscription to refer to
    )

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
        # A choice of this very newsletter, so that there is such a newsletter: in one look instead
        # of two, of which an import of a million readers takes a million.
        ForeignKeyConstraint(["choice_id", "newsletter_id"], ["choice.id", "choice.newsletter_id"]),
        Index("ix_subscription_audience", "newsletter_id", "state", "cadence"),
        index_of_some("ix_subscription_import", "import_id", "import_id IS NOT NULL"),
        index_of_some("ix_subscription_paused", "paused_until", "paused_until IS NOT NULL"),
        NEVER_A_NUMBER_TWICE,
    )

    id: Mapped[PrimaryId]
    subscriber_id: Mapped[int] = mapped_column(BigId, to("subscriber", cascade=True))
    newsletter_id: Mapped[int] = mapped_column(BigId)
    state: Mapped[SubscriptionState] = mapped_column(named(SubscriptionState))
    choice_id: Mapped[int] = mapped_column(BigId, index=True)
    cadence: Mapped[Cadence] = mapped_column(named(Cadence), default=Cadence.DAILY)
    timezone: Mapped[str | None] = mapped_column(String(64))
    send_hour: Mapped[int | None]
    """0 to 23 in ``timezone``; None means the newsletter's own hour."""
    paused_until: Mapped[Moment | None]
    created_at: Mapped[Moment] = mapped_column(index=True)
    confirmed_at: Mapped[Moment | None]
    unsubscribed_at: Mapped[Moment | None]
    unsubscribe_reason: Mapped[str | None] = mapped_column(String(500))
    reminded_at: Mapped[Moment | None]
    """When the one reminder of a confirmation that is missing was written."""
    tracked: Mapped[bool] = mapped_column(default=True, server_default=true())
    """False: the reader wants no opens and clicks of theirs to be kept."""
    import_id: Mapped[int | None] = mapped_column(BigId)
    """The import that made it, so that it can be undone."""

    subscriber: Mapped[Subscriber] = relationship(back_populates="subscriptions")
    newsletter: Mapped[Newsletter] = relationship(
        primaryjoin="foreign(Subscription.newsletter_id) == Newsletter.id"
    )
    choice: Mapped[Choice] = relationship(
        primaryjoin="foreign(Subscription.choice_id) == Choice.id"
    )


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


class ImportState(StrEnum):
    UPLOADED = "uploaded"
    CHECKING = "checking"
    CHECKED = "checked"
    """A dry run was made: its counts are here, and nothing was written yet."""
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"


class Import(Base):
    """A file of readers that somebody brought from elsewhere."""

    __tablename__ = "import_job"  # "import" is a reserved word

    id: Mapped[PrimaryId]
    newsletter_id: Mapped[int] = mapped_column(BigId, to("newsletter", cascade=True))
    user_id: Mapped[int | None] = mapped_column(BigId, to("user_account"))
    file_name: Mapped[str] = mapped_column(String(200))
    path: Mapped[str] = mapped_column(String(500))
    """Of the upload, within the data folder."""
    state: Mapped[ImportState] = mapped_column(named(ImportState), default=ImportState.UPLOADED)
    mapping: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    """Which column means what, and what else was chosen."""
    counts: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    """Rows by what became of them."""
    position: Mapped[int] = mapped_column(default=0)
    """Rows that are done: after a crash it goes on behind them."""
    line: Mapped[int] = mapped_column(default=1)
    """Of the file, from 1: where the next row begins."""
    byte: Mapped[int] = mapped_column(BigId, default=0)
    """The same place in bytes; of an undo, the last subscription that was looked at."""
    total: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(Text)
    lease_until: Mapped[Moment | None]
    created_at: Mapped[Moment]
    started_at: Mapped[Moment | None]
    """When it began to write readers."""
    finished_at: Mapped[Moment | None]


class ImportProblem(Base):
    """A row of a file that could not be taken, and why."""

    __tablename__ = "import_problem"
    __table_args__ = (UniqueConstraint("import_id", "line"),)

    id: Mapped[PrimaryId]
    import_id: Mapped[int] = mapped_column(BigId, to("import_job", cascade=True))
    line: Mapped[int]
    """In the file, from 1."""
    value: Mapped[str] = mapped_column(String(500))
    problem: Mapped[str] = mapped_column(String(500))
    cells: Mapped[list[str]] = mapped_column(Json, default=list)
    """The whole row, to be mended and brought again."""
