"""``consent``: prove what a reader agreed to, and check such a proof."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from service.cli.finding import ready


@click.command("consent")
@click.argument("address")
@click.option(
    "--verify",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Check a file that this command made, instead of making one.",
)
def consent_command(address: str, file: Path | None) -> None:
    """Print all that is written down about the consent of ADDRESS, as JSON that proves itself.

    It works for readers who deleted their data as well: the ledger knows them by a hash.
    """
    from service.audience.addresses import Address, BadAddress, parse_address
    from service.audience.proof import prove
    from service.db import read_scope

    ready()
    try:
        found: Address = parse_address(address)
    except BadAddress as error:
        raise click.ClickException(str(error)) from error
    if file is not None:
        _verify(found.key, file)
        return
    with read_scope() as session:
        proof = prove(session, found, datetime.now(UTC))
    if not proof.ledgers:
        raise click.ClickException(f"Nothing is written down about {found.email}.")
    click.echo(proof.model_dump_json(indent=2))


def _verify(key: str, file: Path) -> None:
    from service.audience.addresses import address_hash
    from service.audience.proof import BadProof, differences, faults, read_proof
    from service.config import settings
    from service.db import read_scope

    try:
        proof = read_proof(file.read_text(encoding="utf-8"))
    except (BadProof, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file}: {error}") from error
    problems = faults(proof)
    if proof.email_hash != address_hash(settings().secret, key):
        problems.append("It is about another address.")
    with read_scope() as session:
        problems += differences(session, proof)
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        raise click.ClickException(f"{file} does not hold.")
    lines = sum(len(ledger.lines) for ledger in proof.ledgers)
    click.echo(f"{file} holds: {lines} lines, made {proof.made_at:%Y-%m-%d %H:%M} UTC.")
