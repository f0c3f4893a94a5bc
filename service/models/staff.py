"""Who may edit, with what key, and what they did."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, BigId, Json
from service.models.columns import NEVER_A_NUMBER_TWICE, Moment, PrimaryId, named, to


class Role(StrEnum):
    OWNER = "owner"
    EDITOR = "editor"
    VIEWER = "viewer"


class User(Base):
    """Someone who logs in to the admin."""

    __tablename__ = "user_account"  # "user" is a reserved word in PostgreSQL

    id: Mapped[PrimaryId]
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str] = mapped_column(Text)
    """Argon2id; empty while somebody is invited and has chosen no password yet."""
    role: Mapped[Role] = mapped_column(named(Role), default=Role.EDITOR)
    totp_secret: Mapped[str | None] = mapped_column(String(64))
    """Base32 (RFC 6238); None while one-time codes are not asked for."""
    totp_used_step: Mapped[int | None] = mapped_column(BigId)
    """The latest time step whose code was taken: none is taken twice."""
    recovery_codes: Mapped[list[str]] = mapped_column(Json, default=list)
    """Hashes of the codes for a lost device that were not used yet."""
    failed_logins: Mapped[int] = mapped_column(Integer, default=0)
    """Of all strangers together, in a row: see :mod:`service.staff.lockout`."""
    locked_until: Mapped[Moment | None]
    """Until when no stranger is listened to."""
    created_at: Mapped[Moment]
    last_login_at: Mapped[Moment | None]
    removed_at: Mapped[Moment | None]
    """Kept after removal, since the audit log names who did what; opens nothing any more."""


class UserSession(Base):
    """A browser that is logged in."""

    __tablename__ = "user_session"

    id: Mapped[PrimaryId]
    user_id: Mapped[int] = mapped_column(BigId, to("user_account", cascade=True), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    ip: Mapped[str | None] = mapped_column(String(64))
    user_agent: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Moment]
    seen_at: Mapped[Moment]
    proved_at: Mapped[Moment]
    """When the password was last asked for: what is grave asks for a recent one."""


class FailedLogin(Base):
    """Wrong passwords and codes in a row, for one account and from one place."""

    __tablename__ = "failed_login"
    __table_args__ = (UniqueConstraint("user_id", "origin"),)

    id: Mapped[PrimaryId]
    user_id: Mapped[int] = mapped_column(BigId, to("user_account", cascade=True))
    origin: Mapped[str] = mapped_column(String(80))
    """A network, a browser, a session: ``network 192.0.2.7``."""
    failures: Mapped[int] = mapped_column(Integer, default=0)
    locked_until: Mapped[Moment | None]
    at: Mapped[Moment]
    """Of the last one."""


class ApiToken(Base):
    """A key for a program; only its hash is kept."""

    __tablename__ = "api_token"

    id: Mapped[PrimaryId]
    user_id: Mapped[int] = mapped_column(BigId, to("user_account", cascade=True))
    name: Mapped[str] = mapped_column(String(200))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(Json, default=list)
    hint: Mapped[str] = mapped_column(String(16), default="", server_default="")
    """Its first characters, by which its owner knows it again."""
    created_at: Mapped[Moment]
    last_used_at: Mapped[Moment | None]
    revoked_at: Mapped[Moment | None]


class IdempotencyKey(Base):
    """What the API answered to a request that carried a key: asked again, it says the same."""

    __tablename__ = "idempotency_key"
    __table_args__ = (UniqueConstraint("token_id", "key"),)

    id: Mapped[PrimaryId]
    token_id: Mapped[int] = mapped_column(BigId, to("api_token", cascade=True))
    key: Mapped[str] = mapped_column(String(255))
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    """None while the first request is under way."""
    body: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[Moment] = mapped_column(index=True)


class Webhook(Base):
    """Somebody's server that is told of what happens here."""

    __tablename__ = "webhook"

    id: Mapped[PrimaryId]
    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(String(64))
    """Calls are signed with it."""
    events: Mapped[list[str]] = mapped_column(Json, default=list)
    active: Mapped[bool] = mapped_column(default=True)
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it was switched off."""
    failing_since: Mapped[Moment | None]
    """When the first call failed after the last good one; None when that one was good."""
    calling_until: Mapped[Moment | None]
    """Lease of the worker that is at a call; None when none is."""
    created_at: Mapped[Moment]


class WebhookCallState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class WebhookCall(Base):
    """One thing told, or to be told, to one webhook."""

    __tablename__ = "webhook_call"
    __table_args__ = (
        Index("ix_webhook_call_due", "state", "due_at"),
        Index("ix_webhook_call_log", "webhook_id", "id"),
        NEVER_A_NUMBER_TWICE,
    )

    id: Mapped[PrimaryId]
    """By it receivers know a call that they had before."""
    webhook_id: Mapped[int] = mapped_column(BigId, to("webhook", cascade=True))
    event: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    state: Mapped[WebhookCallState] = mapped_column(
        named(WebhookCallState), default=WebhookCallState.WAITING
    )
    attempt: Mapped[int] = mapped_column(Integer, default=0)
    due_at: Mapped[Moment]
    lease_until: Mapped[Moment | None]
    status: Mapped[int | None]
    """HTTP status of the last answer; None when there was none."""
    answer: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[Moment]
    changed_at: Mapped[Moment]


class Audit(Base):
    """Who did what, when."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_user", "user_id", "id"),
        Index("ix_audit_action", "action", "id"),
        Index("ix_audit_subject", "subject", "id"),
        Index("ix_audit_at", "at"),
    )

    id: Mapped[PrimaryId]
    user_id: Mapped[int | None] = mapped_column(BigId, to("user_account"))
    """None: by the command line or by the service itself."""
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(200))
    detail: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    at: Mapped[Moment]
