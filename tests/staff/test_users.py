"""Accounts: made, or not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from service.audience.addresses import BadAddress
from service.db import session_scope
from service.models import Role, User
from service.staff.users import BadUser, add_user, invite
from tests.delivery.test_bad_luck import wait_until_it_waits

PASSWORD = "correct horse battery"
EMAIL = "editor@example.org"


@pytest.fixture
def user(session: Session, now: datetime) -> User:
    return add_user(session, EMAIL, PASSWORD, Role.EDITOR, now)


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


def test_it_makes_one_account_of_two_clicks_at_once(database: Engine, now: datetime) -> None:
    def click() -> None:
        with session_scope() as session:
            invite(session, EMAIL, Role.EDITOR, now)

    with ThreadPoolExecutor(1) as pool:
        with session_scope() as session:
            invite(session, EMAIL, Role.EDITOR, now)
            second = pool.submit(click)
            wait_until_it_waits(database)
        with pytest.raises(BadUser, match="an account for"):
            second.result()
