"""``broadsheet up``: the whole service over one data folder, until Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any

import click

from service.cli.reach import (
    NotReachable,
    check_port_is_free,
    mail_problem,
    upgrade_schema,
    without_password,
    writable,
)
from service.cli.supervisor.children import (
    private_redis,
    redis_answers,
    service_children,
)
from service.cli.supervisor.lock import AlreadyRunning, take_lock
from service.cli.supervisor.redis_server import NoRedis
from service.cli.supervisor.watch import GivenUp, Supervisor
from service.config import Settings, settings


@click.command("up")
def up_command() -> None:
    """Start Redis, the web app, a worker and beat; watch them; stop them all on Ctrl-C."""
    stopping = stop_on_signals()
    try:
        with writable(settings()):
            lock = take_lock(settings().data_dir)
        with Supervisor(lock, say=_say) as supervisor:
            start_service(supervisor, settings())
            _say(f"Broadsheet is running at {settings().base_url} (Ctrl-C stops it).")
            if problem := mail_problem(settings()):
                _say(f"No mail can leave yet: {problem}")
            if nobody_logs_in():
                _say("Nobody can log in yet: `broadsheet user add YOUR-ADDRESS` makes an owner.")
            _say(f"Its data is in {settings().data_dir.resolve()}.")
            while not stopping.wait(0.2):
                supervisor.check()
            _say("Stopping; work in hand is finished first …")
    except (AlreadyRunning, GivenUp, NoRedis) as error:
        raise click.ClickException(str(error)) from error
    _say("Stopped.")


def start_service(supervisor: Supervisor, chosen: Settings) -> None:
    """Redis first, then the schema, then everything that needs both."""
    from service.db import close_engine

    check_port_is_free(chosen.bind)
    if not chosen.redis_url:
        supervisor.start(private_redis(chosen))
    elif not redis_answers(chosen.redis):
        raise NotReachable(
            f"Redis at {without_password(chosen.redis)} does not answer. Start it, or unset "
            "BROADSHEET_REDIS_URL to have a private one."
        )
    with writable(chosen):
        _ = chosen.secret  # made now, where a folder that cannot be written to can be named
    upgrade_schema()
    close_engine()  # the children make their own
    for child in service_children(chosen):
        supervisor.start(child)


def nobody_logs_in() -> bool:
    """Whether there is no account at all."""
    from service.db import close_engine, read_scope
    from service.staff.users import all_users

    with read_scope() as session:
        found = all_users(session)
    close_engine()
    return not found


def stop_on_signals(also: Callable[[], None] = lambda: None) -> threading.Event:
    """An event that Ctrl-C and SIGTERM set; a second Ctrl-C changes nothing, the stop is on.

    *also* is called right then, in whatever the main thread was doing.
    """
    stopping = threading.Event()

    def stop(_number: int, _frame: Any) -> None:
        stopping.set()
        also()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return stopping


def _say(text: str) -> None:
    click.echo(text)
