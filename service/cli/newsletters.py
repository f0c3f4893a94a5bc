"""``load``, ``dump``: a newsletter as a file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from service.cli.finding import newsletter_named, ready


@click.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def load_command(file: Path) -> None:
    """Make or change a newsletter and its sources from FILE.toml. Loading twice changes nothing."""
    from service.db import session_scope
    from service.newsletters.file import load_newsletter
    from service.newsletters.problems import BadNewsletter
    from service.rendering.theme import load_theme
    from service.sources.kinds import check_config
    from service.staff.users import audit

    ready(begins=True)
    try:
        with session_scope() as session:
            report = load_newsletter(
                session,
                file.read_text("utf-8"),
                datetime.now(UTC),
                check_source=check_config,
                check_theme=load_theme,
            )
            if not report.unchanged:
                done = {
                    "changed": report.fields,
                    "sources_added": report.added,
                    "sources_changed": report.changed,
                    "sources_paused": report.paused,
                }
                said = {name: list(names) for name, names in done.items() if names}
                audit(session, None, "newsletter.load", report.slug, datetime.now(UTC), **said)
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file}: it is not UTF-8; save it as such.") from error
    except BadNewsletter as error:
        raise click.ClickException(f"{file}: {_listed(error.problems)}") from error
    if report.unchanged:
        click.echo(f"{report.slug}: nothing has changed.")
        return
    click.echo(f"{report.slug}: {'made' if report.created else 'changed'}.")
    for what, names in (
        ("changed", report.fields),
        ("sources added", report.added),
        ("sources changed", report.changed),
        ("sources paused, the file no longer names them", report.paused),
    ):
        if names:
            click.echo(f"  {what}: {', '.join(names)}")
    if report.edited_at is not None:
        click.echo(
            f"It had been changed on the web, last on {report.edited_at:%Y-%m-%d %H:%M} UTC; where "
            "the file says otherwise, the file holds now. `broadsheet dump` before `broadsheet "
            "load` keeps such changes; the audit log has what was there.",
            err=True,
        )


def _listed(problems: Sequence[str]) -> str:
    """One problem as it is, several below one another."""
    if len(problems) == 1:
        return problems[0]
    lines = "".join(f"\n  {problem}" for problem in problems)
    return f"{len(problems)} problems, and nothing was changed:{lines}"


@click.command("dump")
@click.argument("newsletter", required=False)
def dump_command(newsletter: str | None) -> None:
    """Print a newsletter as the file that `load` reads."""
    from service.db import read_scope
    from service.newsletters.file import dump_newsletter

    ready()
    with read_scope() as session:
        click.echo(dump_newsletter(session, newsletter_named(session, newsletter).slug), nl=False)
