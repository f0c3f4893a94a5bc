"""A new AWS account and a DNS server, both on loopback; boto3 speaks to them unmodified."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from service import config
from service.cli import cli
from service.sandbox import Sandbox
from tests.provisioning.nameserver import Nameserver
from tests.sandbox.people import ask


@pytest.fixture
def account(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """An account in which nothing was made yet."""
    with Sandbox(date=date(2026, 11, 20), wired=False) as running:
        for name, value in {
            "AWS_ENDPOINT_URL": running.url,
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        config.settings.cache_clear()
        yield running


@pytest.fixture
def client(account: Sandbox) -> Iterator[Callable[[str], Any]]:
    """A boto3 client of one of the account's services."""
    session, made = boto3.Session("test", "test", region_name="us-east-1"), []

    def connect(service: str) -> Any:
        made.append(session.client(service, endpoint_url=account.url))
        return made[-1]

    yield connect
    for each in made:
        each.close()


@pytest.fixture
def deny(account: Sandbox) -> Callable[..., None]:
    """Take permissions such as ``sns:CreateTopic`` away."""

    def change(*actions: str) -> None:
        ask(account.url, "/control/permissions", {"denied": list(actions)})

    return change


@pytest.fixture
def nameserver() -> Iterator[Nameserver]:
    server = Nameserver()
    yield server
    server.close()


@pytest.fixture
def run(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs ``broadsheet …`` in this process; anything but an exit with a code is a failure."""
    # The log of a process is set up once, and this process is pytest's.
    monkeypatch.setattr("service.log.set_up_logging", lambda: None)

    def command(*arguments: str) -> Result:
        result = CliRunner().invoke(cli, arguments)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return command
