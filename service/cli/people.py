"""``export``: readers as a file."""

from __future__ import annotations

import click

from service.cli.finding import newsletter_named, ready


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
