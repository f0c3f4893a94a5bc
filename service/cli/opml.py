"""``opml``: the feeds of another reader, as lines for a newsletter's file."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import select

from service.cli.finding import newsletter_named, ready


@click.command("opml")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--newsletter", help="Whose file it is for; not needed where there is one only.")
@click.option("--section", required=True, help="The section of the feeds, such as labs.")
def opml_command(file: Path, newsletter: str | None, section: str) -> None:
    """Print the feeds of FILE.opml as [[sources]], to be pasted into the newsletter's file.

    Nothing is changed here: the file says what a newsletter reads, and `load` pauses what it does
    not name. Feeds that the newsletter reads already are left out.
    """
    from service.db import read_scope
    from service.models import Source
    from service.newsletters.opml import BadOpml, as_toml, describe, read_opml
    from service.sources.identity import canonical_url

    ready()
    try:
        feeds = read_opml(file.read_bytes())
    except BadOpml as error:
        raise click.ClickException(f"{file}: {error}") from error
    with read_scope() as session:
        owner = newsletter_named(session, newsletter)
        kinds = {spec["slug"]: spec["kind"] for spec in owner.sections}
        rows = session.execute(
            select(Source.slug, Source.url).where(Source.newsletter_id == owner.id)
        ).all()
    if kinds.get(section) not in {"headlines", "papers", "posts"}:
        fit = ", ".join(slug for slug, kind in kinds.items() if kind not in {"tables", "repos"})
        raise click.ClickException(f"No section {section!r} shows feeds; there are: {fit}.")
    known = {canonical_url(url) for _, url in rows if url}
    fresh = [feed for feed in feeds if canonical_url(feed.url) not in known]
    described = describe(fresh, section, [slug for slug, _ in rows])
    if described.sources:
        click.echo(as_toml(described.sources), nl=False)
    for reason in described.skipped:
        click.echo(f"Left out: {reason}", err=True)
    number = len(described.sources)
    click.echo(
        f"{number} {'feed' if number == 1 else 'feeds'}; "
        f"{len(feeds) - len(fresh)} are read already. "
        f"Paste them into the newsletter's file and `broadsheet load` it.",
        err=True,
    )
