"""``ses setup``: the way of SES's events to us, made in an AWS account."""

from __future__ import annotations

import json
import re

import click

from service.provisioning.setup.wanted import DEFAULT_NAME, NAME


@click.group("ses")
def ses_command() -> None:
    """Amazon SES: what has to be there before mail goes out."""


def _checked_name(_context: object, _parameter: object, name: str) -> str:
    if not re.fullmatch(NAME, name):
        raise click.BadParameter("letters, digits, '-' and '_', at most 75 of them.")
    return name


@ses_command.command("setup")
@click.option(
    "--name", default=DEFAULT_NAME, show_default=True, callback=_checked_name,
    help="What topic and queue are called.",
)  # fmt: skip
@click.option("--tracking", is_flag=True, help="Events of opens and clicks as well.")
@click.option("--dry-run", is_flag=True, help="Only look, and say what would be done.")
@click.option("--policy", "print_policy", is_flag=True, help="Print the least IAM policy and stop.")
def setup(name: str, *, tracking: bool, dry_run: bool, print_policy: bool) -> None:
    """Make what brings SES's events here, and print the settings for it.

    A configuration set, an SNS topic, an SQS queue with its dead-letter queue, and what ties them
    together. What is there stays; what differs is changed, and said. Safe to repeat.
    """
    from service.config import aws_region, settings
    from service.provisioning.aws import Aws, Refused
    from service.provisioning.setup.iam import policy
    from service.provisioning.setup.run import run, settings_for
    from service.provisioning.setup.wanted import Wanted, any_account

    region, configuration_set = aws_region(), settings().ses_configuration_set
    if not configuration_set:
        raise click.ClickException("BROADSHEET_SES_CONFIGURATION_SET is empty: give it a name.")
    if print_policy:
        wanted = Wanted(any_account(region), configuration_set, name)
        click.echo(json.dumps(policy(wanted), indent=2))
        return
    if region is None:
        raise click.ClickException("No AWS region is set. Set AWS_REGION, such as eu-central-1.")
    aws = Aws(region)
    try:
        wanted = Wanted(aws.place(), configuration_set, name, tracking)
        click.echo(f"Account {wanted.place.account}, region {region}.")
        queue_url = run(aws, wanted, dry_run=dry_run, say=click.echo)
    except Refused as error:
        raise click.ClickException(str(error)) from error
    finally:
        aws.close()
    if queue_url:
        click.echo("\nPut into .env, then run `broadsheet doctor`:")
        for setting, value in settings_for(wanted, queue_url).items():
            click.echo(f"{setting}={value}")
