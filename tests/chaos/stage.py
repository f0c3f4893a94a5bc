"""What a round stands on: PostgreSQL, Redis, the sandbox behind a cable, our processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import httpx2
import pytest
from redis import Redis
from sqlalchemy import Engine, insert, text
from sqlalchemy.orm import Session

from service import config, db, doorbell, migrations
from service.audience.addresses import parse_address
from service.audience.suppression import hash_of
from service.delivery import account
from service.models import Subscriber
from tests.chaos.cable import Cable
from tests.chaos.crew import Crew
from tests.chaos.history import keep_history
from tests.servers.leash import Leash
from tests.servers.postgres import Postgres
from tests.servers.processes import until
from tests.servers.redis import RedisServer

ROOT = Path(__file__).parent.parent.parent

LEASE_SECONDS = 3
VISIBILITY_SECONDS = 2
"""What a killed reader of events had in hand comes again within every grace period here."""
GRACE_MINUTES = 0.1

QUICK = {
    "BROADSHEET_TICK_SECONDS": "1",
    "BROADSHEET_LEASE_SECONDS": str(LEASE_SECONDS),
    "BROADSHEET_GRACE_MINUTES": str(GRACE_MINUTES),
    "BROADSHEET_SES_TIMEOUT": "1.5",
}
"""A lease of seconds instead of minutes, so that a round takes as long."""


class Stage:
    """:meth:`open` starts it, with *readers* subscribers; rounds follow each other on it."""

    def __init__(self, folder: Path, readers: int) -> None:
        self.folder = folder
        self.readers = readers
        self.postgres = Postgres()
        self.redis = RedisServer()
        self._leash = Leash()
        self._asked: tuple[dict[str, str], bool] | None = None
        self.crew: Crew | None = None

    def open(self) -> None:
        self.sandbox_url = self._start_sandbox()
        self.cable = Cable(int(self.sandbox_url.rpartition(":")[2]))
        self.environment = {
            **QUICK,
            "BROADSHEET_DATA_DIR": str(self.folder / "data"),
            "BROADSHEET_DATABASE_URL": self.postgres.create(),
            "BROADSHEET_REDIS_URL": self.redis.url,
            "BROADSHEET_SECRET_KEY": "a secret for the tests",
            "BROADSHEET_BASE_URL": "http://news.example.org",
            "BROADSHEET_SQS_QUEUE_URL": f"{self.sandbox_url}/000000000000/broadsheet-events",
            "AWS_ENDPOINT_URL_SESV2": self.cable.url,
            "AWS_ENDPOINT_URL_SQS": self.sandbox_url,
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_REGION": "us-east-1",
            "PYTHONPATH": str(ROOT),
        }
        self.engine: Engine = db.make_engine(self.environment["BROADSHEET_DATABASE_URL"])
        with self.inside():
            migrations.upgrade(self.engine)
            self._add_subscribers()
        self._set_visibility()
        keep_history(self.engine)

    def close(self) -> None:
        if self.crew is not None:
            self.crew.close()
        self.engine.dispose()
        self.cable.close()
        self._sandbox.terminate()
        self._sandbox.wait(30)
        self._leash.let_go()
        self.redis.close()
        self.postgres.close()

    @contextmanager
    def inside(self) -> Iterator[None]:
        """This process becomes one of the service's: our functions meet its settings and rows."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            _forget()
            try:
                yield
            finally:
                _forget()

    def ready(self, settings: Mapping[str, str], *, clocks: bool) -> Crew:
        """A sound stage with the whole crew on it, run with *settings* over the quick ones."""
        self.cable.heal()
        self.control("reset", {})
        self.control("sns/queue", {"signed": False})  # a third of a millisecond an event
        with Redis.from_url(self.redis.url) as client:
            client.delete(account.KEY, account.SLOW_KEY)
        asked = (dict(settings), clocks)
        if self._asked != asked and self.crew is not None:
            self.crew.close()
            self.crew = None
        if self.crew is None:
            environment = {**_clean_environment(), **self.environment, **settings}
            self.crew, self._asked = Crew(self.folder, environment, clocks=clocks), asked
        self.crew.start_all()
        self.crew.wait_until_ready()
        return self.crew

    def control(self, path: str, document: object = None, **query: str) -> Any:
        """What the sandbox answers at ``/control``."""
        url = f"{self.sandbox_url}/control/{path}"
        with httpx2.Client(trust_env=False, timeout=60) as client:
            if document is None:
                answer = client.get(url, params=query)
            else:
                answer = client.post(url, json=document)
        answer.raise_for_status()
        return answer.json()

    def kill_redis(self, *, lose: bool) -> None:
        """As a crash would; *lose* takes its disk away too."""
        self.redis.kill()
        if lose:
            shutil.rmtree(self.redis.folder / "data", ignore_errors=True)

    def log(self) -> str:
        """The last of what the processes said."""
        parts = []
        for path in sorted(self.folder.glob("*.log")):
            parts += [f"--- {path.name} ---", *path.read_text(errors="replace").splitlines()[-40:]]
        return "\n".join(parts)

    def _set_visibility(self) -> None:
        client = boto3.client(
            "sqs", endpoint_url=self.sandbox_url, region_name="us-east-1",
            aws_access_key_id="sandbox", aws_secret_access_key="sandbox",
        )  # fmt: skip
        client.set_queue_attributes(
            QueueUrl=self.environment["BROADSHEET_SQS_QUEUE_URL"],
            Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)},
        )

    def _start_sandbox(self) -> str:
        ready = self.folder / "sandbox.url"
        with (self.folder / "sandbox.log").open("ab") as log:
            self._sandbox = subprocess.Popen(
                [sys.executable, "-m", "service.sandbox", "--ready-file", str(ready)],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._leash.hold(self._sandbox.pid)
        until(lambda: ready.exists() or None, "the sandbox to answer")
        return ready.read_text().strip()

    def _add_subscribers(self) -> None:
        now = datetime.now(UTC)
        rows = []
        for number in range(1, self.readers + 1):
            address = parse_address(f"reader{number}@example.org")
            rows.append(
                {
                    "email": address.email,
                    "email_key": address.key,
                    "domain": address.domain,
                    "email_hash": hash_of(address),
                    "created_at": now,
                }
            )
        with Session(self.engine) as session, session.begin():
            session.execute(insert(Subscriber), rows)
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))


def _clean_environment() -> dict[str, str]:
    ours = ("BROADSHEET_", "AWS_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _forget() -> None:
    db.close_engine()
    config.settings.cache_clear()
    doorbell.producer.cache_clear()
