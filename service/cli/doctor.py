"""``doctor``: is this installation fit to send."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict

import click


@click.command("doctor")
@click.option("--timeout", type=click.FloatRange(min=1), default=60.0, show_default=True,
              help="Seconds to wait for an event of SES.")  # fmt: skip
@click.option("--thorough", is_flag=True, help="Try a bounce as well.")
@click.option(
    "--resolver", default="", help="Ask this DNS server, such as 9.9.9.9 or 127.0.0.1:5353."
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor_command(timeout: float, *, thorough: bool, resolver: str, as_json: bool) -> None:
    """Look at all that sending depends on: a line each, with what to do.

    With SES one message goes to its mailbox simulator, to see whether its events come back. The
    exit code is 1 when a check failed; what could not be looked at is called unknown.
    """
    from service.config import settings
    from service.log import set_up_logging
    from service.provisioning.doctor.examine import Options, examine
    from service.provisioning.doctor.finding import Status
    from service.provisioning.doctor.look.dns import BadResolver

    set_up_logging()
    logging.getLogger("botocore").setLevel(logging.WARNING)  # it tells where it found its keys
    findings = []
    try:
        for finding in examine(settings(), Options(resolver, timeout, thorough)):
            findings.append(finding)
            if not as_json:
                click.echo(finding.line())
    except BadResolver as error:
        raise click.BadParameter(str(error), param_hint="--resolver") from error
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False))
    if any(finding.status is Status.FAILED for finding in findings):
        raise SystemExit(1)
