"""``broadsheet demo``: the day that the README promises, as a process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.processes import living_with

DATA_DIR = "BROADSHEET_DATA_DIR"
ENOUGH_SECONDS = 110


def demo(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "service.cli", "demo", *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=ENOUGH_SECONDS,
        check=False,
    )


def test_it_plays_the_day_prints_numbers_that_add_up_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    played = demo("--once", "--dir", str(folder), cwd=tmp_path)
    assert played.returncode == 0, played.stdout + played.stderr
    assert "Traceback" not in played.stdout + played.stderr

    issues = rows_of_the_table(played.stdout)
    assert [number for number, *_ in issues] == [1, 2, 3]
    for number, planned, *states in issues:
        assert planned == sum(states), f"issue {number} does not add up"
    assert issues[0][1] == 0, "yesterday's issue was for nobody"
    assert issues[1][1] > issues[2][1] > 0, "who bounced or left does not get the next one"

    found = re.search(r"(\d+) messages are in the sandbox's inbox for (\d+) that", played.stdout)
    assert found, played.stdout
    assert int(found[1]) == int(found[2]) == sum(planned for _, planned, *_ in issues)
    assert living_with(DATA_DIR, str(folder)) == []


@pytest.mark.parametrize("stranger", ["thesis.txt", "broadsheet.db"])
def test_it_touches_nothing_in_a_folder_that_it_did_not_make(tmp_path: Path, stranger: str) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / stranger).write_text("years of work")

    refused = demo("--once", "--dir", str(folder), cwd=tmp_path)

    assert refused.returncode == 1
    assert "is not empty and the demo did not make it" in refused.stderr
    assert "--dir" in refused.stderr, "it must say what to do"
    assert [path.name for path in folder.iterdir()] == [stranger]
    assert (folder / stranger).read_text() == "years of work"


def rows_of_the_table(printed: str) -> list[list[int]]:
    """Of each issue: its number, how many were planned, and how many ended in each state."""
    lines = re.findall(r"^  (\d+) .*?((?:\s+\d+)+)$", printed, re.MULTILINE)
    return [[int(number), *map(int, figures.split())] for number, figures in lines]
