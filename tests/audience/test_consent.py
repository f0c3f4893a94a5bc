"""The ledger: each line follows from the one before, and tampering shows."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from service.audience.consent import (
    CURRENT,
    FIRST,
    TEXTS,
    Line,
    Visitor,
    consent_text,
    ledger,
    record,
    verify,
)
from service.models import ConsentEvent, ConsentKind, Newsletter

ANN, BO = "a" * 64, "b" * 64


def written(session: Session, newsletter: Newsletter, now: datetime) -> list[ConsentEvent]:
    """A ledger of three lines, and one of another reader between them."""
    visitor = Visitor("192.0.2.7", "A browser")
    kinds = (ConsentKind.SIGNED_UP, ConsentKind.CONFIRMED, ConsentKind.UNSUBSCRIBED)
    for number, kind in enumerate(kinds):
        at = now + timedelta(microseconds=number)
        record(session, Line(newsletter.id, ANN, kind, at, CURRENT, visitor, {"n": number}))
        record(session, Line(newsletter.id, BO, ConsentKind.IMPORTED, at))
    session.commit()
    session.expire_all()  # what is verified comes from the database
    return list(ledger(session, newsletter.id, ANN))


def test_it_chains_the_lines_of_one_reader(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    lines = written(session, newsletter, now)
    assert [line.sequence for line in lines] == [1, 2, 3]
    assert [line.previous_hash for line in lines] == [FIRST, lines[0].hash, lines[1].hash]
    assert verify(lines) is None


@pytest.mark.parametrize(
    "change",
    [
        "kind = 'imported'",
        "ip = '192.0.2.8'",
        "user_agent = NULL",
        "text_version = 'signup-2'",
        "detail = '{\"n\": 9}'",
        f"email_hash = '{'c' * 64}'",
        f"hash = '{'0' * 64}'",
    ],
)
def test_it_finds_a_line_that_was_changed(
    change: str, session: Session, newsletter: Newsletter, now: datetime
) -> None:
    second = written(session, newsletter, now)[1].id
    session.execute(text(f"UPDATE consent_event SET {change} WHERE id = :id"), {"id": second})
    lines = [session.get_one(ConsentEvent, second + step) for step in (-2, 0, 2)]
    for line in lines:
        session.refresh(line)
    assert verify(lines) is lines[1]


def test_it_finds_where_a_line_is_missing(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    lines = written(session, newsletter, now)
    assert verify([lines[0], lines[2]]) is lines[2]
    assert verify(lines[1:]) is lines[1]


def test_it_finds_lines_that_changed_places(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    first, second, third = written(session, newsletter, now)
    assert verify([first, third, second]) is third


def test_it_writes_many_ledgers_at_once(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    written(session, newsletter, now)
    hashes = [ANN, BO, "d" * 64]
    record(session, *(Line(newsletter.id, one, ConsentKind.CHANGED, now) for one in hashes))
    assert [len(ledger(session, newsletter.id, one)) for one in hashes] == [4, 4, 1]
    assert all(verify(ledger(session, newsletter.id, one)) is None for one in hashes)


def test_it_never_changes_a_text_that_was_shown() -> None:
    seals = {
        version: hashlib.sha256(words.encode()).hexdigest()[:12] for version, words in TEXTS.items()
    }
    assert seals == {"signup-1": "7c1d73373c66", "signup-1.de": "d70c15da89fc"}


def test_it_shows_the_current_text() -> None:
    assert "The Report" in consent_text("The Report")
