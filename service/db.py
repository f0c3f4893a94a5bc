"""The database: an engine made lazily, a session scope, UTC everywhere, two dialects in one code.

SQLite runs in WAL with ``BEGIN IMMEDIATE``: a deferred BEGIN that later writes fails at once with
"database is locked" when another writer came between; an immediate one waits its turn.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    Table,
    bindparam,
    column,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.types import TypeDecorator, TypeEngine

from service.config import settings

BUSY_TIMEOUT_MS = 30_000
CONNECT_TIMEOUT = 10
"""Seconds. A host that swallows packets would be waited for until the system gives up."""

SURELY_ALIVE = 1.0
"""Seconds after its last use in which a connection is not asked whether it still lives."""

READ_ONLY = "broadsheet_read_only"

# SQLite numbers rows by itself only in a column that is exactly INTEGER.
BigId = BigInteger().with_variant(Integer(), "sqlite")
Json = JSON().with_variant(postgresql.JSONB(), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """A moment. Takes aware datetimes only and gives them back in UTC (SQLite drops offsets)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value!r}; use datetime.now(UTC)")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Parent of every row."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )


def make_engine(url: str) -> Engine:
    """An engine for *url* (SQLite or PostgreSQL), set up as this service needs it."""
    if url.startswith("postgres://"):
        url = "postgresql://" + url.removeprefix("postgres://")
    if not url.startswith(("sqlite", "postgresql")):
        raise ValueError("BROADSHEET_DATABASE_URL must begin with postgresql:// or sqlite:///")
    if not url.startswith("sqlite"):
        engine = create_engine(
            url,
            pool_size=5,
            max_overflow=15,
            hide_parameters=True,
            connect_args={"connect_timeout": CONNECT_TIMEOUT},
        )
        event.listen(engine, "checkin", _note_use)
        event.listen(engine, "checkout", _ping_when_idle)
        return engine
    path = url.removeprefix("sqlite:///")
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, hide_parameters=True)  # readers' addresses stay out of the log
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _note_use(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["used_at"] = time.monotonic()


def _ping_when_idle(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Find out that the server restarted meanwhile; the pool then makes a new connection.

    As ``pool_pre_ping``, without a round trip for a connection that was just in use: a worker
    takes one from the pool hundreds of times a second.
    """
    if time.monotonic() - record.info.get("used_at", 0.0) < SURELY_ALIVE:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.rollback()
    except connection.Error as error:
        raise DisconnectionError(str(error)) from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN would be a deferred one
    cursor = connection.cursor()
    # The timeout comes first: the change to WAL itself has to wait for other connections.
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",  # NORMAL may lose the last commits to a power cut: a `sending` mark
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Any) -> None:
    reading = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@lru_cache(maxsize=1)
def engine() -> Engine:
    """This process's engine, made at its first use so that no socket crosses a fork."""
    return make_engine(settings().database)


def forget_engine_after_fork() -> None:
    """In a new child: drop the parent's connections without closing them for the parent."""
    if engine.cache_info().currsize:
        engine().dispose(close=False)
        engine.cache_clear()
        _reading.cache_clear()


def close_engine() -> None:
    """Close every connection; the next use makes a new engine (tests, the demo)."""
    if engine.cache_info().currsize:
        engine().dispose()
        engine.cache_clear()
        _reading.cache_clear()


@contextmanager
def session_scope() -> Iterator[Session]:
    """A session in one transaction: committed at the end, rolled back on an error."""
    with Session(engine(), expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def read_scope() -> Iterator[Session]:
    """A session that only reads: it waits for no writer, and a write in it is an error."""
    with Session(_reading(engine()), expire_on_commit=False) as session, session.begin():
        yield session


@lru_cache(maxsize=1)
def _reading(connected: Engine) -> Engine:
    """The same connections, each transaction of which is told that it only reads."""
    return connected.execution_options(postgresql_readonly=True, **{READ_ONLY: True})


def insert_ignoring(session: Session, table: Table, rows: Sequence[dict[str, Any]]) -> int:
    """Insert *rows*, passing over those that a unique key already holds; how many went in."""
    if not rows:
        return 0
    statement = ignoring_insert(dialect_of(session), table)
    # Of a single row, a list of one would cost twice as much.
    return len(session.execute(statement, rows[0] if len(rows) == 1 else list(rows)).all())


def insert_into(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that can be told what to do about a unique key that is there."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@lru_cache(maxsize=64)
def ignoring_insert(dialect: str, table: Table) -> ReturningInsert[Any]:
    """An INSERT that passes over what a unique key holds and returns the key of what went in.

    Made once: to build a statement takes as long as to run it.
    """
    key = next(iter(table.primary_key.columns))
    return insert_into(dialect, table).on_conflict_do_nothing().returning(key)


@lru_cache(maxsize=16)
def insert_if(dialect: str, table: Table, names: tuple[str, ...]) -> ReturningInsert[Any]:
    """As :func:`ignoring_insert`, of one row, and only where its parameter ``go`` is true."""
    row = select(*(bindparam(name, type_=table.c[name].type) for name in names))
    key = next(iter(table.primary_key.columns))
    going = row.where(bindparam("go", type_=Boolean()))
    adding = insert_into(dialect, table).from_select(names, going)
    return adding.on_conflict_do_nothing().returning(key)


class GivenRows:
    """Rows of ours as a table to join with, in a statement that is made once and used often.

    One statement for many rows costs a quarter of a statement for each, and one that is made
    anew each time three times as much as one that is kept. The values go as a parameter a column
    on PostgreSQL and as one of JSON on SQLite.
    """

    def __init__(self, dialect: str, types: Mapping[str, TypeEngine[Any]]) -> None:
        self._names = tuple(types)
        self._lists = dialect == "postgresql"
        if self._lists:
            lists = [bindparam(f"given_{n}", type_=postgresql.ARRAY(t)) for n, t in types.items()]
            named = [column(name, kind) for name, kind in types.items()]
            table = func.unnest(*lists).table_valued(*named).render_derived(name="given")
            self.c: Mapping[str, ColumnElement[Any]] = dict(table.c)
            return
        table = func.json_each(bindparam("given")).table_valued(column("value"), name="given")
        self.c = {
            name: func.json_extract(table.c.value, f"$[{place}]", type_=kind)
            for place, (name, kind) in enumerate(types.items())
        }

    def values(self, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """The parameters that stand for *rows*, each with a value for each column."""
        if not self._lists:
            return {"given": json.dumps(rows)}
        return {
            f"given_{name}": [row[place] for row in rows] for place, name in enumerate(self._names)
        }


def dialect_of(session: Session) -> str:
    return session.get_bind().dialect.name
