"""Logging in with a password and a code, shutting after failures, and getting in again by mail."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from service.config import settings
from service.db import session_scope
from service.models import Audit, FailedLogin, Notice, NoticeKind, Role, User, UserSession
from service.staff import recovery, sessions, totp
from service.staff.links import password_path
from service.staff.users import add_user, invite, remove, set_up_codes
from service.web.asking import now as wall_clock
from tests.web.browsing import EDITOR, PASSWORD, csrf_of, post

SECRET = totp.new_secret()
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def user(app: Flask) -> User:
    with session_scope() as session:
        return add_user(session, EDITOR, PASSWORD, Role.OWNER, wall_clock())


@pytest.fixture
def codes(user: User) -> list[str]:
    """Codes are on; the recovery codes."""
    with session_scope() as session:
        return set_up_codes(session.get_one(User, user.id), SECRET, 0)


def code_now() -> str:
    return totp.code_at(SECRET, totp.step_of(wall_clock()))


def give_password(client: FlaskClient, password: str = PASSWORD, to: str = "") -> str:
    """The address that the answer leads to, '' when it stays."""
    answer = post(client, "/admin/login", "/admin/login", email=EDITOR, password=password, next=to)
    return answer.headers.get("Location", "")


def give_code(client: FlaskClient, code: str) -> int:
    return post(client, "/admin/login/code", "/admin/login/code", code=code).status_code


def is_in(client: FlaskClient) -> bool:
    return client.get("/admin/").status_code == 200


def notices(kind: NoticeKind) -> list[Notice]:
    with session_scope() as session:
        return list(session.scalars(select(Notice).where(Notice.kind == kind)))


def test_it_lets_nobody_in_by_the_password_alone_where_codes_are_on(
    client: FlaskClient, codes: list[str]
) -> None:
    assert give_password(client).startswith("/admin/login/code")
    assert not is_in(client)


def test_it_lets_in_by_both_and_goes_on_where_one_wanted_to(
    client: FlaskClient, codes: list[str]
) -> None:
    there = give_password(client, to="/admin/issues/")
    answer = post(client, there, "/admin/login/code", code=code_now(), next="/admin/issues/")
    assert answer.headers["Location"] == "/admin/issues/"
    assert is_in(client)


def test_it_takes_a_code_once(app: Flask, codes: list[str]) -> None:
    first, second = app.test_client(), app.test_client()
    code = code_now()
    give_password(first)
    assert give_code(first, code) == 302
    give_password(second)
    assert give_code(second, code) == 401
    assert not is_in(second)


def test_it_takes_a_recovery_code_once(app: Flask, codes: list[str]) -> None:
    for status in (302, 401):
        client = app.test_client()
        give_password(client)
        assert give_code(client, codes[0]) == status
    with session_scope() as session:
        assert len(session.scalars(select(User.recovery_codes)).one()) == recovery.HOW_MANY - 1


def test_it_asks_for_no_code_of_who_gave_no_password(client: FlaskClient, codes: list[str]) -> None:
    assert client.get("/admin/login/code").headers["Location"].startswith("/admin/login")
    token = csrf_of(client.get("/admin/login").text)
    answer = client.post("/admin/login/code", data={"csrf_token": token, "code": code_now()})
    assert answer.status_code == 303
    assert not is_in(client)


def test_it_shuts_after_five_wrong_codes_and_the_password_does_not_reset_the_count(
    client: FlaskClient, codes: list[str]
) -> None:
    for _ in range(5):
        give_password(client)
        assert give_code(client, "000000") == 401
    assert give_code(client, code_now()) == 401, "it is shut, whatever is given"
    assert give_password(client) == ""
    opens_again()
    give_password(client)
    assert give_code(client, code_now()) == 302
    assert is_in(client)


def test_it_shuts_after_five_wrong_passwords_and_opens_again(
    client: FlaskClient, user: User
) -> None:
    for _ in range(5):
        give_password(client, "wrong")
    give_password(client)
    assert not is_in(client)
    opens_again()
    give_password(client)
    assert is_in(client)


def opens_again() -> None:
    """The wait is over."""
    with session_scope() as session:
        past = wall_clock() - timedelta(seconds=1)
        session.execute(update(FailedLogin).values(locked_until=past))


def test_it_shuts_nobody_out_whom_a_stranger_names(app: Flask, user: User) -> None:
    inside, stranger = app.test_client(), app.test_client()
    give_password(inside)
    for _ in range(6):
        give_password(stranger, "wrong")
    form = {"current": PASSWORD, "new": "another long one"}
    assert post(inside, "/admin/account", "/admin/account/password", **form).status_code == 303
    for _ in range(6):
        give_password(stranger, "wrong")
    post(inside, "/admin/", "/admin/logout")
    give_password(inside, "another long one")
    assert is_in(inside), "its browser is known, and strangers shut it out"


def test_it_stops_one_network_whatever_account_it_tries(
    redis: Redis, client: FlaskClient, user: User
) -> None:
    page = client.get("/admin/login").text
    form = {"csrf_token": csrf_of(page), "password": "wrong"}
    answers = [
        client.post("/admin/login", data=form | {"email": f"n{number}@example.org"}).status_code
        for number in range(31)
    ]
    assert answers == [401] * 30 + [429]


def test_it_keeps_no_token_of_a_session(client: FlaskClient, user: User) -> None:
    give_password(client)
    with client.session_transaction() as cookie:
        token = cookie["_user_id"]
    with session_scope() as session:
        kept = session.scalars(select(UserSession.token_hash)).one()
    assert kept == sessions.hash_of(token)
    assert token not in kept


@pytest.mark.parametrize("field", ["seen_at", "created_at"])
def test_it_ends_a_session_that_is_idle_or_old(client: FlaskClient, user: User, field: str) -> None:
    give_password(client)
    assert is_in(client)
    limit = sessions.IDLE if field == "seen_at" else sessions.LONGEST
    with session_scope() as session:
        past = wall_clock() - limit - timedelta(minutes=1)
        session.execute(update(UserSession).values({field: past}))
    assert not is_in(client)


def test_it_says_that_a_form_came_too_late_and_leads_back_to_it(
    client: FlaskClient, user: User
) -> None:
    give_password(client)
    token = csrf_of(client.get("/admin/users").text)
    form = {"csrf_token": token, "email": "a@b.example", "password": "not kept"}  # see test_kept
    with session_scope() as session:
        session.execute(delete(UserSession))
    here = {"Referer": "http://news.example.org/admin/audit?user=none"}
    answer = client.post("/admin/users/invite", data=form, headers=here)
    assert answer.status_code == 303
    there = answer.headers["Location"]
    assert "what you sent was not taken" in client.get(there).text
    to = parse_qs(urlsplit(there).query)["next"][0]
    assert give_password(client, to=to) == "/admin/audit?user=none"
    assert client.get(to).status_code == 200


def test_it_notes_at_most_once_a_minute_that_a_browser_was_used(
    client: FlaskClient, user: User
) -> None:
    give_password(client)
    begun = seen_at()
    assert is_in(client)
    assert seen_at() == begun
    earlier = begun - timedelta(minutes=2)
    with session_scope() as session:
        session.execute(update(UserSession).values(seen_at=earlier))
    assert is_in(client)
    assert seen_at() >= begun


def seen_at() -> datetime:
    with session_scope() as session:
        return session.scalars(select(UserSession.seen_at)).one()


def test_it_ends_the_session_at_the_logout_and_not_the_cookie_alone(app: Flask, user: User) -> None:
    client, thief = app.test_client(), app.test_client()
    give_password(client)
    stolen = client.get_cookie("broadsheet")
    assert stolen is not None
    thief.set_cookie("broadsheet", stolen.value)
    assert is_in(thief)
    post(client, "/admin/", "/admin/logout")
    assert not is_in(thief)


def test_it_tells_of_a_login_by_a_browser_never_seen_before(app: Flask, user: User) -> None:
    first = app.test_client()
    give_password(first)
    assert notices(NoticeKind.LOGIN) == [], "nobody is told of their very first"
    post(first, "/admin/", "/admin/logout")
    give_password(first)
    assert notices(NoticeKind.LOGIN) == [], "the browser is known"
    stranger = app.test_client()
    stranger.environ_base["HTTP_USER_AGENT"] = FIREFOX
    give_password(stranger)
    [notice] = notices(NoticeKind.LOGIN)
    assert (notice.address, notice.payload["browser"]) == (EDITOR, "Firefox on Linux")


def test_it_answers_a_forgotten_password_alike_for_known_and_unknown(
    app: Flask, user: User
) -> None:
    pages = []
    for email in (EDITOR, "nobody@example.org"):
        client = app.test_client()
        answer = post(client, "/admin/forgot", "/admin/forgot", email=email)
        assert answer.status_code == 200
        pages.append(answer.text)
    assert pages[0] == pages[1]
    [notice] = notices(NoticeKind.RESET)
    assert notice.address == EDITOR
    assert "/admin/password/" not in str(notice.payload), "a link lies in the database"


def test_it_mails_no_second_link_at_once(client: FlaskClient, user: User) -> None:
    for _ in range(3):
        post(client, "/admin/forgot", "/admin/forgot", email=EDITOR)
    assert len(notices(NoticeKind.RESET)) == 1


def link_for(user: User, issued_at: datetime | None = None) -> str:
    with session_scope() as session:
        found = session.get_one(User, user.id)
        return password_path(found, settings().secret, issued_at or wall_clock())


def test_it_sets_a_password_by_a_link_once_and_logs_every_browser_out(
    app: Flask, user: User
) -> None:
    inside, client = app.test_client(), app.test_client()
    give_password(inside)
    path = link_for(user)
    assert post(client, path, path, password="a new one, and long").status_code == 303
    assert not is_in(inside)
    give_password(client, "a new one, and long")
    assert is_in(client)
    assert client.get(path).status_code == 404, "the link worked twice"


@pytest.mark.parametrize("password", ["short", "x" * 5000, EDITOR])
def test_it_says_why_a_password_cannot_be_chosen(
    client: FlaskClient, user: User, password: str
) -> None:
    path = link_for(user)
    answer = post(client, path, path, password=password)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert client.get(path).status_code == 200, "the link is spent, and nothing was set"


@pytest.mark.parametrize("trouble", ["late", "forged", "removed"])
def test_it_takes_no_link_that_is_late_forged_or_of_nobody(
    client: FlaskClient, user: User, trouble: str
) -> None:
    past = wall_clock() - timedelta(hours=2)
    path = link_for(user, past if trouble == "late" else None)
    if trouble == "forged":
        path = path[:-1] + ("A" if path[-1] != "A" else "B")
    if trouble == "removed":
        with session_scope() as session:
            add_user(session, "other@example.org", PASSWORD, Role.OWNER, wall_clock())
            remove(session, session.get_one(User, user.id), wall_clock())
    assert client.get(path).status_code == 404


def test_it_lets_in_who_was_invited_once_they_chose_a_password(
    client: FlaskClient, user: User
) -> None:
    with session_scope() as session:
        guest = invite(session, "guest@example.org", Role.VIEWER, wall_clock())
    for nothing in ("", " "):
        form = {"email": "guest@example.org", "password": nothing}
        assert post(client, "/admin/login", "/admin/login", **form).status_code == 401
    path = link_for(guest, wall_clock() - timedelta(days=6))
    post(client, path, path, password="chosen by the guest")
    form = {"email": "guest@example.org", "password": "chosen by the guest"}
    post(client, "/admin/login", "/admin/login", **form)
    assert is_in(client)


def test_it_keeps_nothing_that_was_typed_for_an_unknown_account(
    client: FlaskClient, user: User, session: Session
) -> None:
    post(client, "/admin/login", "/admin/login", email="my password!", password="x")
    note = session.scalars(select(Audit).where(Audit.action == "login.failed")).one()
    assert note.subject == "an unknown address"
