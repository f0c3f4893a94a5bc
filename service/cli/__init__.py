"""`broadsheet …`: the service from the shell, a module for each few commands."""

from __future__ import annotations

from importlib import import_module

import click

COMMANDS = {
    "up": "service.cli.up",
    "demo": "service.cli.demo",
    "load": "service.cli.newsletters",
    "dump": "service.cli.newsletters",
    "collect": "service.cli.collect",
    "sources": "service.cli.sources",
    "opml": "service.cli.opml",
    "build": "service.cli.issues",
    "preview": "service.cli.issues",
    "compose": "service.cli.issues",
    "draft": "service.cli.drafts",
    "send": "service.cli.sending",
    "status": "service.cli.sending",
    "pause": "service.cli.control",
    "resume": "service.cli.control",
    "stop": "service.cli.control",
    "retry": "service.cli.again",
    "latecomers": "service.cli.again",
    "events": "service.cli.sending",
    "import": "service.cli.imports",
    "export": "service.cli.people",
    "suppression": "service.cli.suppressions",
    "consent": "service.cli.consent",
    "token": "service.cli.tokens",
    "user": "service.cli.users",
    "db": "service.cli.database",
    "ses": "service.cli.ses",
    "doctor": "service.cli.doctor",
}


class Commands(click.Group):
    """Loads a command's module when it is called, so that ``--help`` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[name]), f"{name}_command")
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """A self-hosted service for daily email newsletters."""


def main() -> None:
    """The entry point: a wrong setting is one clear line and exit code 2, never a traceback."""
    from pydantic import ValidationError

    from service.config import UnknownSetting

    try:
        cli.main(prog_name="broadsheet")
    except UnknownSetting as error:
        click.echo(str(error), err=True)
        raise SystemExit(2) from error
    except ValidationError as error:
        if error.title != "Settings":
            raise
        for problem in error.errors():
            name = "_".join(str(part) for part in problem["loc"]).upper()
            said = problem["msg"].removeprefix("Value error, ")
            click.echo(f"BROADSHEET_{name}: {said}", err=True)
        raise SystemExit(2) from error
