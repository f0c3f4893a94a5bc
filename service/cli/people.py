"""``import``, ``export``, ``user add``: readers and staff."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path

import click

from service.cli.finding import newsletter_named, ready


@click.command("import")
@click.argument("newsletter")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
def import_command(newsletter: str, file: Path, dry_run: bool) -> None:
    """Add confirmed readers from a CSV file; bad rows are named, the others go in.

    The first line names the columns: email, and as you like cadence (daily, weekdays, weekly),
    sections, topics, format (html, text), timezone and hour. Others are passed over. Who is
    subscribed already keeps what they chose.
    """
    from service.audience.csv_import import BadFile, import_csv
    from service.db import session_scope

    ready()
    try:
        with session_scope() as session, file.open(newline="", encoding="utf-8-sig") as lines:
            found = newsletter_named(session, newsletter)
            report = import_csv(session, found, lines, datetime.now(UTC), dry_run=dry_run)
    except UnicodeDecodeError as error:
        raise click.ClickException(
            f"{file}: it is not UTF-8 (byte {error.start}). Save it as UTF-8 and import it again; "
            "nothing was added."
        ) from error
    except BadFile as error:
        raise click.ClickException(f"{file}: {error}") from error
    would = "would be " if dry_run else ""
    for count, what in (
        (report.added, f"{would}added"),
        (report.present, "subscribed already"),
        (report.left, "unsubscribed before, and stay so"),
        (report.suppressed, "suppressed, and stay so"),
        (len(report.bad), "could not be read"),
    ):
        if count:
            click.echo(f"{count:>9,}  {what}")
    click.echo(f"{report.rows:>9,}  rows in all")
    for row in report.bad:
        click.echo(f"line {row.line}: {row.reason}", err=True)


@click.command("export")
@click.argument("newsletter")
def export_command(newsletter: str) -> None:
    """Print a newsletter's readers as CSV."""
    from service.audience.csv_import import export_csv
    from service.db import read_scope

    ready()
    with read_scope() as session:
        for line in export_csv(session, newsletter_named(session, newsletter)):
            click.echo(line, nl=False)


@click.group("user")
def user_command() -> None:
    """Who may log in to the admin."""


@user_command.command("add")
@click.argument("email")
@click.option("--password", help="Made up and shown when it is left out.")
@click.option(
    "--role", type=click.Choice(["owner", "editor", "viewer"]), default="owner", show_default=True
)
def add(email: str, password: str | None, role: str) -> None:
    """Let EMAIL log in."""
    from service.audience.addresses import BadAddress
    from service.db import session_scope
    from service.models import Role
    from service.staff.users import BadUser, add_user

    ready(begins=True)
    chosen = password or secrets.token_urlsafe(12)
    try:
        with session_scope() as session:
            add_user(session, email, chosen, Role(role), datetime.now(UTC))
    except (BadAddress, BadUser) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{email} may log in as {role}.")
    if password is None:
        click.echo(f"Password: {chosen}")
