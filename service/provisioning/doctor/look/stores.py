"""The database and Redis, looked at without making or changing anything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from redis import Redis as Client
from redis.exceptions import RedisError
from sqlalchemy import func, make_url, select, text
from sqlalchemy.exc import SQLAlchemyError

from service import migrations
from service.config import Settings
from service.db import engine, read_scope
from service.models import Newsletter, Subscription, SubscriptionState
from service.provisioning.doctor.finding import Unread
from service.provisioning.doctor.stores import POSTGRESQL, SQLITE, Database, Redis

TIMEOUT = 5.0
NAMES = {"postgresql": POSTGRESQL, "sqlite": SQLITE}


def ask_database(settings: Settings) -> Database | Unread:
    """SQLite's file is looked for first: connecting would make an empty one."""
    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        said = f"There is no database at {url.database}. Run this where Broadsheet runs."
        return Unread(said, certain=True)
    try:
        current = migrations.is_current(engine())
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or error).splitlines()[0]
        where = url.render_as_string(hide_password=True)
        return Unread(f"{where} cannot be used ({said}). Start it, or correct "
                      "BROADSHEET_DATABASE_URL.", certain=True)  # fmt: skip
    return Database(NAMES[engine().name], current)


def ahead_of_database(clock: Callable[[], float]) -> float | Unread:
    """Seconds by which *clock* is ahead of PostgreSQL's; half the way there is taken off."""
    try:
        with read_scope() as session:
            before = clock()
            theirs = session.execute(
                text("SELECT EXTRACT(EPOCH FROM clock_timestamp())")
            ).scalar_one()
            after = clock()
    except SQLAlchemyError as error:
        return Unread(str(error).splitlines()[0])
    return (before + after) / 2 - float(theirs)


def ahead_of_date(theirs: datetime | None, ours: datetime) -> float | Unread:
    """Beside a Date header, which tells whole seconds and came a moment ago."""
    if theirs is None:
        return Unread("SES told no time.")
    seconds = (ours - theirs.astimezone(UTC)).total_seconds()
    return max(0.0, seconds - 1) if seconds > 0 else seconds


def senders() -> list[tuple[str, str, bool]] | Unread:
    """Slug, From address and whether it tracks, of each newsletter."""
    try:
        with read_scope() as session:
            rows = session.scalars(select(Newsletter).order_by(Newsletter.slug)).all()
            return [(row.slug, row.from_address, row.tracking) for row in rows]
    except SQLAlchemyError as error:
        return Unread(f"The newsletters could not be read: {str(error).splitlines()[0]}")


def count_readers() -> int | Unread:
    """Active subscriptions of all newsletters together."""
    active = select(func.count()).where(Subscription.state == SubscriptionState.ACTIVE)
    try:
        with read_scope() as session:
            return session.execute(active).scalar_one()
    except SQLAlchemyError as error:
        return Unread(f"The readers could not be counted: {str(error).splitlines()[0]}")


def ask_redis(url: str, *, private: bool = False) -> Redis | Unread:
    """INFO tells most of it; CONFIG, which hosted ones often refuse, the rest.

    *private* is the one that ``broadsheet up`` brings.
    """
    where = url.rpartition("@")[2] if "@" in url else url
    try:
        client = Client.from_url(
            url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, decode_responses=True
        )
        with client:
            info = client.info()
            assert isinstance(info, dict)
            saves = _saves(client)
    except (RedisError, OSError, ValueError) as error:
        todo = "Start `broadsheet up`, which brings its own" if private else "Start it"
        said = f"{where} does not answer ({error}). {todo}, or correct BROADSHEET_REDIS_URL."
        return Unread(said, certain=True)
    append = info.get("aof_enabled")
    lasting = True if append in {1, "1"} else saves
    return Redis(
        version=str(info.get("redis_version", "")),
        policy=info.get("maxmemory_policy"),
        max_memory=int(info.get("maxmemory", 0)),
        lasting=lasting,
    )


def _saves(client: Client) -> bool | None:
    """Whether it writes snapshots; None where CONFIG is not for us."""
    try:
        found = client.config_get("save")
    except RedisError:
        return None
    return bool(found.get("save")) if isinstance(found, dict) else None
