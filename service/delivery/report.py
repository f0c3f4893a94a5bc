"""What came of an issue: by provider, by link, and who left afterwards. Reads only.

Opens and clicks are told of readers as well as of times: one reader who opens thrice is one reader.
What a machine did by itself is never added to what people did; see ``events.machines``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Integer, cast, exists, false, func, select, text
from sqlalchemy.orm import Session

from service.audience.segment_sql import NOT_GONE
from service.models import (
    Delivery,
    DeliveryState,
    Interaction,
    InteractionKind,
    Issue,
    IssueState,
    Subscriber,
    Subscription,
    SubscriptionState,
)
from service.models.delivery import TROUBLE

MOST_LINKS = 500
LEFT_WITHIN = timedelta(days=7)
"""Who leaves later than that is not said to have left because of the issue."""

ENDED = frozenset({IssueState.SENT, IssueState.STOPPED})
"""In these no delivery is unresolved."""


@dataclass(frozen=True)
class Provider:
    """The readers of one domain."""

    domain: str
    """'' where it is not known: the reader deleted their data."""
    counts: Mapping[DeliveryState, int]

    @property
    def planned(self) -> int:
        return sum(self.counts.values())

    @property
    def out(self) -> int:
        """Messages that SES took, and that were thus not skipped, refused or still wait."""
        return sum(
            self.counts.get(state, 0)
            for state in (
                DeliveryState.ACCEPTED,
                DeliveryState.SOFT_BOUNCED,
                DeliveryState.DELIVERED,
                DeliveryState.BOUNCED,
                DeliveryState.COMPLAINED,
            )
        )

    def of(self, state: str) -> int:
        return self.counts.get(DeliveryState(state), 0)


@dataclass(frozen=True)
class Touched:
    """Opens or clicks of an issue."""

    people: int = 0
    """Readers of whom at least one looks like a person's."""
    machines: int = 0
    """Readers of whom only machines' were seen."""


@dataclass(frozen=True)
class Link:
    """Where clicks led."""

    url: str
    readers: int
    """Who clicked it as a person does."""
    clicks: int
    """How often people did."""
    by_machines: int
    """How often machines did."""


@dataclass(frozen=True)
class Left:
    """Who got the issue and left soon after."""

    readers: int
    reasons: list[tuple[str, int]] = field(default_factory=list)
    """As they wrote them, the commonest first; '' for those who gave none."""


def providers(session: Session, issue_id: int) -> list[Provider]:
    """Deliveries of an issue by the domain of the address, the most readers first."""
    domain = func.coalesce(Subscriber.domain, "")
    rows = session.execute(
        select(domain, Delivery.state, func.count())
        .select_from(Delivery)
        .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Delivery.issue_id == issue_id)
        .group_by(domain, Delivery.state)
    )
    found: dict[str, dict[DeliveryState, int]] = {}
    for name, state, number in rows:
        found.setdefault(name, {})[state] = number
    every = [Provider(name, counts) for name, counts in found.items()]
    return sorted(every, key=lambda one: (-one.planned, one.domain))


def touched(session: Session, issue_id: int) -> dict[InteractionKind, Touched]:
    """How many readers opened, and how many clicked; both named."""
    by_people = func.max(cast(~Interaction.machine, Integer)).label("by_people")
    of_reader = (
        select(Interaction.kind, by_people)
        .where(Interaction.issue_id == issue_id)
        .group_by(Interaction.kind, Interaction.delivery_id)
        .subquery()
    )
    rows = session.execute(
        select(of_reader.c.kind, of_reader.c.by_people, func.count()).group_by(
            of_reader.c.kind, of_reader.c.by_people
        )
    )
    tally = {(kind, bool(people)): number for kind, people, number in rows}
    return {
        kind: Touched(tally.get((kind, True), 0), tally.get((kind, False), 0))
        for kind in InteractionKind
    }


def links(session: Session, issue_id: int, most: int = MOST_LINKS) -> list[Link]:
    """The links of an issue that were followed, those that most readers followed first."""
    person = Interaction.machine.is_(false())
    readers = func.count(Interaction.delivery_id.distinct()).filter(person).label("readers")
    clicks = func.count().filter(person)
    rows = session.execute(
        select(Interaction.url, readers, clicks, func.count().filter(~person))
        .where(Interaction.issue_id == issue_id, Interaction.kind == InteractionKind.CLICK)
        .group_by(Interaction.url)
        .order_by(readers.desc(), Interaction.url)
        .limit(most)
    )
    return [Link(url or "", *numbers) for url, *numbers in rows]


def left_after(session: Session, issue: Issue, now: datetime) -> Left:
    """Who got *issue* and unsubscribed before the next one went, at most a week later."""
    began = issue.started_at
    if began is None:
        return Left(0)
    got = exists().where(
        Delivery.issue_id == issue.id,
        Delivery.subscriber_id == Subscription.subscriber_id,
        Delivery.state.not_in(NOT_GONE),
    )
    reason = func.coalesce(Subscription.unsubscribe_reason, "")
    rows = session.execute(
        select(reason, func.count())
        .where(
            Subscription.newsletter_id == issue.newsletter_id,
            Subscription.state == SubscriptionState.UNSUBSCRIBED,
            Subscription.unsubscribed_at >= began,
            Subscription.unsubscribed_at < _until(session, issue, began, now),
            got,
        )
        .group_by(reason)
    )
    reasons = sorted(((why, number) for why, number in rows), key=lambda one: (-one[1], one[0]))
    return Left(sum(number for _, number in reasons), reasons)


def troubles(session: Session, since: datetime) -> tuple[dict[DeliveryState, int], int]:
    """Deliveries that came to a bad end, by state, and how many were planned in all: of the ended
    issues that began to go since *since*.

    By an index that holds the bad ends alone, so that thirty issues of a million are no load.
    """
    issues = select(Issue.id).where(
        Issue.started_at >= since, Issue.state.in_(ENDED), Issue.audience_count.is_not(None)
    )
    rows = session.execute(
        select(Delivery.state, func.count())
        .where(Delivery.issue_id.in_(issues), text(TROUBLE))
        .group_by(Delivery.state)
    )
    planned = session.scalar(
        select(func.coalesce(func.sum(Issue.audience_count), 0)).where(Issue.id.in_(issues))
    )
    return dict(rows.all()), int(planned or 0)


def _until(session: Session, issue: Issue, began: datetime, now: datetime) -> datetime:
    following = session.scalar(
        select(func.min(Issue.started_at, type_=Issue.started_at.type)).where(
            Issue.newsletter_id == issue.newsletter_id, Issue.started_at > began
        )
    )
    return min(following or now, began + LEFT_WITHIN, now + timedelta(seconds=1))
