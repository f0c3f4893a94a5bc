"""``broadsheet db upgrade``."""

from __future__ import annotations

import click


@click.group("db")
def db_command() -> None:
    """The database's schema."""


@db_command.command("upgrade")
def upgrade() -> None:
    """Bring the schema up to date. Safe to repeat, and to run on several machines at once."""
    from service.cli.reach import upgrade_schema

    upgrade_schema()
    click.echo("The schema is up to date.")
