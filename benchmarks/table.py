"""Measure and print, the same way everywhere."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

PACKAGES = ("celery", "redis", "sqlalchemy", "boto3", "flask", "mjml-python", "psycopg")


@dataclass(frozen=True)
class Row:
    """One thing measured: *microseconds* each, beside *yardstick* microseconds for the same."""

    what: str
    microseconds: float
    yardstick: float
    beside: str

    @property
    def ratio(self) -> float:
        """How many times faster than the yardstick; under 1 is slower."""
        return self.yardstick / self.microseconds


def machine() -> str:
    """The line that every table needs: what it was measured on."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, Python {sys.version.split()[0]}\n{versions}"
    )


def each(work: Callable[[], object], times: int, rounds: int = 5) -> float:
    """Microseconds for one *work*: the best of *rounds* rounds of *times*."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(times):
            work()
        best = min(best, time.perf_counter() - start)
    return best / times * 1e6


def show(title: str, rows: list[Row]) -> None:
    print(f"\n{title}")
    print(f"  {'':<44}{'µs each':>10}{'beside':>12}{'times':>8}   yardstick")
    for row in rows:
        print(
            f"  {row.what:<44}{row.microseconds:>10.1f}{row.yardstick:>12.1f}"
            f"{row.ratio:>8.2f}   {row.beside}"
        )
