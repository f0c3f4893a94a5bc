"""Newsletters, what is collected for them, and the issues made of it."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Date, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, BigId, Json
from service.models.columns import Moment, PrimaryId, named, to


class Approval(StrEnum):
    AUTO = "auto"
    APPROVE = "approve"


class UnapprovedPolicy(StrEnum):
    """What becomes of an issue that nobody approved in time. It is never sent by itself."""

    HOLD = "hold"
    """It stays a draft, and says since when nobody looked at it."""
    SKIP = "skip"


class UnknownPolicy(StrEnum):
    """What to do for a delivery whose outcome stayed unknown after the grace period."""

    SKIP = "skip"
    """Nobody gets it twice."""
    RETRY = "retry"
    """Nobody is left out: see :func:`service.delivery.reconcile.decide`."""


class SourceState(StrEnum):
    ACTIVE = "active"
    MUTED = "muted"
    """Switched off by us because the source said that it is gone (410)."""
    PAUSED = "paused"
    """Switched off by an editor."""


class IssueKind(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"
    MANUAL = "manual"


class IssueState(StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"
    SENDING = "sending"
    SENT = "sent"
    HELD = "held"
    SKIPPED = "skipped"
    STOPPED = "stopped"


class Timing(StrEnum):
    NOW = "now"
    READER_HOUR = "reader_hour"


class Newsletter(Base):
    """Identity, sections and schedule. All of it is data: a second one is a file, not a fork."""

    __tablename__ = "newsletter"

    id: Mapped[PrimaryId]
    slug: Mapped[str] = mapped_column(String(63), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="")
    from_name: Mapped[str] = mapped_column(String(200))
    from_address: Mapped[str] = mapped_column(String(254))
    reply_to: Mapped[str | None] = mapped_column(String(254))
    postal_address: Mapped[str] = mapped_column(Text)
    """CAN-SPAM asks for one in every issue."""
    byline: Mapped[str] = mapped_column(String(200), default="")
    language: Mapped[str] = mapped_column(String(16), default="en")
    theme: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    sections: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    """Each reads as :class:`service.models.document.SectionSpec`."""
    timezone: Mapped[str] = mapped_column(String(64), default="UTC")
    send_hour: Mapped[int] = mapped_column(Integer, default=7)
    send_minute: Mapped[int] = mapped_column(Integer, default=0)
    send_days: Mapped[list[int]] = mapped_column(Json, default=lambda: list(range(7)))
    """ISO weekday minus one: Monday is 0."""
    weekly_day: Mapped[int | None]
    """The weekday of the digest for weekly readers; None means there is none."""
    next_run: Mapped[Moment | None]
    """When the next daily issue is due (UTC); None means that no issue is scheduled."""
    approval: Mapped[Approval] = mapped_column(named(Approval), default=Approval.AUTO)
    hold_hours: Mapped[int] = mapped_column(Integer, default=12)
    """How long an issue waits for an editor before ``unapproved_policy`` decides."""
    unapproved_policy: Mapped[UnapprovedPolicy] = mapped_column(
        named(UnapprovedPolicy), default=UnapprovedPolicy.HOLD
    )
    min_items: Mapped[int] = mapped_column(Integer, default=1)
    unknown_policy: Mapped[UnknownPolicy] = mapped_column(
        named(UnknownPolicy), default=UnknownPolicy.SKIP
    )
    lateness_hours: Mapped[int] = mapped_column(Integer, default=12)
    """After so long past their own hour, readers get nothing rather than old news."""
    canary_percent: Mapped[float] = mapped_column(default=0.0)
    """Of the readers, who are written to first; 0 means all at once."""
    canary_minutes: Mapped[int] = mapped_column(Integer, default=10)
    """How long the others wait for what becomes of the first."""
    tracking: Mapped[bool] = mapped_column(default=False)
    """Opens and clicks are kept."""
    created_at: Mapped[Moment]
    loaded_at: Mapped[Moment | None]
    """When a file of it was last loaded; None for one that was made on the web."""
    edited_at: Mapped[Moment | None]
    """When it, or a source of it, was last changed on the web, which its file does not know of."""
    archived_at: Mapped[Moment | None]
    """Since when nothing is made, read or offered for it; what was sent stays."""


class Source(Base):
    """Something that is looked at through the day, and how it has fared."""

    __tablename__ = "source"
    __table_args__ = (
        UniqueConstraint("newsletter_id", "slug"),
        Index("ix_source_due", "state", "next_check_at"),
    )

    id: Mapped[PrimaryId]
    newsletter_id: Mapped[int] = mapped_column(BigId, to("newsletter", cascade=True))
    slug: Mapped[str] = mapped_column(String(63))
    kind: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(200))
    url: Mapped[str] = mapped_column(Text)
    section: Mapped[str] = mapped_column(String(63))
    config: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    interval_minutes: Mapped[int] = mapped_column(Integer, default=60)
    state: Mapped[SourceState] = mapped_column(named(SourceState), default=SourceState.ACTIVE)

    etag: Mapped[str | None] = mapped_column(Text)
    last_modified: Mapped[str | None] = mapped_column(Text)
    body_hash: Mapped[str | None] = mapped_column(String(64))
    redirect_url: Mapped[str | None] = mapped_column(Text)
    redirect_count: Mapped[int] = mapped_column(Integer, default=0)
    next_check_at: Mapped[Moment | None]
    """None means at once."""
    checked_at: Mapped[Moment | None]
    good_at: Mapped[Moment | None]
    failures: Mapped[int] = mapped_column(Integer, default=0)
    """In a row; a good answer sets it to 0."""
    problem: Mapped[str | None] = mapped_column(Text)
    """Why the last check failed, in plain words."""

    newsletter: Mapped[Newsletter] = relationship()


class FetchQueue(Base):
    """The turn of a service that several sources share, such as arXiv; see ``sources.turns``."""

    __tablename__ = "fetch_queue"

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    free_at: Mapped[Moment]
    """No request before this."""
    refusals: Mapped[int] = mapped_column(Integer, default=0)
    """In a row; an answer sets it to 0."""


class Item(Base):
    """One thing that a source published: a headline, a paper."""

    __tablename__ = "item"
    __table_args__ = (
        UniqueConstraint("source_id", "identity"),
        Index("ix_item_window", "source_id", "first_seen"),
    )

    id: Mapped[PrimaryId]
    source_id: Mapped[int] = mapped_column(BigId, to("source", cascade=True))
    identity: Mapped[str] = mapped_column(String(200))
    url: Mapped[str] = mapped_column(Text)
    canonical_url: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text, default="")
    author: Mapped[str] = mapped_column(Text, default="")
    topics: Mapped[list[str]] = mapped_column(Json, default=list)
    quoted_author: Mapped[str] = mapped_column(Text, default="")
    quoted_text: Mapped[str] = mapped_column(Text, default="")
    """Of a post that quotes another: that post's words."""
    published_at: Mapped[Moment]
    first_seen: Mapped[Moment]
    """Never moved by an update. An item of before the source was added counts as seen then."""
    updated_at: Mapped[Moment | None]
    content_hash: Mapped[str] = mapped_column(String(64))

    source: Mapped[Source] = relationship()


