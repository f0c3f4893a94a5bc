"""The rounds as a page for ``docs/chaos.md``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.chaos.rounds import Result

HEAD = Path(__file__).with_name("head.md")

COLUMNS = (
    "seed", "fault", "readers", "done", "messages", "left", "lost", "twice", "unknown", "said",
    "samples", "seconds", "",
)  # fmt: skip

PACKAGES = ("celery", "redis", "sqlalchemy", "psycopg", "boto3")


def page(results: Sequence[Result], never_ended: Sequence[str], seed: int) -> str:
    """The whole page, in Markdown."""
    head = HEAD.read_text().format(
        day=datetime.now(UTC).date().isoformat(),
        cores=os.cpu_count(),
        python=sys.version.split()[0],
        versions=", ".join(f"{name} {version(name)}" for name in PACKAGES),
        seed=seed,
    )
    lines = [_line(COLUMNS), _line(["---"] * len(COLUMNS)), *(_line(row(r)) for r in results)]
    if never_ended:
        lines += ["", "## Rounds that FAILED, since they never came to an end", ""]
        lines += [f"- {what}" for what in never_ended]
    done = ["", "## What was done", ""]
    done += [f"- Seed {r.seed}, {r.round.name}: {_deeds(r)}." for r in results if r.deeds]
    return head + "\n".join([*lines, *done]) + "\n"


def row(result: Result) -> list[str]:
    """The cells of one round."""
    found = result.verdict
    said = found.given_up + found.rejected
    figures = [found.messages, found.left, found.lost, found.twice, found.unknown, said]
    return [
        str(result.seed),
        result.round.name,
        f"{result.readers:,}",
        str(sum(result.deeds.values())),
        *(f"{figure:,}" for figure in figures),
        str(found.samples),
        f"{result.seconds:.0f}",
        "held" if result.held else "FAILED",
    ]


def _deeds(result: Result) -> str:
    return ", ".join(f"{count} times {what}" for what, count in sorted(result.deeds.items()))


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
