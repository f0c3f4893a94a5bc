"""``build``, ``preview``, ``compose``: an issue before it goes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from service.cli.finding import issue_named, newsletter_named, note, ready

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from service.models import Issue
    from service.models.document import Document
    from service.rendering.preflight.finding import Finding


@click.command("build")
@click.argument("newsletter", required=False)
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="The issue's date; today.")
@click.option("--weekly", is_flag=True, help="The digest for weekly readers.")
def build_command(newsletter: str | None, day: datetime | None, weekly: bool) -> None:
    """Make the draft of a day's issue from what was collected, or make it anew."""
    from service.db import session_scope
    from service.issues.build import build_issue
    from service.issues.errors import IssueFrozen
    from service.models import IssueKind

    ready()
    now = datetime.now(UTC)
    try:
        with session_scope() as session:
            found = newsletter_named(session, newsletter)
            local_date = day.date() if day else now.astimezone(ZoneInfo(found.timezone)).date()
            kind = IssueKind.WEEKLY if weekly else IssueKind.DAILY
            issue = build_issue(session, found, local_date, now, kind)
            note(session, issue, "issue.build")
            click.echo(f"{found.slug}/{issue.number}: {issue.state.value} — {issue.subject}")
            if issue.reason:
                click.echo(issue.reason)
    except IssueFrozen as error:
        raise click.ClickException(str(error)) from error


@click.command("preview")
@click.argument("issue", required=False)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="A folder.")
@click.option("--check", is_flag=True, help="Say what is wrong with it; exit 1 when it blocks.")
def preview_command(issue: str | None, out: Path | None, check: bool) -> None:
    """Write an issue as html, txt and eml into a folder, as the fullest choice gets it."""
    from service.db import read_scope
    from service.issues.approve import document_now
    from service.rendering.preview import write_preview

    if out is None and not check:
        raise click.UsageError("Name a folder with --out, or ask for --check.")
    ready()
    now = datetime.now(UTC)
    with read_scope() as session:
        found = issue_named(session, issue)
        document = document_now(session, found, now)
        findings = _findings(session, found, now, document) if check else []
        blocked = any(finding.blocks for finding in findings)
        written = write_preview(found, out, now, document) if out and not blocked else []
    for path in written:
        click.echo(f"{path} ({path.stat().st_size:,} bytes)")
    for finding in findings:
        click.echo(str(finding))
    if check and not findings:
        click.echo("Nothing is wrong with it.")
    if blocked:
        raise click.ClickException("It cannot be sent like this.")


def _findings(session: Session, issue: Issue, now: datetime, document: Document) -> list[Finding]:
    from service.rendering.preflight.issue import findings_for
    from service.rendering.preflight.spam import spam_findings
    from service.rendering.preview import preview

    findings = findings_for(session, issue, document)
    if any(finding.blocks for finding in findings):
        return findings  # what cannot be made has no score
    return findings + spam_findings(preview(issue, now, document)[1])


@click.command("compose")
@click.argument("newsletter")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--subject", required=True, help="The mail's subject.")
@click.option("--correcting", metavar="ISSUE", help="Only to those who got this issue.")
@click.option("--entry", type=click.IntRange(min=1), help="… whose mail held this entry of it.")
def compose_command(
    newsletter: str, file: Path, subject: str, correcting: str | None, entry: int | None
) -> None:
    """Make the draft of an issue written by hand, in Markdown."""
    from service.db import session_scope
    from service.issues.approve import compose_manual
    from service.issues.errors import BadInput
    from service.rendering.holding import NothingHeld

    if entry is not None and correcting is None:
        raise click.UsageError("--entry needs --correcting ISSUE.")
    ready()
    try:
        with session_scope() as session:
            found = newsletter_named(session, newsletter)
            issue = compose_manual(session, found, subject, file.read_text(), datetime.now(UTC))
            name = f"{found.slug}/{issue.number}"
            note(session, issue, "issue.write")
            if correcting is not None:
                _narrow(session, issue, issue_named(session, correcting), entry or 0)
    except (BadInput, NothingHeld, UnicodeDecodeError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{name}: a draft. Look at it with `broadsheet preview {name} --out FOLDER`,")
    click.echo(f"then send it with `broadsheet send {name}`.")


def _narrow(session: Session, issue: Issue, wrong: Issue, entry: int) -> None:
    """Let a draft go only to those whose mail of *wrong* held its *entry*; 0 is all of it."""
    from service.audience.segment import Segment
    from service.delivery.audience import count_audience
    from service.rendering.holding import held_by

    if wrong.newsletter_id != issue.newsletter_id:
        raise click.ClickException("A correction belongs to the newsletter that it corrects.")
    held = held_by(session, wrong, entry)
    issue.segment = Segment(held=held).model_dump(mode="json")
    session.flush()
    what = f"“{held.about}” in {wrong.number}" if held.about else f"issue {wrong.number}"
    readers = count_audience(session, issue, datetime.now(UTC))
    click.echo(f"It corrects {what}. Readers who got that and would get this: {readers:,}.")