class Snapshot(Base):
    """A table as it stood at a moment: a leaderboard, the stars of repositories."""

    __tablename__ = "snapshot"
    __table_args__ = (Index("ix_snapshot_latest", "source_id", "taken_at"),)

    id: Mapped[PrimaryId]
    source_id: Mapped[int] = mapped_column(BigId, to("source", cascade=True))
    taken_at: Mapped[Moment]
    edition: Mapped[str] = mapped_column(String(200), default="")
    """Figures of two editions are never compared."""
    rows: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    """Each has ``key`` (identity), ``name`` and what the kind read; see ``document.TableRow``."""
    content_hash: Mapped[str] = mapped_column(String(64))

    source: Mapped[Source] = relationship()


class Issue(Base):
    """One day's newsletter, a week's digest, or something written by hand."""

    __tablename__ = "issue"
    __table_args__ = (
        UniqueConstraint("newsletter_id", "kind", "local_date"),
        UniqueConstraint("newsletter_id", "number"),
        Index("ix_issue_due", "state", "scheduled_at"),
    )

    id: Mapped[PrimaryId]
    newsletter_id: Mapped[int] = mapped_column(BigId, to("newsletter", cascade=True))
    kind: Mapped[IssueKind] = mapped_column(named(IssueKind))
    number: Mapped[int]
    local_date: Mapped[date | None] = mapped_column(Date)
    """The newsletter's own date; None for a manual issue, of which a day may have several."""
    state: Mapped[IssueState] = mapped_column(named(IssueState), default=IssueState.DRAFT)
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it is held, skipped or stopped, and what to do about it."""
    subject: Mapped[str] = mapped_column(Text)
    preheader: Mapped[str] = mapped_column(Text, default="")
    words_touched: Mapped[bool] = mapped_column(default=False)
    """An editor wrote the subject or the preheader: neither follows the headlines any more."""
    editorial: Mapped[str] = mapped_column(Text, default="")
    """Markdown."""
    editorial_origin: Mapped[str] = mapped_column(String(32), default="none")
    """editor, ai, template or none."""
    draft_editorial: Mapped[str | None] = mapped_column(Text)
    """Markdown that a model wrote and that no editor has accepted yet; None when there is none."""
    draft_asked_at: Mapped[Moment | None]
    """When an editor asked for such a draft; None when nobody waits for one."""
    draft_begun_at: Mapped[Moment | None]
    """When a worker took that up; None while none has."""
    draft_problem: Mapped[str | None] = mapped_column(Text)
    """Why the last one that was asked for did not come about, and what to do about it."""
    window_start: Mapped[Moment | None]
    cutoff_at: Mapped[Moment | None]
    """Items first seen in [window_start, cutoff_at) were candidates."""
    timing: Mapped[Timing] = mapped_column(named(Timing), default=Timing.READER_HOUR)
    scheduled_at: Mapped[Moment | None]
    document: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """What was frozen, as :class:`service.models.document.Document`."""
    audience_count: Mapped[int | None]
    """How many deliveries were planned; None means not planned yet."""
    planned_at: Mapped[Moment | None]
    """When the whole audience was planned; the first few are, and are sent, a moment before."""
    segment: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """Who alone is to get it, as :class:`service.audience.segment.Segment`; None means everyone."""
    canary_until: Mapped[Moment | None]
    """Until then only the first few are written to; None when there are none or all was well."""
    parked_until: Mapped[Moment | None]
    """Sending rests until then by itself: the account's daily quota is used up."""
    released_at: Mapped[Moment | None]
    """When it was last let go: frozen, resumed, or kept by the quota. Who is late counts from then,
    if not from their own hour."""
    waiting_since: Mapped[Moment | None]
    """Since when it waits for an editor; None when it does not, or one is at work on it."""
    reminders: Mapped[int] = mapped_column(Integer, default=0)
    """How often editors were told so."""
    created_at: Mapped[Moment]
    approved_at: Mapped[Moment | None]
    frozen_at: Mapped[Moment | None]
    started_at: Mapped[Moment | None]
    finished_at: Mapped[Moment | None]

    newsletter: Mapped[Newsletter] = relationship()
    entries: Mapped[list[Entry]] = relationship(
        back_populates="issue", order_by="(Entry.section, Entry.position)", passive_deletes=True
    )


