"""The database's own rules: times in UTC, scopes that read only, writers that wait their turn."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine, Integer, Text, delete, select, text
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.orm import Session

from service import db
from service.db import (
    GivenRows,
    dialect_of,
    insert_ignoring,
    make_engine,
    read_scope,
    session_scope,
)
from service.models import Suppression, SuppressionReason


def suppression(key: str, at: datetime) -> Suppression:
    return Suppression(email_hash=key, reason=SuppressionReason.MANUAL, detail="", created_at=at)


def test_it_gives_a_time_back_as_the_same_moment_in_utc(database: Engine, now: datetime) -> None:
    tokyo = now.astimezone(timezone(timedelta(hours=9)))
    with session_scope() as session:
        session.add(suppression("a", tokyo))
    with read_scope() as session:
        found = session.scalars(select(Suppression.created_at)).one()
    assert found == now
    assert found.tzinfo is UTC


def test_it_refuses_a_time_without_a_zone(database: Engine, now: datetime) -> None:
    with pytest.raises(StatementError, match="without a zone"), session_scope() as session:
        session.add(suppression("a", now.replace(tzinfo=None)))


def test_it_refuses_to_write_in_a_scope_that_reads(database: Engine, now: datetime) -> None:
    with pytest.raises(DBAPIError, match=r"(?i)read.?only"), read_scope() as session:
        session.execute(delete(Suppression))
    with session_scope() as session:  # and the connection is as good as before
        session.add(suppression("b", now))


def test_it_reads_while_another_writes(database: Engine, now: datetime) -> None:
    with session_scope() as writer:
        writer.add(suppression("a", now))
        writer.flush()
        with read_scope() as reader:
            assert reader.scalars(select(Suppression.id)).all() == []


def test_it_lets_many_writers_wait_their_turn(database: Engine, now: datetime) -> None:
    def write(number: int) -> None:
        with session_scope() as session:
            count = len(session.scalars(select(Suppression.id)).all())
            session.add(suppression(f"{number}-{count}", now))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    with read_scope() as session:
        assert len(session.scalars(select(Suppression.id)).all()) == 40


def test_it_rolls_back_on_an_error(database: Engine, now: datetime) -> None:
    def fail() -> None:
        with session_scope() as session:
            session.add(suppression("a", now))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with read_scope() as session:
        assert session.scalars(select(Suppression.id)).all() == []


def test_it_passes_over_rows_that_are_there(database: Engine, now: datetime) -> None:
    row = {
        "email_hash": "a",
        "reason": SuppressionReason.MANUAL,
        "detail": "",
        "created_at": now,
    }
    table = Suppression.__table__
    with Session(database) as session, session.begin():
        assert insert_ignoring(session, table, [row, {**row, "email_hash": "b"}]) == 2
        assert insert_ignoring(session, table, [row, {**row, "email_hash": "c"}]) == 1
        assert insert_ignoring(session, table, []) == 0


def test_it_notices_that_the_server_came_back_while_it_was_idle(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "SURELY_ALIVE", 0.0)  # no connection is that young
    engine = make_engine(postgres_url)
    with engine.connect() as connection:
        mine = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    other = make_engine(postgres_url)
    with other.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": mine})
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    engine.dispose()
    other.dispose()


def test_it_joins_with_rows_that_are_given(database: Engine, now: datetime) -> None:
    with session_scope() as session:
        session.add_all([suppression(key, now) for key in "abc"])
        given = GivenRows(dialect_of(session), {"key": Text(), "number": Integer()})
        query = (
            select(Suppression.email_hash, given.c["number"])
            .where(Suppression.email_hash == given.c["key"])
            .order_by(given.c["number"])
        )
        for rows, expected in (
            ([("c", 1), ("a", 2), ("x", 3)], [("c", 1), ("a", 2)]),
            ([('"', 1)], []),
            ([], []),
        ):
            found = session.execute(query, given.values(rows)).all()
            assert [tuple(row) for row in found] == expected


def test_it_says_what_a_database_url_must_begin_with() -> None:
    with pytest.raises(ValueError, match="BROADSHEET_DATABASE_URL"):
        make_engine("mysql://somewhere/else")
