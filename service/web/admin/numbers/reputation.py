"""How the mail of the last month fares, against the lines at which mailbox providers act.

SES reviews an account at 5 % of bounces and pauses it at 10 %. Gmail and Yahoo ask for complaints
under 0.1 %, and never 0.3 %; SES reviews at 0.1 % as well. Below some number of messages a share
says nothing, and without SES's events nothing is known: both are called unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.delivery.report import ENDED, troubles
from service.models import DeliveryState, Issue
from service.web.admin.issue.counted import counted
from service.web.admin.numbers.kept import kept

ROLLING = timedelta(days=30)


@dataclass(frozen=True)
class Measure:
    """What is judged, by two lines, from how many messages on."""

    name: str
    lines: tuple[float, float]
    fewest: int
    """With fewer messages one reader alone would make for a line that is crossed."""


BOUNCES = Measure("Bounces", (0.05, 0.10), 100)
COMPLAINTS = Measure("Complaints", (0.001, 0.003), 1_000)

HEARD_ENOUGH = 0.5
"""Of the last issue's messages; where fewer are heard of, SES's events do not come in."""

NOT_MAIL = (
    DeliveryState.QUEUED,
    DeliveryState.SENDING,
    DeliveryState.UNKNOWN,
    DeliveryState.REJECTED,
    DeliveryState.SKIPPED,
    DeliveryState.GIVEN_UP,
)
"""Not sent, not yet, or nobody knows: a share of an issue on its way is that of what is out."""


class Verdict(StrEnum):
    UNKNOWN = "unknown"
    WELL = "well"
    NEAR = "near"
    """Over the first line: somebody looks closer."""
    OVER = "over"
    """Over the second: mail is held back."""


@dataclass(frozen=True)
class Line:
    """One share against its two lines."""

    measure: Measure
    number: int
    of: int
    verdict: Verdict
    why: str = ""
    """Why it is unknown; '' when it is not."""

    @property
    def share(self) -> float | None:
        return None if self.verdict is Verdict.UNKNOWN else self.number / self.of

    @property
    def drawn(self) -> float:
        """How far the bar goes, of 100, where the second line stands at 75."""
        return 0.0 if self.share is None else min(100.0, 75 * self.share / self.measure.lines[1])

    @property
    def marks(self) -> tuple[float, float]:
        """Where the two lines stand, of 100."""
        return 75 * self.measure.lines[0] / self.measure.lines[1], 75.0


@dataclass(frozen=True)
class Reputation:
    """Complaints and bounces of the last thirty days, over all newsletters."""

    complaints: Line
    bounces: Line

    @property
    def both(self) -> tuple[Line, Line]:
        return self.complaints, self.bounces


def verdict(share: float, lines: tuple[float, float]) -> Verdict:
    """Pure: where *share* stands."""
    if share >= lines[1]:
        return Verdict.OVER
    return Verdict.NEAR if share >= lines[0] else Verdict.WELL


def line(measure: Measure, number: int, of: int, *, heard: bool) -> Line:
    """Pure: *number* of *of* messages against the lines, unknown when that says nothing."""
    if not of:
        return Line(measure, number, of, Verdict.UNKNOWN, "No mail has gone out yet.")
    if not heard:
        why = "SES has said too little of what it sent: its events may not reach this service."
        return Line(measure, number, of, Verdict.UNKNOWN, why)
    if of < measure.fewest:
        why = f"Too few messages to say: {of:,} of the {measure.fewest:,} that it takes."
        return Line(measure, number, of, Verdict.UNKNOWN, why)
    return Line(measure, number, of, verdict(number / of, measure.lines))


def reputation(bad: Mapping[DeliveryState, int], planned: int, *, heard: bool) -> Reputation:
    """Pure: of *planned* deliveries with these bad ends."""
    out = planned - sum(bad.get(state, 0) for state in NOT_MAIL)
    bounced = bad.get(DeliveryState.BOUNCED, 0)
    complained = bad.get(DeliveryState.COMPLAINED, 0)
    return Reputation(
        line(COMPLAINTS, complained, out, heard=heard),
        line(BOUNCES, bounced, out, heard=heard),
    )


def is_heard(counts: Mapping[DeliveryState, int]) -> bool:
    """Pure: whether enough is known of what became of an issue's messages."""
    told = (
        DeliveryState.DELIVERED,
        DeliveryState.SOFT_BOUNCED,
        DeliveryState.BOUNCED,
        DeliveryState.COMPLAINED,
    )
    heard = sum(counts.get(state, 0) for state in told)
    unheard = counts.get(DeliveryState.ACCEPTED, 0)
    return heard > 0 and heard >= HEARD_ENOUGH * (heard + unheard)


def reputation_now(session: Session, now: datetime) -> Reputation:
    """That of the last thirty days."""
    last = session.scalars(
        select(Issue.id)
        .where(Issue.state.in_(ENDED), Issue.audience_count > 0)
        .order_by(Issue.started_at.desc())
        .limit(1)
    ).first()
    heard = last is not None and is_heard(counted().of(session, last))
    bad, planned = kept().of("troubles", lambda: troubles(session, now - ROLLING))
    return reputation(bad, planned, heard=heard)
