"""``draft``: an editorial by a model, which goes to nobody before an editor has accepted it."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from service.cli.finding import issue_named, note, ready


@click.command("draft")
@click.argument("issue", required=False)
@click.option("--accept", "then", flag_value="accept", help="Make the draft the editorial.")
@click.option("--discard", "then", flag_value="discard", help="Throw the draft away.")
def draft_command(issue: str | None, then: str | None) -> None:
    """Have a model draft an issue's editorial; then --accept it, or --discard it."""
    from service.db import session_scope
    from service.issues.ai.client import NoDraft
    from service.issues.ai.drafts import accept_draft, discard_draft
    from service.issues.errors import BadInput, IssueFrozen

    ready()
    try:
        if then is None:
            _ask(issue)
            return
        with session_scope() as session:
            found = issue_named(session, issue)
            name = f"{found.newsletter.slug}/{found.number}"
            note(session, found, f"draft.{then}")
            if then == "accept":
                accept_draft(session, found, datetime.now(UTC))
                click.echo(f"{name} has the draft as its editorial, marked as a model's.")
            else:
                discard_draft(session, found)
                click.echo(f"{name} has no draft any more; its editorial is as it was.")
    except (NoDraft, BadInput, IssueFrozen) as error:
        raise click.ClickException(str(error)) from error


def _ask(named: str | None) -> None:
    from service.config import settings
    from service.db import read_scope
    from service.issues.ai.client import Endpoint
    from service.issues.ai.drafts import make_draft

    endpoint = Endpoint.of(settings())
    if endpoint is None:
        raise click.ClickException(
            "Drafts are switched off: set BROADSHEET_AI_BASE_URL and BROADSHEET_AI_MODEL."
        )
    with read_scope() as session:
        issue = issue_named(session, named)
        issue_id, name = issue.id, f"{issue.newsletter.slug}/{issue.number}"
    click.echo(make_draft(endpoint, issue_id, datetime.now(UTC)))
    click.echo(
        f"\nNobody gets this yet: `broadsheet draft {name} --accept`, or --discard.", err=True
    )
