"""Addresses that are left alone."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audience.suppression import is_suppressed, lift, suppress
from service.models import Audit, Suppression, SuppressionReason

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
