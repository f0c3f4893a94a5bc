"""``make chaos``: the long rounds, and their report.

``CHAOS_SEED`` (1) is the seed of the first round, which goes up by one a round and says which round
it is. ``CHAOS_ROUNDS`` is how many to play (each once), ``CHAOS_READERS`` (20000) how many readers
each has. ``CHAOS_ONLY`` is a part of the names of those wanted; then no report is written.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos.report import COLUMNS, page, row
from tests.chaos.rounds import LONG, Result, play
from tests.chaos.stage import ROOT, Stage

REPORT = ROOT / "docs" / "chaos.md"
PATIENCE = float(os.environ.get("CHAOS_PATIENCE", "180"))
WORST_SHOWN = 20


def main() -> int:
    """Play, print and write; 1 when a round failed."""
    only = os.environ.get("CHAOS_ONLY", "")
    first = int(os.environ.get("CHAOS_SEED", "1"))
    readers = int(os.environ.get("CHAOS_READERS", "20000"))
    wanted = [round_ for round_ in LONG if only in round_.name]
    count = int(os.environ.get("CHAOS_ROUNDS", len(wanted)))
    results: list[Result] = []
    never_ended: list[str] = []
    kept: list[Path] = []
    stage = opened(readers)
    sys.stdout.write(" | ".join(COLUMNS) + "\n")
    try:
        for number in range(count):
            seed = first + number
            round_ = wanted[(seed - 1) % len(wanted)]
            try:
                result = play(stage, round_, seed=seed, readers=readers, patience=PATIENCE)
            except AssertionError as error:
                never_ended.append(f"Seed {seed}, {round_.name}: {error}")
                sys.stdout.write(f"{never_ended[-1]}\n{stage.log()}\n")
                kept.append(stage.folder)
                stage.close()  # its issue still goes out, and would be in the next one's way
                stage = opened(readers)
            else:
                results.append(result)
                tell(result)
                if not result.held and stage.folder not in kept:
                    kept.append(stage.folder)
            if not only:  # at once, so that a run which is cut short has a report as well
                REPORT.write_text(page(results, never_ended, first))
    finally:
        stage.close()
        if stage.folder not in kept and sys.exception() is None:
            shutil.rmtree(stage.folder)
    for folder in kept:
        sys.stdout.write(f"The logs of what failed are in {folder}\n")
    return 1 if never_ended or not all(result.held for result in results) else 0


def opened(readers: int) -> Stage:
    """A stage in a folder of its own."""
    stage = Stage(Path(tempfile.mkdtemp(prefix="broadsheet-chaos-")), readers)
    stage.open()
    return stage


def tell(result: Result) -> None:
    """A line for the round, and what is wrong with it."""
    sys.stdout.write(" | ".join(row(result)) + "\n")
    for problem in result.verdict.problems[:WORST_SHOWN]:
        sys.stdout.write(f"    {problem}\n")
    if result.undone:
        sys.stdout.write(f"    nothing was done by: {', '.join(result.undone)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
