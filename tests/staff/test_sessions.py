"""Browsers that are logged in: for how long, and until somebody ends them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.models import Role, User, UserSession
from service.staff import sessions
from service.staff.sessions import IDLE, LONGEST, PROOF_LASTS, Client
from service.staff.users import add_user

SECOND = timedelta(seconds=1)
NONE = timedelta()


@pytest.fixture
def user(session: Session, now: datetime) -> User:
    return add_user(session, "ola@example.org", "correct horse battery", Role.OWNER, now)


def numbers(session: Session, user: User, now: datetime) -> list[int]:
    return [one.id for one in sessions.of_user(session, user.id, now)]


@pytest.mark.parametrize(
    ("begun", "seen", "over"),
    [
        (NONE, NONE, False),
        (IDLE, IDLE, False),
        (IDLE + SECOND, IDLE + SECOND, True),
        (IDLE + SECOND, NONE, False),
        (LONGEST, NONE, False),
        (LONGEST + SECOND, NONE, True),
    ],
)
def test_it_knows_when_a_session_is_over(
    begun: timedelta, seen: timedelta, over: bool, now: datetime
) -> None:
    assert sessions.is_over(now - begun, now - seen, now) is over


@pytest.mark.parametrize(
    ("ago", "proved"), [(NONE, True), (PROOF_LASTS, True), (PROOF_LASTS + SECOND, False)]
)
def test_it_knows_how_long_the_password_holds(ago: timedelta, proved: bool, now: datetime) -> None:
    assert sessions.is_proved(now - ago, now) is proved


def test_it_finds_a_session_by_its_token_and_by_no_other(
    session: Session, user: User, now: datetime
) -> None:
    token = sessions.begin(session, user, Client("192.0.2.7", "x" * 9000), now)
    found = sessions.find(session, token, now)
    assert found is not None
    assert found[1] is user
    assert len(found[0].user_agent or "") == 500
    assert sessions.find(session, found[0].token_hash, now) is None
    assert sessions.find(session, "", now) is None


def test_it_finds_nothing_of_who_was_removed(session: Session, user: User, now: datetime) -> None:
    token = sessions.begin(session, user, Client(), now)
    user.removed_at = now
    session.flush()
    assert sessions.find(session, token, now) is None


def test_it_ends_one_and_all_but_one_of_one_user(
    session: Session, user: User, now: datetime
) -> None:
    other = add_user(session, "eve@example.org", "correct horse battery", Role.EDITOR, now)
    for who in (user, user, user, other):
        sessions.begin(session, who, Client(), now)
    first, second, third = sorted(numbers(session, user, now))
    [theirs] = numbers(session, other, now)
    assert not sessions.end(session, user.id, theirs), "it ended somebody else's"
    assert sessions.end(session, user.id, first)
    assert sessions.end_all(session, user.id, but=third) == 1
    assert numbers(session, user, now) == [third]
    assert numbers(session, other, now) == [theirs]
    assert second not in numbers(session, user, now)


def test_it_forgets_rows_that_are_over_at_the_next_login(
    session: Session, user: User, now: datetime
) -> None:
    sessions.begin(session, user, Client(), now)
    sessions.begin(session, user, Client(), now + IDLE + SECOND)
    assert session.scalars(select(func.count()).select_from(UserSession)).one() == 1


def test_it_never_puts_back_when_a_browser_was_seen(
    session: Session, user: User, now: datetime
) -> None:
    sessions.begin(session, user, Client(), now)
    [number] = numbers(session, user, now)
    for at in (now + timedelta(minutes=2), now + timedelta(minutes=1)):
        sessions.note_seen(session, number, at)
    seen = session.scalars(select(UserSession.seen_at)).one()
    assert seen == now + timedelta(minutes=2)
