"""What a command needs before it begins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import Engine

from service import config, db

Run = Callable[..., Result]


@pytest.fixture
def elsewhere(database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder that is not there, as in a folder where nobody ever ran Broadsheet."""
    db.close_engine()
    monkeypatch.setenv("BROADSHEET_DATABASE_URL", "")
    monkeypatch.setenv("BROADSHEET_DATA_DIR", str(tmp_path / "elsewhere"))
    config.settings.cache_clear()
    return tmp_path / "elsewhere"


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        ["dump"],
        ["collect"],
        ["events"],
        ["build"],
        ["export", "daily"],
        ["send", "--yes"],
    ],
    ids=" ".join,
)
def test_it_begins_no_broadsheet_where_a_command_only_looks(
    run: Run, elsewhere: Path, command: list[str]
) -> None:
    done = run(*command)
    assert done.exit_code == 1
    assert done.stderr.startswith(
        f"Error: There is no Broadsheet here yet: {elsewhere / 'broadsheet.db'} does not exist."
    )
    assert not elsewhere.exists()


def test_it_begins_one_with_a_newsletter(run: Run, elsewhere: Path, report_file: Path) -> None:
    assert run("load", str(report_file)).exit_code == 0
    assert run("dump").exit_code == 0
    assert (elsewhere / "broadsheet.db").exists()
