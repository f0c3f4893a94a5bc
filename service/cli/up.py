"""``broadsheet up``: the whole service over one data folder, until Ctrl-C."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

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
        with Supervisor(take_lock(settings().data_dir), say=_say) as supervisor:
            start_service(supervisor, settings())
            _say(f"Broadsheet is running at {settings().base_url} (Ctrl-C stops it).")
            _say(f"Its data is in {settings().data_dir.resolve()}.")
            while not stopping.wait(0.2):
                supervisor.check()
            _say("Stopping; work in hand is finished first …")
    except (AlreadyRunning, GivenUp, NoRedis, NotReachable) as error:
        raise click.ClickException(str(error)) from error
    _say("Stopped.")


class NotReachable(RuntimeError):
    """A port or a server that the settings name cannot be used; the text says which."""


def start_service(supervisor: Supervisor, chosen: Settings) -> None:
    """Redis first, then the schema, then everything that needs both."""
    from service import migrations
    from service.db import close_engine, engine

    check_port_is_free(chosen.bind)
    if not chosen.redis_url:
        supervisor.start(private_redis(chosen))
    elif not redis_answers(chosen.redis):
        raise NotReachable(
            f"Redis at {without_password(chosen.redis)} does not answer. Start it, or unset "
            "BROADSHEET_REDIS_URL to have a private one."
        )
    _make_secret(chosen)
    migrations.upgrade(engine())
    close_engine()  # the children make their own
    for child in service_children(chosen):
        supervisor.start(child)


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


def check_port_is_free(bind: str) -> None:
    """Raises :class:`NotReachable` when something listens on *bind* already."""
    host, _, port = bind.rpartition(":")
    if not host or not port.isdigit():
        return  # a socket path; gunicorn says what is wrong with it
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
        except OSError as error:
            raise NotReachable(
                f"{bind} cannot be listened on ({error.strerror}). Set BROADSHEET_BIND and "
                "BROADSHEET_BASE_URL to a free port."
            ) from error


def without_password(url: str) -> str:
    """*url* fit to be shown."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def _make_secret(chosen: Settings) -> None:
    """Now, where a folder that cannot be written to can still be named."""
    try:
        _ = chosen.secret
    except OSError as error:
        raise NotReachable(
            f"{Path(chosen.data_dir).resolve()} cannot be written to ({error.strerror}). Set "
            "BROADSHEET_DATA_DIR to a folder that can."
        ) from error


def _say(text: str) -> None:
    click.echo(text)
