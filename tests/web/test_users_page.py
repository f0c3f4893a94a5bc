"""The users page: invited, given a role, helped, removed; never without an owner."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.db import session_scope
from service.models import (
    ApiToken,
    Audit,
    DeliveryState,
    Newsletter,
    Notice,
    NoticeKind,
    Role,
    User,
)
from service.staff import sessions, totp
from service.staff.users import add_user, set_up_codes, user_named
from service.web.asking import now as wall_clock
from tests.web.browsing import EDITOR, PASSWORD, post

OTHER = "other@example.org"
USERS = "/admin/users"


@pytest.fixture
def other(editor: FlaskClient) -> User:
    """An editor, who has codes, a browser that is logged in and a key for a program."""
    with session_scope() as session:
        user = add_user(session, OTHER, PASSWORD, Role.EDITOR, wall_clock())
        set_up_codes(user, totp.new_secret(), 0)
        sessions.begin(session, user, sessions.Client(), wall_clock())
        session.add(
            ApiToken(user_id=user.id, name="sync", token_hash="x" * 64, created_at=wall_clock())
        )
    return user


def stored(email: str) -> User | None:
    with session_scope() as session:
        return user_named(session, email)


def do(editor: FlaskClient, user: User, what: str, **form: str) -> str:
    """What the page then says."""
    page = f"{USERS}/{user.id}"
    answer = post(editor, page, f"{page}/{what}", **form)
    assert answer.status_code == 303
    return editor.get(answer.headers["Location"]).text


def owner() -> User:
    found = stored(EDITOR)
    assert found is not None
    return found


def test_it_invites_by_mail(editor: FlaskClient, session: Session) -> None:
    answer = post(editor, USERS, f"{USERS}/invite", email=" New@Example.org ", role="viewer")
    assert answer.status_code == 303
    user = stored("new@example.org")
    assert user is not None
    assert (user.role, user.password_hash) == (Role.VIEWER, "")
    notice = session.scalars(select(Notice).where(Notice.kind == NoticeKind.INVITATION)).one()
    assert (notice.address, notice.payload) == ("new@example.org", {"user_id": user.id})
    assert "invited" in editor.get(USERS).text
    assert "Waits to be sent" in editor.get(f"{USERS}/{user.id}").text
    notice.state = DeliveryState.BOUNCED
    session.commit()
    assert "Bounced: see whether" in editor.get(f"{USERS}/{user.id}").text


@pytest.mark.parametrize(
    ("email", "role", "said"),
    [
        (EDITOR, "viewer", "There is an account"),
        ("new", "viewer", "new"),
        ("new@example.org", "king", "Choose what they may do"),
    ],
)
def test_it_says_why_it_invites_nobody_and_keeps_what_was_typed(
    editor: FlaskClient, email: str, role: str, said: str
) -> None:
    answer = post(editor, USERS, f"{USERS}/invite", email=email, role=role)
    assert answer.status_code == 400
    assert said in answer.text
    assert f'value="{email}"' in answer.text


def test_it_shows_the_link_where_no_mail_can_go(editor: FlaskClient) -> None:
    with session_scope() as session:
        session.execute(delete(Newsletter))
    answer = post(editor, USERS, f"{USERS}/invite", email="new@example.org", role="editor")
    assert answer.status_code == 200
    assert "/admin/password/" in answer.text


def test_it_changes_a_role(editor: FlaskClient, other: User) -> None:
    assert "is owner now" in do(editor, other, "role", role="owner")
    found = stored(OTHER)
    assert found is not None
    assert found.role is Role.OWNER


def test_it_keeps_the_last_owner(editor: FlaskClient, other: User) -> None:
    me = owner()
    assert "the only owner" in do(editor, me, "role", role="editor")
    assert "the only owner" in do(editor, me, "remove")
    found = stored(EDITOR)
    assert found is not None
    assert found.role is Role.OWNER


def test_it_does_not_count_an_owner_who_was_only_invited(editor: FlaskClient) -> None:
    post(editor, USERS, f"{USERS}/invite", email="new@example.org", role="owner")
    assert "the only owner" in do(editor, owner(), "role", role="editor")


def test_it_changes_an_address_and_tells_the_old_one(
    editor: FlaskClient, other: User, session: Session
) -> None:
    for taken in (EDITOR, "no address"):
        do(editor, other, "address", email=taken)
        assert stored(OTHER) is not None
    assert "logs in instead of" in do(editor, other, "address", email="Ada.Novak@example.org")
    found = stored("ada.novak@example.org")
    assert found is not None
    assert (found.id, found.password_hash) == (other.id, other.password_hash)
    do(editor, other, "remove")
    assert "let that address in again" in do(editor, owner(), "address", email=found.email)
    [told] = session.scalars(select(Notice))
    assert (told.address, told.payload["news"]) == (OTHER, "address")


def test_it_removes_an_account_and_all_that_it_opened(
    editor: FlaskClient, other: User, session: Session
) -> None:
    with session_scope() as writing:
        writing.add(
            Audit(user_id=other.id, action="issue.stop", subject="x", detail={}, at=wall_clock())
        )
    assert "may not log in any more" in do(editor, other, "remove")
    assert stored(OTHER) is None
    assert sessions.of_user(session, other.id, wall_clock()) == []
    assert session.scalars(select(ApiToken.revoked_at)).one() is not None
    assert OTHER in editor.get("/admin/audit?action=issue.stop").text, "the log forgot who it was"
    assert editor.get(f"{USERS}/{other.id}").status_code == 404


def test_it_takes_somebody_in_again_who_was_removed(editor: FlaskClient, other: User) -> None:
    do(editor, other, "remove")
    assert post(editor, USERS, f"{USERS}/invite", email=OTHER, role="viewer").status_code == 303
    found = stored(OTHER)
    assert found is not None
    assert (found.id, found.role, found.password_hash) == (other.id, Role.VIEWER, "")


def test_it_resets_codes_and_logs_out_who_lost_a_device(
    editor: FlaskClient, other: User, session: Session
) -> None:
    do(editor, other, "codes")
    found = stored(OTHER)
    assert found is not None
    assert (found.totp_secret, found.recovery_codes) == (None, [])
    assert sessions.of_user(session, other.id, wall_clock()) == []


def test_it_logs_somebody_out_everywhere(
    editor: FlaskClient, other: User, session: Session
) -> None:
    do(editor, other, "logout")
    assert sessions.of_user(session, other.id, wall_clock()) == []
    assert editor.get("/admin/").status_code == 200


def test_it_sends_a_password_link_and_no_second_at_once(
    editor: FlaskClient, other: User, session: Session
) -> None:
    assert "on its way" in do(editor, other, "link")
    assert "a few minutes ago" in do(editor, other, "link")
    assert session.scalars(select(Notice.address)).all() == [OTHER]


def test_it_notes_each_step(editor: FlaskClient, other: User, session: Session) -> None:
    for what, form in (("role", {"role": "viewer"}), ("codes", {}), ("logout", {}), ("remove", {})):
        do(editor, other, what, **form)
    me = owner().id
    query = select(Audit).where(Audit.subject == OTHER).order_by(Audit.id)
    notes = list(session.scalars(query))
    assert [note.action for note in notes] == [
        "user.role",
        "user.codes_off",
        "user.logout",
        "user.remove",
    ]
    assert {note.user_id for note in notes} == {me}
    assert notes[0].detail == {"was": "editor", "role": "viewer"}


def test_it_puts_an_owner_out_who_gives_the_role_away(editor: FlaskClient, other: User) -> None:
    do(editor, other, "role", role="owner")
    assert "You are viewer now" in do(editor, owner(), "role", role="viewer")
    assert editor.get(USERS).status_code == 403