class Entry(Base):
    """One line of an issue while it is made. Freezing copies what is kept into the document."""

    __tablename__ = "entry"
    __table_args__ = (UniqueConstraint("issue_id", "section", "key"),)

    id: Mapped[PrimaryId]
    issue_id: Mapped[int] = mapped_column(BigId, to("issue", cascade=True))
    section: Mapped[str] = mapped_column(String(63))
    position: Mapped[int]
    key: Mapped[str] = mapped_column(String(250))
    """Which candidate it is, stable over rebuilds."""
    item_id: Mapped[int | None] = mapped_column(BigId, to("item"), index=True)
    data: Mapped[dict[str, Any]] = mapped_column(Json)
    """Reads as one of ``service.models.document.AnyEntry``."""
    pinned: Mapped[bool] = mapped_column(default=False)
    dropped: Mapped[bool] = mapped_column(default=False)
    touched: Mapped[bool] = mapped_column(default=False)
    """An editor changed it: a rebuild leaves it as it is."""

    issue: Mapped[Issue] = relationship(back_populates="entries")


class Variant(Base):
    """What readers of one choice were sent, with slots where their own links go."""

    __tablename__ = "variant"
    __table_args__ = (UniqueConstraint("issue_id", "choice_id"),)

    id: Mapped[PrimaryId]
    issue_id: Mapped[int] = mapped_column(BigId, to("issue", cascade=True))
    choice_id: Mapped[int] = mapped_column(BigId, to("choice"))
    nonce: Mapped[str] = mapped_column(String(32))
    """Marks the slots of this rendering; see ``service.message.slots``."""
    subject: Mapped[str] = mapped_column(Text)
    html: Mapped[str | None] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Moment]
