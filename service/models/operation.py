"""How the installation itself fares."""

from __future__ import annotations

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, Json
from service.models.columns import Moment, PrimaryId


class Examination(Base):
    """One run of the doctor that was asked for on the web, and what it has found so far."""

    __tablename__ = "examination"

    id: Mapped[PrimaryId]
    asked_at: Mapped[Moment]
    begun_at: Mapped[Moment | None]
    """When a worker took it up; None while none has."""
    finished_at: Mapped[Moment | None]
    findings: Mapped[list[dict[str, str]]] = mapped_column(Json, default=list)
    """Each has ``check``, ``status``, ``said`` and ``todo``, as the doctor's ``Finding``."""
    problem: Mapped[str | None] = mapped_column(Text)
    """Why it came to no end."""
