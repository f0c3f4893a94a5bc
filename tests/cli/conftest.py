"""Commands in this process on both databases, and installations of real processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from service import config
from service.cli import cli
from service.sandbox import Sandbox
from tests.cli.process import Installation


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    yield made
    made.end()


@pytest.fixture
def run(database: Engine, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs ``broadsheet …`` in this process; anything but an exit with a code is a failure."""
    # The log of a process is set up once, and this process is pytest's.
    monkeypatch.setattr("service.log.set_up_logging", lambda: None)

    def command(*arguments: str, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(cli, arguments, input=stdin)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert "Traceback" not in result.output
        return result

    return command


@pytest.fixture
def newsroom(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A newsroom whose day 0 is today, since commands ask the clock."""
    with Sandbox(date=datetime.now(UTC).date()) as running:
        monkeypatch.setenv("BROADSHEET_ALLOW_PRIVATE_SOURCES", "true")
        monkeypatch.setenv("NEWSROOM_API_KEY", "any")
        config.settings.cache_clear()
        yield running


@pytest.fixture
def demo_file(tmp_path: Path, newsroom: Sandbox) -> Path:
    """The demo's newsletter, pointed at the newsroom."""
    text = (files("service.newsletters") / "examples" / "demo.toml").read_text()
    path = tmp_path / "demo.toml"
    path.write_text(text.replace("{newsroom}", newsroom.url))
    return path


@pytest.fixture
def report_file(tmp_path: Path) -> Path:
    """A newsletter that needs no newsroom."""
    path = tmp_path / "report.toml"
    path.write_text(REPORT)
    return path


REPORT = """\
slug = "report"
name = "The Report"
postal_address = "1 Main Street"

[sender]
address = "report@news.example.org"

[schedule]
timezone = "Europe/Berlin"
time = "06:30"
weekly = "sun"

[[sections]]
slug = "labs"
kind = "headlines"
heading = "AI Labs"
"""
