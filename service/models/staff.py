"""Who may edit, with what key, and what they did."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, BigId, Json
from service.models.columns import Moment, PrimaryId, named, to


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
    role: Mapped[Role] = mapped_column(named(Role), default=Role.EDITOR)
    session_key: Mapped[str] = mapped_column(String(64))
    """In every session cookie; a new one logs out every browser."""
    failed_logins: Mapped[int] = mapped_column(Integer, default=0)
    locked_until: Mapped[Moment | None]
    created_at: Mapped[Moment]
    last_login_at: Mapped[Moment | None]


class ApiToken(Base):
    """A key for a program; only its hash is kept."""

    __tablename__ = "api_token"

    id: Mapped[PrimaryId]
    user_id: Mapped[int] = mapped_column(BigId, to("user_account", cascade=True))
    name: Mapped[str] = mapped_column(String(200))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(Json, default=list)
    created_at: Mapped[Moment]
    last_used_at: Mapped[Moment | None]


class Audit(Base):
    """Who did what, when."""

    __tablename__ = "audit"

    id: Mapped[PrimaryId]
    user_id: Mapped[int | None] = mapped_column(BigId, to("user_account"))
    """None: by the command line or by the service itself."""
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(200))
    detail: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    at: Mapped[Moment]
