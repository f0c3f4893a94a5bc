"""``collect``: read the sources now, or look at what they would give."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click
from sqlalchemy import select

from service.cli.finding import ready


@click.command("collect")
@click.argument("source", required=False)
@click.option("--dry-run", is_flag=True, help="Print what is found, and store nothing.")
def collect_command(source: str | None, dry_run: bool) -> None:
    """Check every active source now, or only SOURCE, and say what each gave."""
    from service.cli.progress import clear, shown

    ready()
    sources = _chosen(source)
    if not sources:
        named = f"There is no source {source!r}." if source else "There are no active sources."
        raise click.ClickException(f"{named} `broadsheet load FILE.toml` makes them.")
    failed = 0
    for source_id in shown(sources, len(sources), sys.stderr):
        good, said = (_try if dry_run else _collect)(source_id)
        failed += not good
        clear(sys.stderr)
        click.echo(said)
    if failed == len(sources):
        raise click.ClickException("No source could be read; an issue made now would hold nothing.")
    if failed:
        click.echo(
            f"{failed} of {len(sources)} sources failed; the others are not affected.", err=True
        )


def _chosen(slug: str | None) -> list[tuple[str, int]]:
    """Slugs and ids: those called *slug*, whatever their state, or all that are active."""
    from service.db import read_scope
    from service.models import Source, SourceState

    query = select(Source.slug, Source.id).order_by(Source.section, Source.slug)
    which = Source.slug == slug if slug else Source.state == SourceState.ACTIVE
    with read_scope() as session:
        return [(name, source_id) for name, source_id in session.execute(query.where(which))]


def _collect(source_id: int) -> tuple[bool, str]:
    from service.sources.collect import collect_source

    report = collect_source(source_id, datetime.now(UTC), force=True)
    return report.outcome != "failed", str(report)


def _try(source_id: int) -> tuple[bool, str]:
    from service.cli.trial import lines_of
    from service.sources.collect import try_source

    slug, found = try_source(source_id, datetime.now(UTC))
    if isinstance(found, str):
        return False, f"{slug}: nothing - {found}"
    return True, "\n".join(lines_of(slug, found))
