"""What moved between two snapshots of one table. Benchmarks and trending share it.

Figures of two editions are never compared, and a table that was re-based as a whole says nothing
about a single row of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

REBASE_POINTS = 2.0
REBASE_ROWS = 5


class Verdict(StrEnum):
    """How far two snapshots may be compared."""

    COMPARED = "compared"
    NO_BASELINE = "no_baseline"
    """There is no earlier snapshot, or an empty one."""
    NEW_EDITION = "new_edition"
    REBASED = "rebased"
    """Most rows moved together: the yardstick changed, not what it measures."""


@dataclass(frozen=True)
class Figures:
    """One number for each row of a snapshot, in the order of the table; None is not 0."""

    edition: str
    rows: tuple[tuple[str, float | None], ...]
    """(key, figure)."""


@dataclass(frozen=True)
class Delta:
    """How one row moved; ``change`` is None when one of its two figures is not known."""

    key: str
    change: float | None
    is_new: bool


@dataclass(frozen=True)
class Comparison:
    """``rows`` is empty unless the verdict is COMPARED: nothing may then be said of a row."""

    verdict: Verdict
    rows: Mapping[str, Delta]

    def change(self, key: str) -> float | None:
        """How far *key* moved; None when nothing may be said."""
        delta = self.rows.get(key)
        return delta.change if delta else None

    def is_new(self, key: str) -> bool:
        """Whether *key* is known to be absent from the earlier snapshot."""
        delta = self.rows.get(key)
        return delta is not None and delta.is_new


def compare(
    before: Figures | None, after: Figures, *, rebase_points: float | None = REBASE_POINTS
) -> Comparison:
    """Compare two snapshots row by row.

    *rebase_points* is in the figure's own unit: when the median change over five or more rows
    passes it, the table was re-based. None switches that off (stars only ever grow).
    """
    if before is None or not before.rows:
        return Comparison(Verdict.NO_BASELINE, {})
    if before.edition != after.edition:
        return Comparison(Verdict.NEW_EDITION, {})
    old = dict(before.rows)
    deltas = {
        key: Delta(key, _difference(old.get(key), figure), is_new=key not in old)
        for key, figure in after.rows
    }
    changes = [delta.change for delta in deltas.values() if delta.change is not None]
    if rebase_points is not None and _is_rebased(changes, rebase_points):
        return Comparison(Verdict.REBASED, {})
    return Comparison(Verdict.COMPARED, deltas)


def _difference(old: float | None, new: float | None) -> float | None:
    if old is None or new is None:
        return None
    return round(new - old, 6)  # 62.7 - 60.4 is 2.3000000000000043


def _is_rebased(changes: Sequence[float], points: float) -> bool:
    return len(changes) >= REBASE_ROWS and abs(median(changes)) > points
