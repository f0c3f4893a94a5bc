"""The same stored inputs give the same bytes, whatever their order, process and database."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from tests.issues.stored import bytes_of_three_issues

ROOT = Path(__file__).parent.parent.parent


def in_a_process(folder: Path, seed: int) -> str:
    """The bytes from a process that hashes and stores in an order of its own."""
    environment = {
        **os.environ,
        "PYTHONHASHSEED": str(seed),
        "PYTHONPATH": str(ROOT),
        "BROADSHEET_DATA_DIR": str(folder / f"data-{seed}"),
        "BROADSHEET_DATABASE_URL": "",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.issues.stored", str(seed)],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture
def ours(session: Session) -> str:
    return bytes_of_three_issues(session, 1)


def test_two_processes_give_the_same_bytes(ours: str, tmp_path: Path) -> None:
    assert "subject 39" in ours
    for seed in (2, 3):
        assert in_a_process(tmp_path, seed).splitlines() == ours.splitlines()
