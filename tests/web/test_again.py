"""Somebody else's change in the middle of a request."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, select, text
from sqlalchemy.exc import DataError, IntegrityError, NoResultFound, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.test import Client

from service.audience.erasure import erase
from service.audience.moving import ask_to_move
from service.audience.sign_up import sign_up
from service.db import session_scope
from service.models import Newsletter, Notice, Subscriber, Subscription
from service.web.again import AskingAgain, came_between
from service.web.asking import now as wall_clock
from tests.web.browsing import csrf_of, link, subscription

NEW = "ann.new@example.org"
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
"""SQLite has one writer at a time, and nobody comes between."""


def just_before(database: Engine, statement: str, act: Callable[[], None]) -> None:
    """Have *act* done by somebody else, once, before the first statement that begins like this."""
    to_do = [act]

    def meanwhile(_c: Any, _cursor: Any, sql: str, *_: Any) -> None:
        if to_do and sql.startswith(statement):
            to_do.pop()()

    event.listen(database, "before_cursor_execute", meanwhile)


@on_postgresql
def test_a_reader_who_is_deleted_meanwhile_is_not_found(
    client: FlaskClient, database: Engine, reader: Subscription, now: datetime
) -> None:
    def delete_them() -> None:
        with session_scope() as session:
            erase(session, session.get_one(Subscriber, reader.subscriber_id), now)

    page = link("preferences", reader.id)
    token = csrf_of(client.get(page).text)
    just_before(database, "INSERT INTO notice", delete_them)
    assert client.post(f"{page}/data", data={"csrf_token": token}).status_code == 404


@on_postgresql
def test_an_address_is_taken_though_somebody_signs_up_there_meanwhile(
    client: FlaskClient, database: Engine, newsletter: Newsletter, reader: Subscription
) -> None:
    with session_scope() as session:
        ask_to_move(session, session.get_one(Subscription, reader.id), NEW, wall_clock())
    with session_scope() as session:
        page = session.scalars(select(Notice)).one().payload["path"]

    def sign_up_there() -> None:
        with session_scope() as session:
            sign_up(session, newsletter, NEW, now=wall_clock())

    token = csrf_of(client.get(page).text)
    just_before(database, "UPDATE subscriber", sign_up_there)
    assert client.post(page, data={"csrf_token": token}).status_code == 200
    with session_scope() as session:
        everybody = session.scalars(select(Subscriber)).all()
        assert [(it.id, it.email) for it in everybody] == [(reader.subscriber_id, NEW)]
    assert subscription(reader.id).state == reader.state


@on_postgresql
def test_who_loses_a_deadlock_is_answered_all_the_same(
    database: Engine, newsletter: Newsletter
) -> None:
    """Two requests that lock two rows crosswise, and each waits for the other's."""
    both, calls = threading.Barrier(2), []
    app = AskingAgain(__name__)

    @app.post("/<int:first>/<int:second>")
    def lock(first: int, second: int) -> str:
        calls.append(first)
        with database.begin() as connection:
            connection.execute(text("SET LOCAL deadlock_timeout = '50ms'"))
            for number in (first, second):
                connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": number})
                if len(calls) <= 2 and number == first:
                    both.wait(10)
        return "done"

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda path: Client(app).post(path).text, ("/1/2", "/2/1")))
    assert answers == ["done", "done"]
    assert len(calls) == 3


def asked(error: Exception, **sent: Any) -> tuple[int, int]:
    """The status of a request whose view always fails like this, and how often it was called."""
    calls = []
    app = AskingAgain(__name__)

    @app.post("/")
    def fail() -> str:
        calls.append(1)
        raise error

    return Client(app).post("/", **sent).status_code, len(calls)


def test_it_asks_twice_and_no_more() -> None:
    assert asked(NoResultFound()) == (500, 2)


def test_it_asks_once_what_fails_by_itself() -> None:
    assert asked(ValueError()) == (500, 1)


def test_it_asks_once_where_a_file_was_sent() -> None:
    assert asked(NoResultFound(), data={"file": (io.BytesIO(b"x"), "x.csv")}) == (500, 1)


class Told(Exception):
    """As a driver raises it."""

    def __init__(self, sqlstate: str | None) -> None:
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (IntegrityError("INSERT", {}, Told("23503")), True),
        (IntegrityError("INSERT", {}, Told("23505")), True),
        (IntegrityError("INSERT", {}, Told("23502")), False),  # a column left empty: our own fault
        (OperationalError("UPDATE", {}, Told("40P01")), True),
        (OperationalError("UPDATE", {}, Told("40001")), True),
        (OperationalError("SELECT", {}, Told("57P01")), False),  # the server is stopped
        (OperationalError("SELECT", {}, Exception("database is locked")), False),
        (DataError("SELECT", {}, Told(None)), False),
        (StaleDataError(), True),
        (NoResultFound(), True),
        (ValueError(), False),
    ],
)
def test_it_knows_what_somebody_else_may_have_done(error: Exception, expected: bool) -> None:
    assert came_between(error) is expected
