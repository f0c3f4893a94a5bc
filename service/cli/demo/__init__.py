"""``broadsheet demo``: a newsletter's whole day on this machine, with real parts.

stage      the sandbox and the service, started together in a folder of the demo's own
readers    the sample readers and what they chose
visitor    a person with a browser: opens pages, fills forms
day        what happens, in order
summary    what became of every message, in numbers that add up
"""

from __future__ import annotations

import time
from pathlib import Path

import click

from service.cli.demo.stage import BadFolder
from service.cli.supervisor.lock import AlreadyRunning
from service.cli.supervisor.redis_server import NoRedis
from service.cli.supervisor.watch import GivenUp
from service.cli.up import stop_on_signals


class Unsettled(RuntimeError):
    """Something did not come about in time; the text says what."""


@click.command("demo")
@click.option("--once", is_flag=True, help="Do it, print the summary, and leave.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo-data"),
    show_default=True,
    help="Where the demo keeps its data; emptied when the demo made it.",
)
def demo_command(once: bool, folder: Path) -> None:
    """Show a newsletter's whole day: collected, composed, sent, bounced, confirmed, left."""
    from service.cli.demo import summary
    from service.cli.demo.day import Day, Interrupted
    from service.cli.demo.stage import Stage

    stopping = stop_on_signals()
    started = time.monotonic()
    try:
        with Stage(folder) as stage:
            day = Day(stage, stopping)
            day.run()
            settled = summary.show(day)
            click.echo(f"\nAll of it took {time.monotonic() - started:.0f} s.")
            if not once:
                summary.show_addresses(day)
                while not stopping.wait(0.2):
                    stage.supervisor.check()
                click.echo("Stopping …")
    except Interrupted:
        click.echo("Stopped before the day was over.")
        raise SystemExit(130) from None
    except (AlreadyRunning, BadFolder, GivenUp, NoRedis, Unsettled) as error:
        raise click.ClickException(str(error)) from error
    if not settled:
        raise click.ClickException("Not every delivery is settled; the table above says which.")
