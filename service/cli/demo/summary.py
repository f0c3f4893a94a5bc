"""What became of every message, in numbers that must add up."""

from __future__ import annotations

import click
from sqlalchemy import select

from service.cli.demo.day import ADMIN, Day
from service.db import read_scope
from service.delivery.finish import counts
from service.delivery.states import UNRESOLVED
from service.models import DeliveryState, Issue, IssueState

SHOWN = (
    DeliveryState.DELIVERED,
    DeliveryState.ACCEPTED,
    DeliveryState.SOFT_BOUNCED,
    DeliveryState.BOUNCED,
    DeliveryState.COMPLAINED,
    DeliveryState.REJECTED,
    DeliveryState.SKIPPED,
    DeliveryState.GIVEN_UP,
    DeliveryState.UNKNOWN,
)

WIDTH = 42


def show(day: Day) -> bool:
    """Print the table; whether every delivery is settled and the numbers add up."""
    settled = True
    with read_scope() as session:
        issues = list(session.scalars(select(Issue).order_by(Issue.number)))
        rows = [(issue, counts(session, issue.id)) for issue in issues]
    used = [state for state in SHOWN if any(tally[state] for _, tally in rows)]
    click.echo("\n" + _line("issue", "planned", *(state.value.replace("_", " ") for state in used)))
    for issue, tally in rows:
        planned = issue.audience_count or 0
        adds_up = planned == sum(tally.values()) == sum(tally[state] for state in used)
        resolved = issue.state is IssueState.SENT and not any(tally[s] for s in UNRESOLVED)
        settled = settled and adds_up and resolved
        note = "" if adds_up and resolved else "   <- not settled"
        click.echo(
            _line(f"{issue.number} {issue.subject}", planned, *(tally[s] for s in used)) + note
        )
    in_inbox, planned = _compare_with_sandbox(day, rows)
    click.echo(
        f"\n  {in_inbox} messages are in the sandbox's inbox for {planned} that we counted as sent."
    )
    return settled and in_inbox == planned


def show_addresses(day: Day) -> None:
    """Where to look, and how to log in."""
    click.echo(f"""
  The site      {day.stage.site_url}/
  The admin     {day.stage.site_url}/admin/   {ADMIN}, password {day.password}
  The inbox     {day.stage.sandbox_url}/inbox
  Preferences   {day.preferences_url}

  Ctrl-C stops everything.""")


def _compare_with_sandbox(
    day: Day, rows: list[tuple[Issue, dict[DeliveryState, int]]]
) -> tuple[int, int]:
    """Issue mail that the sandbox took, and what our own rows say went out."""
    out = {*SHOWN} - {
        DeliveryState.REJECTED,
        DeliveryState.SKIPPED,
        DeliveryState.GIVEN_UP,
        DeliveryState.UNKNOWN,
    }
    ours = sum(tally[state] for _, tally in rows for state in out)
    return day.mailbox.count_tagged("delivery"), ours


def _line(first: object, *others: object) -> str:
    text = str(first)
    text = text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"
    return f"  {text:<{WIDTH}}" + "".join(f"{other!s:>14}" for other in others)
