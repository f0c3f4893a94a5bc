"""What has become of an issue's deliveries, as a person reads it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.delivery.finish import counts
from service.delivery.states import SENT, UNRESOLVED
from service.models import DeliveryState, Issue, IssueState

LABELS: dict[DeliveryState, str] = {
    DeliveryState.QUEUED: "Waiting",
    DeliveryState.SENDING: "Being sent",
    DeliveryState.UNKNOWN: "Uncertain",
    DeliveryState.ACCEPTED: "Accepted by SES",
    DeliveryState.DELIVERED: "Delivered",
    DeliveryState.SOFT_BOUNCED: "Bounced for now",
    DeliveryState.BOUNCED: "Bounced",
    DeliveryState.COMPLAINED: "Reported as spam",
    DeliveryState.REJECTED: "Refused by SES",
    DeliveryState.SKIPPED: "Not sent",
    DeliveryState.GIVEN_UP: "Never told",
}

EXPLAINED: dict[DeliveryState, str] = {
    DeliveryState.UNKNOWN: "Asked SES, got no answer; its events settle it",
    DeliveryState.ACCEPTED: "No word yet from the reader's mailbox",
    DeliveryState.SOFT_BOUNCED: "The mailbox was full or away",
    DeliveryState.SKIPPED: "Left or suppressed after planning",
    DeliveryState.GIVEN_UP: "SES never said whether they went out; not sent again",
}

UNDER_WAY = frozenset({IssueState.APPROVED, IssueState.SENDING})


@dataclass(frozen=True)
class Progress:
    """Counts by state; together they are the planned audience."""

    counts: dict[DeliveryState, int]
    is_live: bool
    """Whether the numbers may still change by our own doing."""

    @property
    def planned(self) -> int:
        return sum(self.counts.values())

    @property
    def unresolved(self) -> int:
        return sum(self.counts[state] for state in UNRESOLVED)

    @property
    def out(self) -> int:
        """Messages that SES took."""
        return sum(self.counts[state] for state in SENT)

    @property
    def lines(self) -> list[tuple[str, int, str]]:
        """Label, count, explanation of every state that some delivery is in."""
        return [
            (label, self.counts[state], EXPLAINED.get(state, ""))
            for state, label in LABELS.items()
            if self.counts[state]
        ]


def progress_of(session: Session, issue: Issue) -> Progress:
    found = counts(session, issue.id)
    settling = issue.state is IssueState.SENT and found[DeliveryState.ACCEPTED] > 0
    return Progress(found, is_live=issue.state in UNDER_WAY or settling)
