"""Who is let in, and who has to wait: nobody for the wrong tries of somebody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from service.db import session_scope
from service.models import FailedLogin, Notice, NoticeKind, Role, User
from service.staff import totp
from service.staff.lockout import (
    FROM_ALL_STRANGERS,
    FROM_ONE_PLACE,
    LONGEST_WAIT,
    Origin,
    shut_now,
    wait_after,
)
from service.staff.login import Proof, check_code, check_login, prove
from service.staff.users import add_user, choose_password, set_up_codes
from tests.delivery.rows import a_newsletter

PASSWORD = "correct horse battery"
EMAIL = "editor@example.org"
HOME = Origin.of_network("192.0.2.7", "192.0.2.7")
ELSEWHERE = Origin.of_network("198.51.100.9", "198.51.100.9")
KNOWN = Origin.of_browser(8371, "192.0.2.7")
INSIDE = Origin.of_session(12, "192.0.2.7")
MINUTE = timedelta(minutes=1, seconds=1)


@pytest.fixture
def user(database: Engine, now: datetime) -> User:
    with session_scope() as session:
        a_newsletter(session, now)
        return add_user(session, EMAIL, PASSWORD, Role.EDITOR, now)


def at(origin: Origin) -> Callable[[int], Origin]:
    return lambda user_id: origin


def lets_in(origin: Origin, now: datetime, password: str = PASSWORD, email: str = EMAIL) -> bool:
    return check_login(email, password, at(origin), now) is not None


def guess(origin: Origin, now: datetime, times: int = FROM_ONE_PLACE) -> None:
    for _ in range(times):
        assert not lets_in(origin, now, "wrong")


def test_it_opens_an_account_to_its_password_alone(user: User, now: datetime) -> None:
    assert lets_in(HOME, now, email=" Editor@Example.org ")
    for wrong in ("", "wrong", "x" * 100_000, PASSWORD.upper()):
        assert not lets_in(ELSEWHERE, now, wrong)
    assert not lets_in(ELSEWHERE, now, email="nobody@example.org")


@pytest.mark.parametrize("origin", [HOME, KNOWN])
def test_it_makes_who_guesses_wait_and_listens_again(
    user: User, now: datetime, origin: Origin
) -> None:
    guess(origin, now)
    assert not lets_in(origin, now)
    assert lets_in(origin, now + MINUTE)
    guess(origin, now + MINUTE, FROM_ONE_PLACE - 1)
    assert lets_in(origin, now + MINUTE), "what was right did not end the count"


def test_it_shuts_nobody_out_for_what_others_tried(user: User, now: datetime) -> None:
    guess(HOME, now)
    assert lets_in(ELSEWHERE, now)
    assert lets_in(KNOWN, now)
    assert prove(user.id, PASSWORD, "", INSIDE, now) is Proof.RIGHT


def test_it_makes_all_strangers_wait_when_many_networks_guess(user: User, now: datetime) -> None:
    with session_scope() as session:
        session.get_one(User, user.id).failed_logins = FROM_ALL_STRANGERS - 1
    guess(ELSEWHERE, now, 1)
    assert not lets_in(HOME, now)
    assert lets_in(KNOWN, now), "a browser that was in it before is shut out by strangers"
    assert not lets_in(HOME, now), "a known browser's login lets the strangers guess on"
    with session_scope() as session:
        choose_password(session, session.get_one(User, user.id), "another long one")
    assert lets_in(HOME, now, "another long one")


def test_it_counts_wrong_codes_and_the_password_does_not_end_the_count(
    user: User, now: datetime
) -> None:
    secret = totp.new_secret()
    with session_scope() as session:
        set_up_codes(session.get_one(User, user.id), secret, 0)
    for _ in range(FROM_ONE_PLACE):
        assert lets_in(HOME, now)
        assert check_code(user.id, "000000", HOME, now) is None
        assert prove(user.id, PASSWORD, None, INSIDE, now) is Proof.RIGHT
        prove(user.id, PASSWORD, "000000", INSIDE, now)
    code = totp.code_at(secret, totp.step_of(now))
    assert check_code(user.id, code, HOME, now) is None
    assert prove(user.id, PASSWORD, code, INSIDE, now) is Proof.SHUT
    assert not lets_in(HOME, now)
    with session_scope() as session:
        [told] = session.scalars(select(Notice).where(Notice.kind == NoticeKind.ACCOUNT))
        assert (told.address, told.payload["news"]) == (EMAIL, "known")
    assert check_code(user.id, code, ELSEWHERE, now) is not None


def test_it_says_who_has_to_wait_and_forgets_it_after_a_day(user: User, now: datetime) -> None:
    guess(HOME, now, 6)
    with session_scope() as session:
        [shut] = shut_now(session, now)[user.id]
        assert (shut.who, shut.failures) == ("the network 192.0.2.7", 5)
        assert shut_now(session, now + MINUTE) == {}
    guess(ELSEWHERE, now + timedelta(days=1, seconds=1), 1)
    with session_scope() as session:
        assert session.scalars(select(FailedLogin.origin)).all() == [ELSEWHERE.key]


@pytest.mark.parametrize(
    ("failures", "minutes"), [(4, None), (5, 1), (6, 2), (7, 4), (11, 60), (500, 60)]
)
def test_it_waits_longer_each_time(failures: int, minutes: int | None, now: datetime) -> None:
    expected = None if minutes is None else now + timedelta(minutes=minutes)
    assert wait_after(failures, FROM_ONE_PLACE, now) == expected
    assert minutes is None or timedelta(minutes=minutes) <= LONGEST_WAIT
