"""A sign-up takes the same way for every address, so that its time tells nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.audience.joining import Reader, add_confirmed
from service.audience.sign_up import sign_up
from service.audience.suppression import hash_of, suppress
from service.models import ConsentEvent, Newsletter, Notice, SuppressionReason
from tests.delivery.test_bad_luck import wait_until_it_waits


@contextmanager
def told(engine: Engine) -> Iterator[list[str]]:
    """The statements that a database is told meanwhile, without their values."""
    heard: list[str] = []

    def hear(_c: Any, _u: Any, statement: str, *_: Any) -> None:
        heard.append(statement)

    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(engine, "before_cursor_execute", hear)


@pytest.mark.parametrize("known", ["an active reader", "asked a moment ago", "suppressed"])
def test_it_asks_the_database_the_same_for_every_address(
    known: str, database: Engine, session: Session, newsletter: Newsletter, now: datetime
) -> None:
    address = parse_address("ann@example.org")
    if known == "an active reader":
        add_confirmed(session, newsletter, Reader(address), now)
    elif known == "asked a moment ago":
        sign_up(session, newsletter, "ann@example.org", now=now)
    else:
        suppress(session, hash_of(address), SuppressionReason.COMPLAINT, "", now)
    sign_up(session, newsletter, "first@example.org", now=now)  # makes what all share
    session.commit()
    with told(database) as for_a_stranger:
        sign_up(session, newsletter, "new@example.org", now=now)
        session.commit()
    with told(database) as for_the_known:
        sign_up(session, newsletter, "ann@example.org", now=now)
        session.commit()
    assert len(for_a_stranger) >= 6
    assert for_the_known == for_a_stranger


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer
@pytest.mark.parametrize("known", [False, True], ids=["new", "pending"])
def test_it_asks_once_whoever_signs_up_twice_at_the_same_moment(
    database: Engine, session: Session, newsletter: Newsletter, now: datetime, known: bool
) -> None:
    if known:
        sign_up(session, newsletter, "ann@example.org", now=now - timedelta(days=2))
    session.commit()
    sign_up(session, newsletter, "ann@example.org", now=now)

    def again() -> None:
        with Session(database) as own, own.begin():
            sign_up(own, own.get_one(Newsletter, newsletter.id), "Ann@example.org", now=now)

    second = threading.Thread(target=again)
    second.start()
    wait_until_it_waits(database)
    session.commit()
    second.join(timeout=30)
    asked = session.scalars(select(Notice).where(Notice.created_at == now).order_by(Notice.id))
    assert [notice.reason for notice in asked] == [None, "asked a short time ago"]
    lines = session.scalars(select(ConsentEvent.sequence).order_by(ConsentEvent.sequence)).all()
    assert lines == ([1, 2] if known else [1])
