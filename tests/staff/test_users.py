"""Accounts: made, or not."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from service.audience.addresses import BadAddress
from service.models import Role, User
from service.staff.users import BadUser, add_user

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
