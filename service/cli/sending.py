"""``send``, ``status``, ``events``: an issue on its way."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime

import click

from service.cli.finding import issue_named, latest_draft, moment, note, ready
from service.cli.reader_status import show_reader


@click.command("send")
@click.argument("issue", required=False)
@click.option("--at", "at", help="When, such as '2026-11-20 07:00' (the newsletter's time).")
@click.option("--yes", is_flag=True, help="Do not ask.")
def send_command(issue: str | None, at: str | None, yes: bool) -> None:
    """Approve a draft and let it go, now or at an hour. Names the readers first."""
    from service.db import read_scope, session_scope
    from service.delivery.audience import count_audience
    from service.doorbell import Bell, ring
    from service.issues.approve import approve, document_now
    from service.issues.errors import BadInput
    from service.issues.states import IllegalMove
    from service.models import Issue, IssueState, Timing
    from service.rendering.preflight.finding import reasons
    from service.rendering.preflight.issue import findings_for

    ready()
    now = datetime.now(UTC)
    try:
        with read_scope() as session:
            found = issue_named(session, issue) if issue else latest_draft(session)
            name = f"{found.newsletter.slug}/{found.number}"
            if found.state is not IssueState.DRAFT:
                raise click.ClickException(
                    f"{name} is {found.state.value}: only a draft can be sent. Nothing was sent."
                )
            when = moment(at, found.newsletter) if at else now
            if when < now:
                raise click.ClickException(f"{at} has passed. Nothing was sent.")
            document = document_now(session, found, now)
            if why_not := reasons(findings_for(session, found, document)):
                raise click.ClickException(f"{name} cannot be sent. {why_not}")
            readers = count_audience(session, found, now)
            question = f"Send {name}, {found.subject!r}, to {readers:,} readers"
        if not yes:  # outside of any transaction: nobody else could write until it is answered
            click.confirm(f"{question} {'at ' + at if at else 'now'}?", abort=True)
        with session_scope() as session:
            found = session.get_one(Issue, found.id)
            approve(session, found, now, scheduled_at=when, timing=Timing.NOW)
            note(session, found, "issue.approve", readers=readers)
            ring(session, Bell.DISPATCH, found.id)
    except (BadInput, IllegalMove) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{name} goes to {readers:,} readers {'at ' + at if at else 'now'}.")
    click.echo(f"`broadsheet status {name}` says how far it is; a running worker sends it.")


@click.command("status")
@click.argument("issue", required=False)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--reader", metavar="ADDRESS", help="Only what became of it for this reader.")
def status_command(issue: str | None, as_json: bool, reader: str | None) -> None:
    """What became of an issue's messages; of the latest issue unless one is named."""
    from service.config import settings
    from service.db import read_scope
    from service.delivery.finish import counts
    from service.delivery.lag import what_is_behind

    ready()
    if reader is not None:
        show_reader(issue, reader, as_json=as_json)
        return
    with read_scope() as session:
        found = issue_named(session, issue)
        behind = what_is_behind(session, settings(), datetime.now(UTC))
        tally = {state.value: count for state, count in counts(session, found.id).items()}
        name = f"{found.newsletter.slug}/{found.number}"
        report = {
            "issue": name,
            "subject": found.subject,
            "state": found.state.value,
            "reason": found.reason,
            "planned": found.audience_count,
            "deliveries": tally,
            "events_behind": behind,
        }
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False))
        return
    click.echo(f"{name} — {report['subject']}")
    click.echo(f"State: {report['state']}" + (f" ({report['reason']})" if report["reason"] else ""))
    if report["planned"] is None:
        click.echo("Not planned yet: nobody has been chosen, nothing has been sent.")
        return
    for state, count in tally.items():
        if count:
            click.echo(f"{count:>9,}  {state.replace('_', ' ')}")
    click.echo(f"{sum(tally.values()):>9,}  in all, of {report['planned']:,} planned")
    if behind:
        click.echo(behind)


@click.command("events")
def events_command() -> None:
    """Take SES's events from the queue of BROADSHEET_SQS_QUEUE_URL until stopped."""
    from service.cli.up import stop_on_signals
    from service.config import settings
    from service.events.queue import Poller

    ready()
    if not settings().sqs_queue_url:
        raise click.ClickException("Set BROADSHEET_SQS_QUEUE_URL to the queue that holds events.")
    poller = Poller(settings().sqs_queue_url)
    stopping: threading.Event = stop_on_signals(poller.interrupt)
    poller.run(lambda seconds: stopping.wait(seconds) if seconds else stopping.is_set())
