"""What became of one check of one source, as a value and as a line to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["new", "unchanged", "failed", "not due"]


@dataclass(frozen=True)
class CollectReport:
    source: str
    """Slug."""
    name: str
    outcome: Outcome
    """``new``: it was read, though it need not hold anything new for us; ``not due``: paused,
    muted, checked already, or another worker is at it."""
    new: int = 0
    updated: int = 0
    skipped: tuple[str, ...] = ()
    """Why entries were passed over."""
    reason: str = ""
    """Why it failed, or what is wrong with an answer that could be kept in part."""
    seconds: float = 0.0

    def __str__(self) -> str:
        """One line: ``acme-news: 3 new, 1 updated (0.4 s)``."""
        said = self._counts() if self.outcome == "new" else self.outcome
        took = f" ({self.seconds:.1f} s)" if self.seconds else ""
        why = f" - {self.reason}" if self.reason else ""
        return f"{self.source}: {said}{took}{why}"

    def _counts(self) -> str:
        counts = [(self.updated, "updated"), (len(self.skipped), "passed over")]
        return ", ".join(
            [f"{self.new} new", *(f"{count} {what}" for count, what in counts if count)]
        )
