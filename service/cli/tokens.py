"""``token add``, ``token list``, ``token revoke``: keys for programs."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.cli.finding import ready
from service.models import Role, User


@click.group("token")
def token_command() -> None:
    """Keys by which programs use the API."""


@token_command.command("add")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, help="Once for each; --all-scopes for every one.")
@click.option("--all-scopes", is_flag=True, help="It may do everything that the API can.")
@click.option("--user", "email", help="Whose token it is; the first owner's unless given.")
def add(name: str, scopes: tuple[str, ...], all_scopes: bool, email: str | None) -> None:
    """Make a token called NAME and show it, this once."""
    from service.db import session_scope
    from service.staff.tokens import BadToken, Scope, make_token

    ready()
    asked = [scope.value for scope in Scope] if all_scopes else list(scopes)
    with session_scope() as session:
        try:
            token, text = make_token(
                session, _whose(session, email), name, asked, datetime.now(UTC)
            )
        except BadToken as error:
            raise click.ClickException(str(error)) from error
        said = f"{token.name}: {', '.join(token.scopes)}"
    click.echo(text)
    click.echo(f"{said}. Keep it now: only its hash is stored.", err=True)


@token_command.command("list")
def list_tokens() -> None:
    """Every token: id, first characters, name, scopes, and when it was last used."""
    from service.db import read_scope
    from service.staff.tokens import tokens

    ready()
    with read_scope() as session:
        for token, email in tokens(session):
            used = f"{token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never used"
            state = "revoked" if token.revoked_at else used
            click.echo(
                f"{token.id:>4}  {token.hint}…  {state:<16}  {token.name}  ({email})  "
                f"{' '.join(token.scopes)}"
            )


@token_command.command("revoke")
@click.argument("token_id", type=click.IntRange(1))
def revoke(token_id: int) -> None:
    """Let the token of this id open nothing from now on."""
    from service.db import session_scope
    from service.staff.tokens import revoke_token

    ready()
    with session_scope() as session:
        token = revoke_token(session, token_id, datetime.now(UTC))
        if token is None:
            raise click.ClickException(
                f"There is no token {token_id}; `broadsheet token list` names them."
            )
        said = f"{token.name} ({token.hint}…)"
    click.echo(f"Revoked: {said}.")


def _whose(session: Session, email: str | None) -> User:
    query = select(User).order_by(User.id)
    if email is None:
        found = session.scalars(query.where(User.role == Role.OWNER)).first()
        said = "There is no owner yet: `broadsheet user add EMAIL --role owner`."
    else:
        found = session.scalars(query.where(User.email == email.strip().lower())).first()
        said = f"There is no account {email}."
    if found is None:
        raise click.ClickException(said)
    return found
