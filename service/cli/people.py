"""``export``: readers as a file."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from service.cli.finding import newsletter_named, ready


@click.command("export")
@click.argument("newsletter")
def export_command(newsletter: str) -> None:
    """Print a newsletter's readers as CSV."""
    from service.audience.csv_export import export_found
    from service.audience.search import Asked
    from service.db import read_scope

    ready()
    with read_scope() as session:
        asked = Asked(newsletter_id=newsletter_named(session, newsletter).id)
    for lines in export_found(read_scope, asked, datetime.now(UTC)):
        click.echo(lines, nl=False)
