"""``pause``, ``resume``, ``stop``: a hand on an issue that is on its way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from service.cli.finding import issue_named, name_of, note, ready

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from service.models import Issue


@click.command("pause")
@click.argument("issue")
def pause_command(issue: str) -> None:
    """Let nothing more of an issue go out until it is resumed."""
    from service.db import session_scope
    from service.issues.approve import hold
    from service.issues.states import IllegalMove

    ready()
    try:
        with session_scope() as session:
            found = issue_named(session, issue)
            hold(session, found, "Paused by the command line.")
            note(session, found, "issue.pause")
            name, waiting = name_of(found), _waiting(session, found)
    except IllegalMove as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{name} is paused. {waiting} `broadsheet resume {name}` lets it go on.")


@click.command("resume")
@click.argument("issue")
def resume_command(issue: str) -> None:
    """Let a paused or held issue go on from where it was."""
    from service.db import session_scope
    from service.doorbell import Bell, ring
    from service.issues.approve import resume
    from service.issues.errors import BadInput

    ready()
    try:
        with session_scope() as session:
            found = issue_named(session, issue)
            resume(session, found, datetime.now(UTC))
            note(session, found, "issue.resume")
            ring(session, Bell.DISPATCH, found.id)
            name, waiting = name_of(found), _waiting(session, found)
    except BadInput as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{name} goes on. {waiting}")


@click.command("stop")
@click.argument("issue")
@click.option("--yes", is_flag=True, help="Do not ask.")
def stop_command(issue: str, yes: bool) -> None:
    """End an issue for good, and say how many messages were not sent."""
    from service.db import read_scope, session_scope
    from service.delivery.control import leave_unsent
    from service.issues.approve import stop
    from service.issues.states import IllegalMove

    ready()
    now = datetime.now(UTC)
    with read_scope() as session:
        found = issue_named(session, issue)
        name, waiting = name_of(found), _waiting(session, found)
    if not yes:  # outside of any transaction: it goes on until it is answered
        click.confirm(f"Stop {name} for good? {waiting}", abort=True)
    try:
        with session_scope() as session:
            stop(session, issue_named(session, name), "Stopped by the command line.", now)
    except IllegalMove as error:
        raise click.ClickException(str(error)) from error
    with session_scope() as session:  # once that is committed, no further chunk is marked
        found = issue_named(session, name)
        unsent = leave_unsent(session, found.id, now)
        if found.started_at is not None:
            found.reason = f"{found.reason} {unsent:,} not sent."
        note(session, found, "issue.stop", not_sent=unsent)
        began = found.started_at is not None
    click.echo(f"{name} is stopped: " + (f"{unsent:,} not sent." if began else "nothing was sent."))


def _waiting(session: Session, issue: Issue) -> str:
    from service.delivery.finish import counts
    from service.models import DeliveryState

    if issue.audience_count is None:
        return "Nothing of it has been sent."
    return f"{counts(session, issue.id)[DeliveryState.QUEUED]:,} not sent yet."
