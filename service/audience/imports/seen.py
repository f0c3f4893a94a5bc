"""Which addresses a file named before, on disk: a million of them take no memory.

Each is kept with the line of its first row. So a row that is read a second time, after a crash, is
not taken for its own double, and to lose the file costs nothing but that.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

CACHE_KIB = 16 * 1024


class Seen:
    """The addresses of one file, by 64 bits of their hash: a mistake in a million million."""

    def __init__(self, path: Path) -> None:
        self._rows = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=OFF", f"cache_size=-{CACHE_KIB}"):
            self._rows.execute(f"PRAGMA {pragma}")
        self._rows.execute("CREATE TABLE IF NOT EXISTS seen (key INTEGER PRIMARY KEY, line INT)")

    def repeated(self, hashes: Sequence[str], lines: Sequence[int]) -> set[int]:
        """Those of *lines* whose address an earlier line of the file has."""
        keys = [int(one[:16], 16) - 2**63 for one in hashes]
        self._rows.execute("BEGIN")
        before = self._rows.total_changes
        self._rows.executemany(
            "INSERT OR IGNORE INTO seen VALUES (?, ?)", zip(keys, lines, strict=True)
        )
        first = self._rows.total_changes - before
        self._rows.execute("COMMIT")
        if first == len(keys):
            return set()
        query = "SELECT line FROM seen WHERE key = ?"
        return {
            line
            for key, line in zip(keys, lines, strict=True)
            if self._rows.execute(query, (key,)).fetchone() != (line,)
        }

    def close(self) -> None:
        self._rows.close()


def forget(path: Path) -> None:
    """Remove the file and what SQLite keeps beside it."""
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
