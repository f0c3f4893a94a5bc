"""From those for whom an issue was planned to those who clicked: how many each step had left."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.delivery.report import Touched, touched
from service.models import DeliveryState, InteractionKind, Issue, IssueState
from service.web.admin.issue.progress import Progress
from service.web.admin.numbers.kept import kept


@dataclass(frozen=True)
class Step:
    name: str
    readers: int
    of: int
    """Those of the first step."""
    note: str = ""

    @property
    def share(self) -> float:
        return self.readers / self.of if self.of else 0.0


@dataclass(frozen=True)
class Funnel:
    issue: Issue
    progress: Progress
    steps: tuple[Step, ...]
    touched: dict[InteractionKind, Touched] | None
    """None where the newsletter does not track."""

    @property
    def is_complete(self) -> bool:
        """Never while the outcome of a single row is open."""
        ended = self.issue.state in (IssueState.SENT, IssueState.STOPPED)
        return ended and not self.progress.unresolved


def steps_of(progress: Progress, seen: dict[InteractionKind, Touched] | None) -> tuple[Step, ...]:
    """Pure: the steps, each out of those planned."""
    planned, counts = progress.planned, progress.counts
    # Who reported an issue as spam, or whose server took it and then sent it back, had it.
    spam = counts[DeliveryState.COMPLAINED]
    arrived = counts[DeliveryState.DELIVERED] + spam
    steps = [
        Step("Planned", planned, planned),
        Step("Taken by SES", progress.out, planned),
        Step("Delivered", arrived, planned, f"{spam:,} of them reported as spam" if spam else ""),
    ]
    if seen is not None:
        for name, kind in (("Opened", InteractionKind.OPEN), ("Clicked", InteractionKind.CLICK)):
            aside = seen[kind].machines
            note = f"and {aside:,} by machines alone" if aside else ""
            steps.append(Step(name, seen[kind].people, planned, note))
    return tuple(steps)


def funnel_of(session: Session, issue: Issue, progress: Progress) -> Funnel:
    seen = touched_of(session, issue)
    return Funnel(issue, progress, steps_of(progress, seen), seen)


def touched_of(session: Session, issue: Issue) -> dict[InteractionKind, Touched] | None:
    """Opens and clicks; None where the newsletter does not track and none are kept."""
    seen = kept().of(("touched", issue.id), lambda: touched(session, issue.id))
    was_touched = any(one.people or one.machines for one in seen.values())
    return seen if issue.newsletter.tracking or was_touched else None
