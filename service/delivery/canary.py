"""The first few of an issue: when nothing speaks against it, the others follow.

SES reviews an account at 5 % of bounces or 0.1 % of complaints. Where the first few come to that,
the issue is held with the numbers, and an editor decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from service.delivery.finish import tell_of_issues
from service.models import Delivery, DeliveryBatch, DeliveryState, Issue, IssueState
from service.staff.alerts import alert_owners
from service.webhooks.announce import Happening

BOUNCES, COMPLAINTS = 0.05, 0.001
"""Shares of what was sent at which SES puts an account under review."""

FEWEST_BOUNCES, FEWEST_COMPLAINTS = 3, 2
"""Below these a share says nothing: of a hundred, one reader's mood is 1 %."""

HEARD_ENOUGH = 0.5
PATIENCE = timedelta(hours=1)
"""How much longer than asked to wait for SES's events."""


class Finding(StrEnum):
    WAIT = "wait"
    WELL = "well"
    ILL = "ill"


@dataclass(frozen=True)
class Outcomes:
    """What became of the first few, in messages."""

    waiting: int = 0
    """Not handed to SES yet, or at this moment."""
    unheard: int = 0
    """SES has them, or may have them, and has told nothing more."""
    fine: int = 0
    bounced: int = 0
    complained: int = 0
    refused: int = 0
    """By SES itself."""

    @classmethod
    def of(cls, counts: Mapping[DeliveryState, int]) -> Outcomes:
        def sum_of(*states: DeliveryState) -> int:
            return sum(counts.get(state, 0) for state in states)

        return cls(
            waiting=sum_of(DeliveryState.QUEUED, DeliveryState.SENDING),
            unheard=sum_of(DeliveryState.ACCEPTED, DeliveryState.UNKNOWN, DeliveryState.GIVEN_UP),
            fine=sum_of(DeliveryState.DELIVERED, DeliveryState.SOFT_BOUNCED),
            bounced=sum_of(DeliveryState.BOUNCED),
            complained=sum_of(DeliveryState.COMPLAINED),
            refused=sum_of(DeliveryState.REJECTED),
        )

    @property
    def heard(self) -> int:
        return self.fine + self.bounced + self.complained + self.refused

    @property
    def tried(self) -> int:
        return self.heard + self.unheard


@dataclass(frozen=True)
class Judgement:
    finding: Finding
    reason: str = ""
    """What speaks against the rest, with the numbers; '' when nothing does."""


def judge(outcomes: Outcomes, overdue: timedelta) -> Judgement:
    """What to do, *overdue* after the moment until which the others were to wait."""
    if outcomes.waiting:
        return Judgement(Finding.WAIT)
    for count, word, limit, fewest in (
        (outcomes.complained, "were reported as spam", COMPLAINTS, FEWEST_COMPLAINTS),
        (outcomes.bounced, "bounced", BOUNCES, FEWEST_BOUNCES),
        (outcomes.refused, "were refused by SES", BOUNCES, FEWEST_BOUNCES),
    ):
        if count >= fewest and count > limit * outcomes.tried:
            share = f"{count / outcomes.tried:.1%}".replace("%", " %")
            most = f"{limit * 100:g} %"
            return Judgement(Finding.ILL, f"{count:,} {word}: {share}, more than {most}.")
    if outcomes.heard >= HEARD_ENOUGH * outcomes.tried:
        return Judgement(Finding.WELL)
    if overdue < PATIENCE:
        return Judgement(Finding.WAIT)
    return Judgement(
        Finding.ILL,
        f"of only {outcomes.heard:,} is it known what became of them. See whether SES's events "
        "arrive.",
    )


def judge_canaries(session: Session, now: datetime) -> int:
    """Judge each issue whose first few had their time; how many were let go on or held."""
    due = select(Issue).where(Issue.state == IssueState.SENDING, Issue.canary_until <= now)
    return sum(_judge(session, issue, now) for issue in session.scalars(due).all())


def _judge(session: Session, issue: Issue, now: datetime) -> bool:
    """Whether it was decided, and not only put off."""
    until = issue.canary_until
    assert until is not None
    outcomes = outcomes_of(session, issue.id)
    judgement = judge(outcomes, now - until)
    if judgement.finding is Finding.WELL:
        return _change(session, issue, canary_until=None)
    if judgement.finding is Finding.ILL:
        return _hold(session, issue, outcomes, judgement, now)
    if outcomes.waiting:  # their time begins when all of them have gone
        again = now + timedelta(minutes=issue.newsletter.canary_minutes)
        _change(session, issue, canary_until=again)
    return False


def outcomes_of(session: Session, issue_id: int) -> Outcomes:
    """What has become of the first few of an issue."""
    tally = (
        select(Delivery.state, func.count())
        .join(DeliveryBatch, DeliveryBatch.id == Delivery.batch_id)
        .where(DeliveryBatch.issue_id == issue_id, DeliveryBatch.canary)
        .group_by(Delivery.state)
    )
    return Outcomes.of(dict(session.execute(tally).all()))


def _hold(
    session: Session, issue: Issue, outcomes: Outcomes, judgement: Judgement, now: datetime
) -> bool:
    reason = (
        f"Held after the first {outcomes.tried:,}: {judgement.reason} The others have got nothing "
        "yet. Go on sending lets them have it, stop ends it."
    )
    # No longer set, so that an editor who resumes it lets all others have it.
    held = _change(session, issue, state=IssueState.HELD, reason=reason, canary_until=None)
    if held:
        name = f"{issue.newsletter.name} No. {issue.number}"
        alert_owners(session, issue, "canary", f"{name}: {reason}", now)
        tell_of_issues(session, Happening.ISSUE_HELD, [issue.id], now)
    return held


def _change(session: Session, issue: Issue, **values: object) -> bool:
    """Change the issue if it still is as it was when it was judged; whether it was."""
    changed = session.execute(
        update(Issue)
        .where(
            Issue.id == issue.id,
            Issue.state == IssueState.SENDING,
            Issue.canary_until == issue.canary_until,
        )
        .values(**values)
        .returning(Issue.id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None
