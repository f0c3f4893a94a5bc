"""Addresses that are left alone."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service.audience.suppression import is_suppressed, lift, lifted_at, suppress
from service.models import Audit, Suppression, SuppressionReason
from tests.meanwhile import just_before

ANN = "a" * 64
BOUNCE, COMPLAINT, MANUAL = SuppressionReason


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (BOUNCE, BOUNCE, BOUNCE),
        (BOUNCE, COMPLAINT, COMPLAINT),
        (BOUNCE, MANUAL, MANUAL),
        (COMPLAINT, BOUNCE, COMPLAINT),
        (MANUAL, BOUNCE, MANUAL),
        (COMPLAINT, MANUAL, COMPLAINT),
    ],
)
def test_it_suppresses_once_for_the_weightier_reason(
    first: SuppressionReason,
    second: SuppressionReason,
    kept: SuppressionReason,
    session: Session,
    now: datetime,
) -> None:
    assert suppress(session, ANN, first, "one", now) is True
    assert suppress(session, ANN, second, "two", now) is False
    assert session.scalars(select(Suppression)).one().reason is kept


def test_it_lifts_with_a_note_of_why(session: Session, now: datetime) -> None:
    suppress(session, ANN, BOUNCE, "550 no such user", now)
    assert lift(session, ANN, "The reader wrote to us", now) is True
    assert not is_suppressed(session, ANN)
    note = session.scalars(select(Audit)).one()
    assert note.detail["why"] == "The reader wrote to us"
    assert note.detail["was"] == "bounce"


def test_it_has_nothing_to_lift(session: Session, now: datetime) -> None:
    assert lift(session, ANN, "why", now) is False
    assert session.scalars(select(Audit)).all() == []


@pytest.mark.parametrize("why", ["", "  "])
def test_it_lifts_nothing_without_a_reason(session: Session, now: datetime, why: str) -> None:
    suppress(session, ANN, BOUNCE, "550 no such user", now)
    with pytest.raises(ValueError, match="say why"):
        lift(session, ANN, why, now)
    assert is_suppressed(session, ANN)


def test_it_knows_when_an_address_was_last_let_go(session: Session, now: datetime) -> None:
    assert lifted_at(session, ANN) is None
    for day in (1, 2):
        suppress(session, ANN, BOUNCE, "550 no such user", now)
        lift(session, ANN, "why", now + timedelta(days=day))
    assert lifted_at(session, ANN) == now + timedelta(days=2)
    assert lifted_at(session, "b" * 64) is None


on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
"""SQLite has one writer at a time, and nobody comes between."""


@on_postgresql
def test_it_suppresses_though_it_is_let_go_at_that_moment(database: Engine, now: datetime) -> None:
    """Whoever let it go knew of the bounce, and not of the complaint that comes just then."""
    with Session(database) as session, session.begin():
        suppress(session, ANN, BOUNCE, "550 no such user", now)

    def let_go() -> None:
        with Session(database) as other, other.begin():
            lift(other, ANN, "The reader wrote to us", now)

    just_before(database, "SELECT suppression", let_go)
    with Session(database) as session, session.begin():
        assert suppress(session, ANN, COMPLAINT, "abuse", now) is True
    with Session(database) as session:
        assert session.scalars(select(Suppression)).one().reason is COMPLAINT


@on_postgresql
def test_one_of_two_lets_it_go(database: Engine, now: datetime) -> None:
    with Session(database) as session, session.begin():
        suppress(session, ANN, BOUNCE, "550 no such user", now)
    waited = []

    def let_go_as_well() -> None:
        with Session(database) as other:
            other.execute(text("SET LOCAL lock_timeout = '50ms'"))
            with pytest.raises(OperationalError, match="lock timeout"):
                lift(other, ANN, "They called", now)
        waited.append("the other one")

    just_before(database, "INSERT INTO audit", let_go_as_well)
    with Session(database) as session, session.begin():
        assert lift(session, ANN, "The reader wrote to us", now) is True
    assert waited == ["the other one"]
