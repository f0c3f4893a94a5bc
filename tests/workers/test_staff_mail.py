"""Mail to who works here: links made at the last moment, that open once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from service.config import settings
from service.models import NoticeKind, Role, User
from service.staff.links import FORGOTTEN_FOR, INVITED_FOR, user_of_link
from service.staff.mails import News
from service.staff.users import add_user, choose_password, invite, remove
from tests.delivery.rows import a_newsletter
from tests.workers.test_notices import BASE, mail_of

PASSWORD = "correct horse battery"
PATH = f"{BASE}/admin/password/"


@pytest.fixture
def owner(session: Session, now: datetime) -> User:
    a_newsletter(session, now)
    return add_user(session, "ola@example.org", PASSWORD, Role.OWNER, now)


@pytest.fixture
def guest(session: Session, owner: User, now: datetime) -> User:
    return invite(session, "guest@example.org", Role.EDITOR, now)


def token_in(session: Session, kind: NoticeKind, user: User, now: datetime) -> str:
    mail, values = mail_of(session, kind, now, payload={"user_id": user.id})
    assert values["actionUrl"].startswith(PATH)
    assert values["actionUrl"] in mail.text
    return values["actionUrl"].removeprefix(PATH)


def opens(session: Session, token: str, at: datetime) -> User | None:
    return user_of_link(session, settings().secret, token, at)


def test_it_invites_by_a_link_that_is_good_for_a_week(
    session: Session, guest: User, now: datetime
) -> None:
    token = token_in(session, NoticeKind.INVITATION, guest, now)
    assert opens(session, token, now + INVITED_FOR) is guest
    assert opens(session, token, now + INVITED_FOR + timedelta(seconds=1)) is None


def test_it_gives_an_hour_for_a_forgotten_password(
    session: Session, owner: User, now: datetime
) -> None:
    token = token_in(session, NoticeKind.RESET, owner, now)
    assert opens(session, token, now + FORGOTTEN_FOR) is owner
    assert opens(session, token, now + FORGOTTEN_FOR + timedelta(seconds=1)) is None


def test_it_spends_every_link_with_the_first_that_is_used(
    session: Session, owner: User, now: datetime
) -> None:
    first = token_in(session, NoticeKind.RESET, owner, now)
    second = token_in(session, NoticeKind.RESET, owner, now + timedelta(minutes=10))
    choose_password(session, owner, "another long password")
    assert opens(session, first, now) is None
    assert opens(session, second, now) is None


def test_it_takes_no_token_that_was_made_for_something_else(
    session: Session, owner: User, now: datetime
) -> None:
    token = token_in(session, NoticeKind.RESET, owner, now)
    payload, mac = token.split(".")
    for forged in (f"{payload}.{mac[::-1]}", payload, "", "a.b"):
        assert opens(session, forged, now) is None


def test_it_names_the_browser_and_the_time_of_a_login(
    session: Session, owner: User, now: datetime
) -> None:
    payload = {"user_id": owner.id, "browser": "Firefox on Linux"}
    mail, values = mail_of(session, NoticeKind.LOGIN, now, payload=payload)
    assert "Firefox on Linux, at 20 November 2026, 07:00 UTC" in mail.text
    assert values["actionUrl"] == f"{BASE}/admin/account"


@pytest.mark.parametrize("news", News)
def test_it_says_what_became_of_an_account(
    session: Session, owner: User, now: datetime, news: News
) -> None:
    payload = {"user_id": owner.id, "news": news.value}
    mail, values = mail_of(session, NoticeKind.ACCOUNT, now, payload=payload)
    assert values["news"] in " ".join(mail.text.split())
    assert "20 November 2026, 07:00 UTC" in mail.text
    assert values["actionUrl"] == f"{BASE}/admin/account"


def test_it_writes_to_nobody_who_was_removed(session: Session, guest: User, now: datetime) -> None:
    remove(session, guest, now)
    with pytest.raises(ValueError, match="removed"):
        mail_of(session, NoticeKind.INVITATION, now, payload={"user_id": guest.id})
