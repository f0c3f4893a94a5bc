"""``user …``: who may log in to the admin, from the server itself."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from service.cli.finding import ready

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from service.models import User

ROLES = click.Choice(["owner", "editor", "viewer"])


@click.group("user")
def user_command() -> None:
    """Who may log in to the admin."""


@user_command.command("add")
@click.argument("email")
@click.option("--password", help="Made up and shown when it is left out.")
@click.option("--role", type=ROLES, default="owner", show_default=True)
def add(email: str, password: str | None, role: str) -> None:
    """Let EMAIL log in."""
    from service.audience.addresses import BadAddress
    from service.db import session_scope
    from service.models import Role
    from service.staff.users import BadUser, add_user, audit

    ready(begins=True)
    chosen = password or _made_up()
    now = datetime.now(UTC)
    try:
        with session_scope() as session:
            user = add_user(session, email, chosen, Role(role), now)
            audit(session, None, "user.add", user.email, now, role=role)
    except (BadAddress, BadUser) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{email} may log in as {role}.")
    if password is None:
        click.echo(f"Password: {chosen}")


@user_command.command("list")
def list_users() -> None:
    """Everybody who may log in, with role, codes and the last login (UTC)."""
    from service.db import read_scope
    from service.staff.lockout import shut_now
    from service.staff.users import all_users

    ready()
    now = datetime.now(UTC)
    with read_scope() as session:
        found, shut = all_users(session), shut_now(session, now)
        for user in found:
            last = f"{user.last_login_at:%Y-%m-%d %H:%M}" if user.last_login_at else "never"
            codes = "codes on" if user.totp_secret else "codes off"
            state = "" if user.password_hash else "  invited"
            for wait in shut.get(user.id, []):
                state += f"  shut to {wait.who} until {wait.until:%H:%M}"
            click.echo(f"{user.role.value:<7} {codes:<9}  {last:<16}  {user.email}{state}")
    if not found:
        click.echo("Nobody yet. `broadsheet user add ADDRESS` lets the first owner in.")


@user_command.command("role")
@click.argument("email")
@click.argument("role", type=ROLES)
def change_role(email: str, role: str) -> None:
    """Let EMAIL do what ROLE may do."""
    from service.models import Role
    from service.staff import users

    with _changing(email, "user.role", role=role) as (session, user):
        users.change_role(session, user, Role(role))
    click.echo(f"{user.email} is {role} now.")


@user_command.command("remove")
@click.argument("email")
def remove(email: str) -> None:
    """Log EMAIL out for good. What they did stays in the audit log."""
    from service.staff import users

    with _changing(email, "user.remove") as (session, user):
        users.remove(session, user, datetime.now(UTC))
    click.echo(f"{user.email} may not log in any more.")


@user_command.command("reset-password")
@click.argument("email")
@click.option("--password", help="Made up and shown when it is left out.")
def reset_password(email: str, password: str | None) -> None:
    """Give EMAIL a new password, open the account if it is shut, and log every browser out."""
    from service.staff.mails import News, tell
    from service.staff.users import choose_password

    chosen = password or _made_up()
    with _changing(email, "user.reset_password") as (session, user):
        choose_password(session, user, chosen)
        tell(session, user, News.CHANGED, datetime.now(UTC))
    click.echo(f"{user.email} has a new password, and is logged out everywhere.")
    if password is None:
        click.echo(f"Password: {chosen}")


@user_command.command("reset-totp")
@click.argument("email")
def reset_totp(email: str) -> None:
    """Ask EMAIL for no code any more: the device is lost, and the recovery codes with it."""
    from service.staff import sessions
    from service.staff.mails import News, tell
    from service.staff.users import forget_codes

    with _changing(email, "user.codes_off") as (session, user):
        forget_codes(user)
        sessions.end_all(session, user.id)
        tell(session, user, News.CODES_OFF, datetime.now(UTC))
    click.echo(
        f"{user.email} logs in with the password alone, and is logged out everywhere. "
        "Set up codes anew at /admin/account."
    )


@contextmanager
def _changing(email: str, action: str, **detail: str) -> Iterator[tuple[Session, User]]:
    """The account, to be changed and the change noted; says why when that cannot be."""
    from service.db import session_scope
    from service.staff.passwords import BadPassword
    from service.staff.users import BadUser, audit, user_named

    ready()
    try:
        with session_scope() as session:
            user = user_named(session, email)
            if user is None:
                raise click.ClickException(
                    f"There is no account for {email}; `broadsheet user list` names them all."
                )
            yield session, user
            audit(session, None, action, user.email, datetime.now(UTC), **detail)
    except (BadUser, BadPassword) as error:
        raise click.ClickException(str(error)) from error


def _made_up() -> str:
    return secrets.token_urlsafe(12)
