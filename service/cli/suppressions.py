"""``suppression list``, ``suppression allow``: the addresses that nothing is sent to."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from service.cli.finding import ready


@click.group("suppression")
def suppression_command() -> None:
    """Addresses that nothing is sent to: they bounced, or somebody complained."""


@suppression_command.command("list")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1), help="At most.")
def list_suppressed(limit: int) -> None:
    """The latest first. Who is no reader is only known by a hash of the address."""
    from service.audience.suppression import how_many, latest
    from service.db import read_scope

    ready()
    with read_scope() as session:
        total, found = how_many(session), latest(session, limit)
        for one in found:
            who = one.email or f"(no reader, {one.email_hash[:12]})"
            click.echo(f"{one.at:%Y-%m-%d %H:%M}  {one.reason.value:<9}  {who}  {one.detail}")
    click.echo(f"{len(found):,} of {total:,}; `broadsheet suppression allow ADDRESS` lets one go.")


@suppression_command.command("allow")
@click.argument("address")
@click.option("--reason", required=True, help="Why; it is kept with the time.")
def allow(address: str, reason: str) -> None:
    """Let mail go to ADDRESS again."""
    from service.audience.addresses import BadAddress, parse_address
    from service.audience.suppression import hash_of, lift, standing_of
    from service.db import session_scope

    ready()
    if not reason.strip():
        raise click.ClickException("--reason: say why mail may go to this address again.")
    try:
        found = parse_address(address)
    except BadAddress as error:
        raise click.ClickException(str(error)) from error
    with session_scope() as session:
        if not lift(session, hash_of(found), reason, datetime.now(UTC)):
            raise click.ClickException(f"{found.email} is not suppressed; nothing was changed.")
        standing = standing_of(session, found)
    click.echo(f"{found.email} may be written to again.")
    for newsletter, state in standing:
        click.echo(f"  {newsletter}: {SAID[state.value]}")
    if not standing:
        click.echo("  It is subscribed to nothing; it may sign up again.")
    click.echo(
        "Amazon SES keeps a list of its own for the account. If this address is on it, the next "
        "issue bounces with OnAccountSuppressionList and the address is suppressed again. "
        "To take it off:\n"
        f"  aws sesv2 delete-suppressed-destination --email-address {found.email}"
    )


SAID = {
    "active": "it gets the next issue.",
    "pending": "its subscription was never confirmed; it gets nothing before it is.",
    "unsubscribed": "its subscription has ended; only the reader can sign up again.",
}
