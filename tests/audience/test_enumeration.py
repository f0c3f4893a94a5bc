"""A sign-up takes the same way for every address, so that its time tells nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.audience.joining import Reader, add_confirmed
from service.audience.sign_up import sign_up
from service.audience.suppression import hash_of, suppress
from service.models import Newsletter, SuppressionReason


@contextmanager
def told(engine: Engine) -> Iterator[list[str]]:
    """The statements that a database is told meanwhile, without their values."""
    heard: list[str] = []

    def hear(_c: Any, _u: Any, statement: str, *_: Any) -> None:
        first = statement.split(maxsplit=1)[0]
        # A savepoint is let go or taken back: one short statement in either case.
        ends = first == "RELEASE" or statement.startswith("ROLLBACK TO")
        heard.append("end of savepoint" if ends else statement)

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
    assert len(for_a_stranger) > 6
    assert for_the_known == for_a_stranger
