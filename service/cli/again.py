"""``retry`` and ``latecomers``: more of an issue that was sent, or is being sent."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from service.cli.finding import issue_named, name_of, note, ready

GIVEN_UP = "SES never told of these messages: some readers may get a second copy. Send them again?"


@click.command("retry")
@click.argument("issue")
@click.option(
    "--given-up", is_flag=True, help="Those whose outcome was never known, instead of the rejected."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def retry_command(issue: str, given_up: bool, yes: bool) -> None:
    """Send again what of an issue was rejected, or given up."""
    from service.db import read_scope, session_scope
    from service.delivery.control import NothingToRetry, retry
    from service.doorbell import Bell, ring
    from service.models import DeliveryState

    ready()
    with read_scope() as session:
        issue = name_of(issue_named(session, issue))
    if given_up and not yes:  # outside of any transaction: it goes on until it is answered
        click.confirm(GIVEN_UP, abort=True)
    failed = DeliveryState.GIVEN_UP if given_up else DeliveryState.REJECTED
    try:
        with session_scope() as session:
            found = issue_named(session, issue)
            queued = retry(session, found, failed, datetime.now(UTC))
            note(session, found, "issue.retry", failed=failed.value, queued=queued)
            ring(session, Bell.BATCH, found.id)
    except NothingToRetry as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{queued:,} of {issue} queued again.")


@click.command("latecomers")
@click.argument("issue")
def latecomers_command(issue: str) -> None:
    """Send an issue to those who joined after it was planned, too."""
    from service.config import settings
    from service.db import session_scope
    from service.delivery.control import NothingToRetry, check_afterwards
    from service.delivery.latecomers import MissingVariants, plan_latecomers
    from service.doorbell import Bell, ring
    from service.rendering.variants import render_missing_variants

    ready()
    now = datetime.now(UTC)
    with session_scope() as session:
        found = issue_named(session, issue)
        issue, issue_id = name_of(found), found.id
        try:
            check_afterwards(found)
        except NothingToRetry as error:
            raise click.ClickException(str(error)) from error
        render_missing_variants(session, found, now)
    try:
        planned = plan_latecomers(issue_id, now, batch_size=settings().batch_size)
    except MissingVariants:
        said = "Somebody chose anew at this moment. Nothing was sent: try once more."
        raise click.ClickException(said) from None
    with session_scope() as session:
        found = issue_named(session, issue)
        note(session, found, "issue.latecomers", readers=planned.deliveries)
        ring(session, Bell.BATCH, issue_id)
    click.echo(f"{issue} goes to {planned.deliveries:,} who joined since.")
