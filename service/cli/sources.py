"""``sources``: how each source fares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click
from sqlalchemy import select

from service.cli.finding import newsletter_named, ready

if TYPE_CHECKING:
    from service.models import Source


@click.command("sources")
@click.argument("newsletter", required=False)
def sources_command(newsletter: str | None) -> None:
    """List a newsletter's sources: last good answer, next check, and what is wrong."""
    from service.db import read_scope
    from service.localtime import zone
    from service.models import Source

    ready()
    with read_scope() as session:
        owner = newsletter_named(session, newsletter)
        rows = session.scalars(
            select(Source).where(Source.newsletter_id == owner.id).order_by(Source.id)
        ).all()
        for line in health_lines(rows, zone(owner.timezone)):
            click.echo(line)
        click.echo(f"Times are those of {owner.timezone}.", err=True)


def health_lines(sources: Sequence[Source], there: ZoneInfo) -> Iterator[str]:
    """A line for each of *sources* below the names of the columns; times are local ones."""
    width = max([22, *(len(source.slug) for source in sources)]) + 2
    yield f"{'source':<{width}}{'state':<8}{'last good':<18}{'next check':<18}what is wrong"
    for source in sources:
        cells = (
            f"{source.slug:<{width}}",
            f"{source.state.value:<8}",
            f"{_moment(source.good_at, there, 'never'):<18}",
            f"{_next(source, there):<18}",
            _wrong(source),
        )
        yield "".join(cells).rstrip()


def _next(source: Source, there: ZoneInfo) -> str:
    return _moment(source.next_check_at, there, "now") if source.state.value == "active" else "-"


def _moment(moment: datetime | None, there: ZoneInfo, otherwise: str) -> str:
    return f"{moment.astimezone(there):%Y-%m-%d %H:%M}" if moment else otherwise


def _wrong(source: Source) -> str:
    problem = source.problem or ""
    if not source.failures:
        return problem
    times = "1 failure" if source.failures == 1 else f"{source.failures} failures"
    return f"{times}: {problem}"
