"""Somebody else's change in the middle of a request."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DataError, IntegrityError, NoResultFound, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from service.audience.erasure import erase
from service.audience.moving import ask_to_move
from service.audience.sign_up import sign_up
from service.audience.subscribe import confirm
from service.config import settings
from service.db import session_scope
from service.models import Newsletter, Notice, NoticeKind, Subscriber, Subscription
from service.web.again import came_between, once_more
from service.web.asking import now as wall_clock
from service.web.public.trap import stamp
from tests.meanwhile import Told, just_before, lose_a_deadlock
from tests.web.browsing import csrf_of, link, subscription

NEW = "ann.new@example.org"
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
"""SQLite has one writer at a time, and nobody comes between."""


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
def test_nobody_confirms_at_an_address_while_it_is_taken_over(
    client: FlaskClient, database: Engine, newsletter: Newsletter, reader: Subscription
) -> None:
    """What nobody reads makes room; whoever says at that moment that they do has to wait."""
    with session_scope() as session:
        sign_up(session, newsletter, NEW, now=wall_clock())
        ask_to_move(session, session.get_one(Subscription, reader.id), NEW, wall_clock())
    with session_scope() as session:
        page = session.scalars(
            select(Notice.payload).where(Notice.kind == NoticeKind.CHANGE_ADDRESS)
        ).one()["path"]
        theirs = session.scalars(select(Subscription.id).where(Subscription.id != reader.id)).one()
    waited = []

    def confirm_there() -> None:
        with Session(database) as session:
            session.execute(text("SET LOCAL lock_timeout = '50ms'"))
            with pytest.raises(OperationalError, match="lock timeout"):
                confirm(session, theirs, wall_clock(), wall_clock())
        waited.append(theirs)

    token = csrf_of(client.get(page).text)
    just_before(database, "DELETE FROM subscriber", confirm_there)
    assert client.post(page, data={"csrf_token": token}).status_code == 200
    assert waited == [theirs]


@on_postgresql
def test_who_loses_a_deadlock_is_answered_all_the_same(
    app: Flask, database: Engine, newsletter: Newsletter
) -> None:
    """Two who lock two rows crosswise, and each waits for the other's."""
    both, calls = threading.Barrier(2), []

    @once_more
    def lock(first: int, second: int) -> str:
        calls.append(first)
        with database.begin() as connection:
            connection.execute(text("SET LOCAL deadlock_timeout = '50ms'"))
            for number in (first, second):
                connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": number})
                if len(calls) <= 2 and number == first:
                    both.wait(10)
        return "done"

    def ask(first: int, second: int) -> str:
        with app.test_request_context():
            return lock(first, second)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(ask, (1, 2), (2, 1))) == ["done", "done"]
    assert len(calls) == 3


def test_a_request_is_counted_once_however_often_it_is_tried(
    app: Flask, client: FlaskClient, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the last sign-up that a limit allows would be refused, and nobody written to."""
    monkeypatch.setenv("BROADSHEET_SIGN_UPS_PER_ADDRESS", "1")
    settings.cache_clear()
    form = {"email": NEW, "made": stamp(wall_clock())}
    token = csrf_of(client.get("/n/report/").text)
    just_before(database, "INSERT INTO consent_event", lose_a_deadlock)
    answer = client.post("/n/report/subscribe", data={**form, "csrf_token": token})
    assert answer.status_code == 303
    with session_scope() as session:
        assert session.scalars(select(Notice.address)).all() == [NEW]


def asked(app: Flask, error: Exception) -> int:
    """How often a view is called that always fails like this."""
    calls = []

    @once_more
    def fail() -> str:
        calls.append(1)
        raise error

    with app.test_request_context(), pytest.raises(type(error)):
        fail()
    return len(calls)


def test_it_asks_twice_and_no_more(app: Flask) -> None:
    assert asked(app, NoResultFound()) == 2


def test_it_asks_once_what_fails_by_itself(app: Flask) -> None:
    assert asked(app, ValueError()) == 1


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
