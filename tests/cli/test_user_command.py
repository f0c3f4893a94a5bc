"""``broadsheet user``: the way in when nobody else can open it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from click.testing import Result
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.db import session_scope
from service.models import Audit, Role, User
from service.staff import sessions, totp
from service.staff.lockout import Origin
from service.staff.login import check_login
from service.staff.users import add_user, set_up_codes

Run = Callable[..., Result]

ADA, BOB = "ada@example.org", "bob@example.org"
PASSWORD = "correct horse battery"
HERE = Origin.of_network("192.0.2.7", "192.0.2.7")


@pytest.fixture
def people(database: Engine) -> None:
    """Ada, the owner; Bob, an editor with codes who is logged in and shut out."""
    now = datetime.now(UTC)
    with session_scope() as session:
        add_user(session, ADA, PASSWORD, Role.OWNER, now)
        bob = add_user(session, BOB, PASSWORD, Role.EDITOR, now)
        set_up_codes(bob, totp.new_secret(), 0)
        sessions.begin(session, bob, sessions.Client(), now)
    for _ in range(5):
        check_login(BOB, "wrong", lambda _: HERE, now)


def stored(database: Engine, email: str) -> User:
    with Session(database) as session:
        return session.scalars(select(User).where(User.email == email)).one()


def test_it_lists_who_may_log_in(run: Run, people: None) -> None:
    ada, bob = run("user", "list").stdout.splitlines()
    assert ada.split() == ["owner", "codes", "off", "never", ADA]
    assert bob.startswith("editor  codes on")
    assert "shut to the network 192.0.2.7 until" in bob


def test_it_says_how_to_begin(run: Run, database: Engine) -> None:
    assert "broadsheet user add" in run("user", "list").stdout


def test_it_changes_a_role(run: Run, people: None, database: Engine) -> None:
    assert run("user", "role", "BOB@example.org", "owner").stdout == f"{BOB} is owner now.\n"
    assert stored(database, BOB).role is Role.OWNER


@pytest.mark.parametrize("command", [("role", ADA, "viewer"), ("remove", ADA)])
def test_it_keeps_the_last_owner(
    run: Run, people: None, database: Engine, command: tuple[str, ...]
) -> None:
    done = run("user", *command)
    assert done.exit_code == 1
    assert "the only owner who can log in" in done.stderr
    assert stored(database, ADA).role is Role.OWNER


def test_it_removes_an_account(run: Run, people: None, database: Engine) -> None:
    run("user", "remove", BOB)
    assert stored(database, BOB).removed_at is not None
    assert BOB not in run("user", "list").stdout
    assert run("user", "add", BOB, "--password", PASSWORD).exit_code == 0


def test_it_opens_a_shut_account_with_a_new_password(
    run: Run, people: None, database: Engine
) -> None:
    said, shown = run("user", "reset-password", BOB).stdout.splitlines()
    assert "logged out everywhere" in said
    with Session(database) as session:
        now = datetime.now(UTC)
        password = shown.removeprefix("Password: ")
        user = check_login(BOB, password, lambda _: HERE, now)
        assert user is not None
        assert sessions.of_user(session, user.id, now) == []


def test_it_refuses_a_short_password(run: Run, people: None) -> None:
    done = run("user", "reset-password", BOB, "--password", "short")
    assert done.exit_code == 1
    assert "at least 12 characters" in done.stderr


def test_it_resets_codes(run: Run, people: None, database: Engine) -> None:
    assert "password alone" in run("user", "reset-totp", BOB).stdout
    assert stored(database, BOB).totp_secret is None


@pytest.mark.parametrize(
    "command", [("role", "no@example.org", "viewer"), ("remove", "x"), ("reset-totp", "")]
)
def test_it_says_whom_it_does_not_know(run: Run, people: None, command: tuple[str, ...]) -> None:
    done = run("user", *command)
    assert done.exit_code == 1
    assert "`broadsheet user list` names them all" in done.stderr


def test_it_notes_what_was_done_from_the_shell(run: Run, people: None, database: Engine) -> None:
    run("user", "role", BOB, "viewer")
    run("user", "reset-totp", BOB)
    with Session(database) as session:
        query = select(Audit).where(Audit.action.like("user.%")).order_by(Audit.id)
        notes = session.scalars(query).all()
    assert [(note.action, note.subject, note.user_id) for note in notes] == [
        ("user.role", BOB, None),
        ("user.codes_off", BOB, None),
    ]
