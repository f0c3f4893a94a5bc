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
        took = f" ({self.seconds:.1f} s)" if self.seconds else ""
        if self.outcome != "new":
            return f"{self.source}: {self.outcome}{took}" + (
                f" - {self.reason}" * bool(self.reason)
            )
        counts = [f"{self.new} new"]
        counts += [f"{self.updated} updated"] * bool(self.updated)
        counts += [f"{len(self.skipped)} passed over"] * bool(self.skipped)
        return f"{self.source}: {', '.join(counts)}{took}" + (
            f" - {self.reason}" * bool(self.reason)
        )
