"""Fixtures: real servers on sockets of their own, and every row test on both databases."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from redis import Redis
from sqlalchemy import Engine, make_url
from sqlalchemy.orm import Session

from service import config, db, doorbell, migrations
from service.sandbox import Sandbox
from service.staff import passwords
from tests.servers.databases import Databases
from tests.servers.postgres import Postgres
from tests.servers.redis import RedisServer

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> None:
    """Argon2id all the same, without the sixth of a second that each login is made to cost."""
    passwords.hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture
def now() -> datetime:
    """A Friday morning."""
    return NOW


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    """Name of a database that holds the schema, for :meth:`Postgres.create` to clone."""
    url = postgres.create()
    engine = db.make_engine(url)
    migrations.upgrade(engine)
    engine.dispose()
    return make_url(url).database or ""


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "broadsheet.db"
    engine = db.make_engine(f"sqlite:///{path}")
    migrations.upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder of its own, settings that point to it, and no Redis to be reached."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)  # so that no .env of the developer's is read
    monkeypatch.setenv("BROADSHEET_DATA_DIR", str(folder))
    monkeypatch.setenv("BROADSHEET_SECRET_KEY", "a secret for the tests")
    monkeypatch.setenv("BROADSHEET_BASE_URL", "http://news.example.org")
    _forget()
    yield folder
    _forget()


def _forget() -> None:
    db.close_engine()
    config.settings.cache_clear()
    doorbell.producer.cache_clear()


@pytest.fixture
def sqlite_url(data_dir: Path, sqlite_template: Path) -> str:
    shutil.copy(sqlite_template, data_dir / "broadsheet.db")
    return f"sqlite:///{data_dir / 'broadsheet.db'}"


@pytest.fixture(scope="session")
def postgres_databases(postgres: Postgres, postgres_template: str) -> Databases:
    return Databases(postgres, postgres_template)


@pytest.fixture
def postgres_url(postgres_databases: Databases, data_dir: Path) -> Iterator[str]:
    url = postgres_databases.take()
    yield url
    db.close_engine()
    postgres_databases.give_back(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(
        "sqlite_url" if request.param == "sqlite" else "postgres_url"
    )
    return url


@pytest.fixture
def database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The schema, empty, as this process's database; a test that asks for it runs on both."""
    monkeypatch.setenv("BROADSHEET_DATABASE_URL", database_url)
    config.settings.cache_clear()
    return db.engine()


@pytest.fixture
def session(database: Engine) -> Iterator[Session]:
    """A session in a transaction; commit it to let other connections see what it wrote."""
    with Session(database, expire_on_commit=False) as session:
        yield session


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.close()


@pytest.fixture
def redis(
    redis_server: RedisServer, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Redis]:
    """A client of an empty Redis, which is the service's as well."""
    monkeypatch.setenv("BROADSHEET_REDIS_URL", redis_server.url)
    config.settings.cache_clear()
    doorbell.producer.cache_clear()
    client = Redis.from_url(redis_server.url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def sandbox(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A newsroom and a local SES; boto3 speaks to it by its own variables."""
    with Sandbox(date=NOW.date()) as running:
        for name, value in {
            "AWS_ENDPOINT_URL_SESV2": running.url,
            "AWS_ENDPOINT_URL_SQS": running.url,
            "AWS_ENDPOINT_URL_SNS": running.url,
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_REGION": "us-east-1",
            "BROADSHEET_SQS_QUEUE_URL": running.queue_url,
            "BROADSHEET_ALLOW_PRIVATE_SOURCES": "true",
        }.items():
            monkeypatch.setenv(name, value)
        config.settings.cache_clear()
        yield running
