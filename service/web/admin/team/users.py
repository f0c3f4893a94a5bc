"""Who may log in: invited, given a role, helped back in, removed. For owners."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import abort, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from service.audience.addresses import BadAddress
from service.config import settings
from service.db import read_scope, session_scope
from service.models import DeliveryState, Role, User
from service.staff import sessions
from service.staff.links import password_path
from service.staff.lockout import shut_now
from service.staff.mails import News, can_mail, last_link, send_invitation, send_password_link, tell
from service.staff.users import (
    BadUser,
    all_users,
    audit,
    change_address,
    change_role,
    forget_codes,
    invite,
    remove,
)
from service.web.admin.blueprint import admin
from service.web.admin.team.accounts import account, owners_only
from service.web.admin.team.proving import recently_proved
from service.web.asking import field, now

Answer = str | Response | tuple[str, int]

RIGHTS = {
    Role.VIEWER: "looks at everything, and changes nothing",
    Role.EDITOR: "makes, sends and stops issues, and looks after readers and sources",
    Role.OWNER: "also decides who may log in, the settings, and keys for programs",
}

BECAME = {
    DeliveryState.QUEUED: "waits to be sent",
    DeliveryState.SENDING: "is being sent",
    DeliveryState.UNKNOWN: "unknown whether it was sent",
    DeliveryState.GIVEN_UP: "unknown whether it was sent",
    DeliveryState.ACCEPTED: "sent",
    DeliveryState.DELIVERED: "delivered",
    DeliveryState.SOFT_BOUNCED: "bounced for now",
    DeliveryState.BOUNCED: "bounced: see whether the address is right",
    DeliveryState.REJECTED: "refused: see the page Health",
    DeliveryState.SKIPPED: "not sent",
    DeliveryState.COMPLAINED: "delivered, and called spam",
}
"""Of a mail with a link."""

BAD_ROLE = "Choose what they may do: viewer, editor or owner."


@admin.get("/users")
@owners_only
def users() -> str:
    return _list()


@admin.post("/users/invite")
@owners_only
@recently_proved
def invite_user() -> Answer:
    email, at = field("email", 254), now()
    try:
        role = Role(field("role"))
        with session_scope() as session:
            user = invite(session, email, role, at)
            mailed = send_invitation(session, user, at)
            audit(session, account().id, "user.invite", user.email, at, role=role.value)
    except (BadUser, BadAddress) as error:
        return _list(str(error), email, field("role")), 400
    except ValueError:
        return _list(BAD_ROLE, email), 400
    if mailed:
        return _to_list(f"An invitation is on its way to {user.email}; it is good for seven days.")
    return _hand_over(user)


@admin.get("/users/<int(max=9223372036854775807):user_id>")
@owners_only
def user_page(user_id: int) -> str:
    with read_scope() as session:
        user = _user_or_404(session, user_id)
        return render_template(
            "admin/team/user.html",
            user=user,
            browsers=len(sessions.of_user(session, user.id, now())),
            rights=RIGHTS,
            shut=shut_now(session, now()).get(user.id, []),
            link=last_link(session, user),
            became=BECAME,
        )


@admin.post("/users/<int(max=9223372036854775807):user_id>/role")
@owners_only
@recently_proved
def user_role(user_id: int) -> Response:
    try:
        role = Role(field("role"))
    except ValueError:
        return _to_user(user_id, BAD_ROLE, "problem")
    try:
        with _changing(user_id) as (session, user):
            was = user.role.value
            change_role(session, user, role)
            audit(session, account().id, "user.role", user.email, now(), was=was, role=role.value)
    except BadUser as error:
        return _to_user(user_id, str(error), "problem")
    if user_id == account().id and role is not Role.OWNER:
        flash(f"You are {role.value} now.", "done")
        return redirect(url_for("admin.home"), 303)
    return _to_user(user_id, f"{user.email} is {role.value} now.")


@admin.post("/users/<int(max=9223372036854775807):user_id>/address")
@owners_only
@recently_proved
def user_address(user_id: int) -> Response:
    """For who changed their mailbox. The old one is told."""
    try:
        with _changing(user_id) as (session, user):
            was = user.email
            tell(session, user, News.ADDRESS, now())
            change_address(session, user, field("email", 254))
            audit(session, account().id, "user.address", user.email, now(), was=was)
    except (BadUser, BadAddress) as error:
        return _to_user(user_id, str(error), "problem")
    return _to_user(user_id, f"{user.email} logs in instead of {was}, by the same password.")


@admin.post("/users/<int(max=9223372036854775807):user_id>/link")
@owners_only
@recently_proved
def user_link(user_id: int) -> Answer:
    """A link to choose a password: the invitation again, or for a forgotten one."""
    with _changing(user_id) as (session, user):
        mailed = send_password_link(session, user, now())
        mails = can_mail(session)
        audit(session, account().id, "user.link", user.email, now())
    if mailed:
        return _to_user(user_id, f"A link to choose a password is on its way to {user.email}.")
    if mails:
        return _to_user(user_id, "A link was sent a few minutes ago. Let it arrive.", "problem")
    return _hand_over(user)


@admin.post("/users/<int(max=9223372036854775807):user_id>/codes")
@owners_only
@recently_proved
def user_codes_off(user_id: int) -> Response:
    """For a device that was lost with the recovery codes. Every browser is logged out too."""
    with _changing(user_id) as (session, user):
        forget_codes(user)
        sessions.end_all(session, user.id, but=account().session_id)
        audit(session, account().id, "user.codes_off", user.email, now())
        tell(session, user, News.CODES_OFF, now())
    return _to_user(user_id, f"{user.email} logs in with the password alone, until codes are on.")


@admin.post("/users/<int(max=9223372036854775807):user_id>/logout")
@owners_only
def user_logout(user_id: int) -> Response:
    with _changing(user_id) as (session, user):
        ended = sessions.end_all(session, user.id)
        audit(session, account().id, "user.logout", user.email, now(), ended=ended)
    return _to_user(user_id, f"{user.email} is logged out everywhere.")


@admin.post("/users/<int(max=9223372036854775807):user_id>/remove")
@owners_only
@recently_proved
def user_remove(user_id: int) -> Response:
    try:
        with _changing(user_id) as (session, user):
            remove(session, user, now())
            audit(session, account().id, "user.remove", user.email, now())
    except BadUser as error:
        return _to_user(user_id, str(error), "problem")
    return _to_list(f"{user.email} may not log in any more. What they did stays in the audit log.")


@contextmanager
def _changing(user_id: int) -> Iterator[tuple[Session, User]]:
    with session_scope() as session:
        yield session, _user_or_404(session, user_id)


def _user_or_404(session: Session, user_id: int) -> User:
    user = session.get(User, user_id)
    return user if user is not None and user.removed_at is None else abort(404)


def _list(problem: str = "", email: str = "", role: str = "") -> str:
    with read_scope() as session:
        return render_template(
            "admin/team/users.html",
            users=all_users(session),
            shut=shut_now(session, now()),
            rights=RIGHTS,
            problem=problem,
            email=email,
            role=role or Role.EDITOR.value,
        )


def _hand_over(user: User) -> str:
    """There is no newsletter yet that a mail could come from: the owner passes the link on."""
    path = password_path(user, settings().secret, now())
    return render_template("admin/team/user_link.html", user=user, link=settings().base_url + path)


def _to_list(said: str) -> Response:
    flash(said, "done")
    return redirect(url_for("admin.users"), 303)


def _to_user(user_id: int, said: str, kind: str = "done") -> Response:
    flash(said, kind)
    return redirect(url_for("admin.user_page", user_id=user_id), 303)
