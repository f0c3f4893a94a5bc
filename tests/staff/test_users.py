"""Accounts: made, opened, shut for a while."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from service.audience.addresses import BadAddress
from service.models import Role, User
from service.staff.login import check_login, locked_until
from service.staff.users import BadUser, add_user

PASSWORD = "correct horse battery"
EMAIL = "editor@example.org"


@pytest.fixture
def user(session: Session, now: datetime) -> User:
    return add_user(session, EMAIL, PASSWORD, Role.EDITOR, now)


def test_it_keeps_no_password(user: User) -> None:
    assert user.password_hash.startswith("$argon2id$")
    assert PASSWORD not in user.password_hash


def test_it_opens_an_account(session: Session, user: User, now: datetime) -> None:
    assert check_login(session, " Editor@Example.org ", PASSWORD, now) is user


@pytest.mark.parametrize(
    ("email", "password", "error"),
    [
        (EMAIL, "another long one", BadUser),
        ("bo@example.org", "short", BadUser),
        ("bo@example.org", "x" * 2000, BadUser),
        ("bo", PASSWORD, BadAddress),
    ],
)
def test_it_says_why_an_account_cannot_be_made(
    email: str, password: str, error: type[ValueError], session: Session, user: User, now: datetime
) -> None:
    with pytest.raises(error):
        add_user(session, email, password, Role.OWNER, now)


@pytest.mark.parametrize("password", ["", "wrong", "x" * 100_000, PASSWORD.upper()])
def test_it_refuses_a_wrong_password(
    password: str, session: Session, user: User, now: datetime
) -> None:
    assert check_login(session, EMAIL, password, now) is None
    assert user.failed_logins == 1


def test_it_refuses_an_unknown_account(session: Session, user: User, now: datetime) -> None:
    assert check_login(session, "nobody@example.org", PASSWORD, now) is None


def test_it_shuts_after_five_and_opens_again(session: Session, user: User, now: datetime) -> None:
    for _ in range(5):
        check_login(session, EMAIL, "wrong", now)
    assert check_login(session, EMAIL, PASSWORD, now) is None
    later = now + timedelta(minutes=1, seconds=1)
    assert check_login(session, EMAIL, PASSWORD, later) is user
    assert (user.failed_logins, user.locked_until) == (0, None)


@pytest.mark.parametrize(
    ("failures", "minutes"), [(4, None), (5, 1), (6, 2), (7, 4), (11, 60), (500, 60)]
)
def test_it_shuts_for_longer_each_time(failures: int, minutes: int | None, now: datetime) -> None:
    expected = None if minutes is None else now + timedelta(minutes=minutes)
    assert locked_until(failures, now) == expected
