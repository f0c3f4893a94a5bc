"""The folder, the port and the servers that the settings name: usable, or a sentence why not."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from service.config import Settings, settings


class NotReachable(click.ClickException):
    """What the settings name cannot be used; the text says which, and what to do."""


def upgrade_schema() -> None:
    """Bring the schema up to date. Raises :class:`NotReachable`."""
    from service import migrations
    from service.db import engine

    chosen = settings()
    try:
        with writable(chosen):
            if not migrations.is_current(engine()):
                migrations.upgrade(engine())
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise NotReachable(
            f"The database at {without_password(chosen.database)} cannot be used ({said}). "
            "Start it, or set BROADSHEET_DATABASE_URL to one that runs."
        ) from error


def check_there_is_one() -> None:
    """Raises :class:`NotReachable` where a command that only looks would begin a new Broadsheet."""
    database = make_url(settings().database)
    if database.get_backend_name() != "sqlite" or database.database in {None, "", ":memory:"}:
        return
    path = Path(str(database.database)).resolve()
    if not path.exists():
        raise NotReachable(
            f"There is no Broadsheet here yet: {path} does not exist. Go to the folder in which it "
            "runs, or begin one here with `broadsheet up` or `broadsheet load FILE.toml`."
        )


@contextmanager
def writable(chosen: Settings) -> Iterator[None]:
    """Turns a failure to write to the data folder into :class:`NotReachable`."""
    try:
        yield
    except OSError as error:
        raise NotReachable(
            f"{chosen.data_dir.resolve()} cannot be written to ({error.strerror}). Set "
            "BROADSHEET_DATA_DIR to a folder that can."
        ) from error


def check_port_is_free(bind: str) -> None:
    """Raises :class:`NotReachable` when something listens on *bind* already."""
    host, _, port = bind.rpartition(":")
    if not host or not port.isdigit():
        return  # a socket path; gunicorn says what is wrong with it
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
        except (OSError, OverflowError) as error:
            said = getattr(error, "strerror", None) or str(error)
            raise NotReachable(
                f"{bind} cannot be listened on ({said}). Set BROADSHEET_BIND and "
                "BROADSHEET_BASE_URL to a free port."
            ) from error


def without_password(url: str) -> str:
    """*url* fit to be shown."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def mail_problem(chosen: Settings) -> str | None:
    """Why no mail can leave by these settings; None when nothing speaks against it yet."""
    from service.delivery.transports import AccountRefused
    from service.delivery.transports.choose import make_transport

    try:
        make_transport(chosen).close()
    except AccountRefused as error:
        return str(error).removesuffix(", then resume.") + "."
    return None
