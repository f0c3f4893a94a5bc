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
    from service.db import read_scope, session_scope
    from service.staff.users import audit

    ready()
    now = datetime.now(UTC)
    with session_scope() as session:
        found = newsletter_named(session, newsletter)
        asked = Asked(newsletter_id=found.id)
        audit(session, None, "subscribers.export", f"of {found.name}", now)
    for lines in export_found(read_scope, asked, now):
        click.echo(lines, nl=False)
