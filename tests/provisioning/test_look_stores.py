"""The database and Redis, looked at: real servers, and nothing made or changed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Engine

from service import config, db, migrations
from service.provisioning.doctor.finding import Unread
from service.provisioning.doctor.look.stores import (
    ahead_of_database,
    ahead_of_date,
    ask_database,
    ask_redis,
    count_readers,
    senders,
)
from service.provisioning.doctor.stores import Redis as RedisFacts
from tests.servers.ports import free_port
from tests.servers.redis import RedisServer


def test_it_finds_a_database_whose_schema_is_current(database: Engine) -> None:
    found = ask_database(config.settings())
    assert not isinstance(found, Unread)
    assert found.current
    assert found.kind == {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[database.dialect.name]
    assert senders() == []
    assert count_readers() == 0


def test_it_finds_a_schema_that_is_behind(database: Engine) -> None:
    migrations.downgrade(database, "base")
    found = ask_database(config.settings())
    assert not isinstance(found, Unread)
    assert not found.current
    assert isinstance(senders(), Unread)
    assert isinstance(count_readers(), Unread)


def test_it_makes_no_database_where_there_is_none(data_dir: Path) -> None:
    found = ask_database(config.settings())
    assert isinstance(found, Unread)
    assert "There is no database" in found.reason
    assert list(data_dir.iterdir()) == []


def test_it_shows_no_password_of_a_database_that_does_not_answer(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"postgresql://news:sesame@127.0.0.1:{free_port()}/news"
    monkeypatch.setenv("BROADSHEET_DATABASE_URL", url)
    config.settings.cache_clear()
    found = ask_database(config.settings())
    assert isinstance(found, Unread)
    assert "Start it, or correct BROADSHEET_DATABASE_URL" in found.reason
    assert "sesame" not in found.reason


def test_it_measures_how_far_our_clock_is_ahead_of_postgresql(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROADSHEET_DATABASE_URL", postgres_url)
    config.settings.cache_clear()
    assert db.engine().dialect.name == "postgresql"
    assert ahead_of_database(lambda: time.time() + 100) == pytest.approx(100, abs=2)
    assert ahead_of_database(lambda: time.time() - 100) == pytest.approx(-100, abs=2)


NOON = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(("seconds", "ahead"), [(0.9, 0.0), (60.5, 59.5), (-60.5, -60.5)])
def test_it_allows_for_the_fraction_that_a_date_header_leaves_out(
    seconds: float, ahead: float
) -> None:
    assert ahead_of_date(NOON, NOON + timedelta(seconds=seconds)) == ahead


def test_it_knows_nothing_of_a_clock_that_was_not_told() -> None:
    assert isinstance(ahead_of_date(None, NOON), Unread)


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    running = RedisServer()
    yield running
    running.close()


@pytest.fixture
def client(server: RedisServer) -> Iterator[Redis]:
    connected = Redis.from_url(server.url)
    yield connected
    for name, value in {"maxmemory-policy": "noeviction", "appendonly": "yes", "save": ""}.items():
        connected.config_set(name, value)
    connected.close()


def asked(url: str) -> RedisFacts:
    found = ask_redis(url)
    assert isinstance(found, RedisFacts), found
    return found


def test_it_finds_redis_as_the_embedded_default_has_it(server: RedisServer, client: Redis) -> None:
    found = asked(server.url)
    assert (found.policy, found.max_memory, found.lasting) == ("noeviction", 0, True)
    assert found.version


def test_it_finds_a_redis_that_evicts(server: RedisServer, client: Redis) -> None:
    client.config_set("maxmemory-policy", "allkeys-lru")
    assert asked(server.url).policy == "allkeys-lru"


def test_it_tells_snapshots_from_nothing_kept_at_all(server: RedisServer, client: Redis) -> None:
    client.config_set("appendonly", "no")
    assert asked(server.url).lasting is False
    client.config_set("save", "3600 1")
    assert asked(server.url).lasting is True


def test_it_does_not_guess_where_config_is_refused(server: RedisServer, client: Redis) -> None:
    client.config_set("appendonly", "no")
    client.execute_command("ACL", "SETUSER", "guest", "on", ">word", "~*", "+info", "+ping")
    found = asked(server.url.replace("unix://", "unix://guest:word@"))
    assert (found.policy, found.lasting) == ("noeviction", None)


def test_it_shows_no_password_of_a_redis_that_does_not_answer() -> None:
    found = ask_redis(f"redis://guest:sesame@127.0.0.1:{free_port()}/0")
    assert isinstance(found, Unread)
    assert found.certain
    assert "Start it, or correct BROADSHEET_REDIS_URL" in found.reason
    assert "sesame" not in found.reason
