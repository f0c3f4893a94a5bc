"""Column shapes that every page of rows shares."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from sqlalchemy import Enum, ForeignKey, Index, String, text
from sqlalchemy.orm import mapped_column
from sqlalchemy.sql.schema import SchemaItem

from service.db import BigId, UtcDateTime

PrimaryId = Annotated[int, mapped_column(BigId, primary_key=True, autoincrement=True)]
Moment = Annotated[datetime, mapped_column(UtcDateTime())]

Sought = String(254).with_variant(String(254, collation="C"), "postgresql")
"""A text whose beginning is looked for: in the order of its bytes an index finds it. SQLite's own
order is that one."""

NEVER_A_NUMBER_TWICE = {"sqlite_autoincrement": True}
"""For rows that go while others still name them by number: links, planned mail and events, and the
receivers of our calls. SQLite gives the highest one away again; PostgreSQL does not."""


def named(kind: type[StrEnum]) -> Enum:
    """A StrEnum kept by its value in plain text, so that a new member needs no migration."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=False,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


def to(table: str, *, cascade: bool = False) -> SchemaItem:
    """A foreign key to *table*'s id; with *cascade*, rows go when what they belong to goes."""
    return ForeignKey(f"{table}.id", ondelete="CASCADE" if cascade else None)


def index_of_some(name: str, column: str, condition: str) -> Index:
    """An index over the rows in which *condition* (SQL for both databases) holds."""
    return Index(name, column, postgresql_where=text(condition), sqlite_where=text(condition))
