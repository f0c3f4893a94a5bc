"""``import``: readers from a file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING

import click

from service.cli.finding import newsletter_named, ready

if TYPE_CHECKING:
    from service.audience.imports.jobs import Brought
    from service.audience.imports.plan import Plan
    from service.models import Import

PRESETS = ("substack", "mailchimp", "ghost", "listmonk", "buttondown", "broadsheet")


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--newsletter", "-n", help="Its short name; not needed where there is only one.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--preset", type=click.Choice(PRESETS), help="Whose export it is, if not found out.")
@click.option(
    "--map", "mapped", multiple=True, metavar="COLUMN=FIELD",
    help="What a column holds, such as 'Your mail=email'; FIELD is - to pass it over.",
)  # fmt: skip
@click.option("--consent", default="", help="How they agreed to get it, kept as the proof.")
@click.option("--ask", is_flag=True, help="Ask each to confirm before anything is sent.")
@click.option("--tag", "tags", multiple=True, help="A tag for everybody who comes in.")
def import_command(  # noqa: PLR0913, PLR0917 (an option each)
    file: Path,
    newsletter: str | None,
    dry_run: bool,
    preset: str | None,
    mapped: tuple[str, ...],
    consent: str,
    ask: bool,
    tags: tuple[str, ...],
) -> None:
    """Add readers from a CSV file; bad rows are named, the others go in.

    The first line names the columns. Exports of Substack, Mailchimp, Ghost, listmonk and
    Buttondown are known by theirs. Who is subscribed already keeps what they chose, and who left
    stays away.
    """
    from service.audience.imports.jobs import bring
    from service.audience.imports.upload import BadFile
    from service.audience.tags import BadTag, clean_tag

    ready()
    if not consent.strip() and not dry_run:
        raise click.ClickException(
            "Say how these readers agreed, such as --consent 'They signed up at our old site'; "
            "it is kept as the proof. --dry-run needs none."
        )
    try:
        labels = tuple(sorted({clean_tag(tag) for tag in tags}))
        with file.open("rb") as source:
            brought = bring(source, file.name, preset or "")
    except (BadFile, BadTag) as error:
        raise click.ClickException(f"{file}: {error}") from error
    said = {"statement": consent.strip() or "Only tried.", "ask": ask, "tags": labels}
    job = _checked(newsletter, file, brought, said, mapped)
    if not dry_run:
        job = _written(job.id)
    _report(job, dry_run=dry_run)


def _checked(
    newsletter: str | None,
    file: Path,
    brought: Brought,
    said: dict[str, object],
    mapped: tuple[str, ...],
) -> Import:
    """The import after every row was read and nothing written."""
    from service.audience.imports.jobs import NotNow, add_import, check, plan_of, sheet_of
    from service.audience.imports.plan import BadPlan
    from service.config import settings
    from service.db import session_scope

    try:
        with session_scope() as session:
            found = newsletter_named(session, newsletter)
            job = add_import(session, found, brought, datetime.now(UTC))
            plan = plan_of(job).model_copy(update={**said, "by": "the command line"})
            check(session, job, _mapped(plan, sheet_of(job).columns, mapped), ring_for=False)
    except (BadPlan, NotNow, click.ClickException) as error:
        (settings().data_dir / brought.path).unlink(missing_ok=True)
        if not isinstance(error, click.ClickException):
            raise click.ClickException(f"{file}: {error}") from error
        raise
    return _worked(job.id)


def _written(import_id: int) -> Import:
    from service.audience.imports.jobs import start
    from service.db import session_scope
    from service.models import Import

    with session_scope() as session:
        start(session, session.get_one(Import, import_id), datetime.now(UTC), ring_for=False)
    return _worked(import_id)


def _worked(import_id: int) -> Import:
    """The import when the step that was asked for is done."""
    from service.audience.imports.jobs import UNDER_WAY
    from service.audience.imports.run import work
    from service.db import read_scope
    from service.models import Import

    while True:
        work(import_id, lambda: datetime.now(UTC))
        with read_scope() as session:
            job = session.get_one(Import, import_id)
        if job.state not in UNDER_WAY:
            break
        sleep(0.5)  # a worker of this installation found it first, and is at it
    if job.reason:
        raise click.ClickException(job.reason)
    return job


def _mapped(plan: Plan, columns: tuple[str, ...], mapped: tuple[str, ...]) -> Plan:
    """*plan* with what was said about single columns."""
    from service.audience.imports.plan import Means

    meanings = dict(plan.columns)
    places = {name.lower(): place for place, name in enumerate(columns)}
    for one in mapped:
        name, _, means = one.rpartition("=")
        if name.strip().lower() not in places:
            there = ", ".join(columns)
            raise click.ClickException(f"There is no column {name!r}; there are: {there}.")
        meanings.pop(places[name.strip().lower()], None)
        if means == "-":
            continue
        if means not in set(Means):
            there = ", ".join(sorted(Means))
            raise click.ClickException(f"There is no field {means!r}; there are: {there}.")
        meanings = {at: held for at, held in meanings.items() if held != means}
        meanings[places[name.strip().lower()]] = Means(means)
    return plan.model_copy(update={"columns": meanings})


def _report(job: Import, *, dry_run: bool) -> None:
    from service.audience.imports.jobs import discard
    from service.audience.imports.told import problems, told
    from service.db import session_scope
    from service.models import Import

    counts = job.counts["checked" if dry_run else "run"]
    for count, what in told(counts, done=not dry_run):
        click.echo(f"{count:>9,}  {what}")
    click.echo(f"{sum(counts.values()):>9,}  rows in all")
    with session_scope() as session:
        after = 0
        while found := problems(session, job.id, after, 1000):
            for row in found:
                click.echo(f"line {row.line}: {row.problem}", err=True)
            after = found[-1].line
        if dry_run:
            discard(session, session.get_one(Import, job.id))
