"""What became of one issue for one reader: ``status ISSUE --reader ADDRESS``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from service.cli.finding import issue_named

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from service.models import Issue


def show_reader(issue: str | None, address: str, *, as_json: bool) -> None:
    """Print what became of the issue for the reader with *address*."""
    from service.db import read_scope

    with read_scope() as session:
        report = reader_report(session, issue_named(session, issue), address)
    lines = [json.dumps(report, ensure_ascii=False)] if as_json else as_lines(report)
    for line in lines:
        click.echo(line)


def reader_report(session: Session, issue: Issue, address: str) -> dict[str, Any]:
    """State, reason, tries, times and events, ready for JSON."""
    from sqlalchemy import select

    from service.audience.addresses import BadAddress, parse_address
    from service.delivery.history import one, told
    from service.models import Subscriber

    name = f"{issue.newsletter.slug}/{issue.number}"
    try:
        key = parse_address(address).key
    except BadAddress as error:
        raise click.ClickException(str(error)) from error
    reader = session.scalars(select(Subscriber).where(Subscriber.email_key == key)).one_or_none()
    if reader is None:
        raise click.ClickException(f"Nobody here has the address {address}.")
    line = one(session, issue.id, reader.id)
    if line is None:
        raise click.ClickException(
            f"{name} was not planned for {reader.email}: they were not in its audience."
            if issue.audience_count is not None
            else f"{name} is not planned yet: nobody has been chosen."
        )
    events = told(session, [line.delivery_id]).get(line.delivery_id, [])
    return {
        "issue": name,
        "reader": reader.email,
        "state": line.state.value,
        "reason": line.reason,
        "attempts": line.attempt,
        "due_at": line.due_at.isoformat(),
        "changed_at": line.changed_at.isoformat(),
        "message_id": line.message_id,
        "events": [{"kind": event.kind, "at": event.at.isoformat()} for event in events],
    }


def as_lines(report: dict[str, Any]) -> Iterator[str]:
    """The report as a person reads it."""
    state = report["state"].replace("_", " ")
    reason = f" ({report['reason']})" if report["reason"] else ""
    yield f"{report['issue']} to {report['reader']}: {state}{reason}"
    yield f"  due      {report['due_at']}"
    for event in report["events"]:
        yield f"  {event['at']}  SES said: {event['kind']}"
    tries = report["attempts"]
    yield f"  changed  {report['changed_at']}, after {tries} {'try' if tries == 1 else 'tries'}"
    if report["message_id"]:
        yield f"  message  {report['message_id']}"
