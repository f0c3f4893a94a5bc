"""What became of an issue's messages."""

from __future__ import annotations

from pydantic import Field
from sqlalchemy.orm import Session

from service.config import settings
from service.delivery.report import Touched, left_after, links
from service.delivery.states import SENT, UNRESOLVED
from service.models import DeliveryState, InteractionKind, IssueState
from service.staff.tokens import Scope
from service.web.admin.issue.counted import counted
from service.web.admin.numbers.funnel import touched_of
from service.web.admin.numbers.kept import kept
from service.web.admin.numbers.report import contents, told_of
from service.web.api.blueprint import STATS, api
from service.web.api.issues import ONE, IssuePath, issue_found
from service.web.api.replies import Reply
from service.web.api.shapes import Moment, Shape
from service.web.asking import now


class Followers(Shape):
    """Readers who opened or clicked."""

    people: int
    machines: int = Field(description="Readers of whom only machines' were seen.")


class LinkShown(Shape):
    """A link of an issue, and who followed it."""

    url: str
    title: str = Field(description="What it is in the issue; empty where nothing has that name.")
    section: str
    readers: int = Field(description="Who clicked as a person does.")
    clicks: int
    by_machines: int


class LinkList(Shape):
    """The links that were followed, the most readers first."""

    items: list[LinkShown]


class IssueStats(Shape):
    """Counts of an issue's messages. The states add up to the planned audience."""

    issue_id: int
    state: IssueState
    planned: int
    accepted: int = Field(description="Handed on, whatever became of them then.")
    delivered: int
    bounced: int
    complained: int
    unresolved: int = Field(description="Waiting, being sent, or of unknown outcome.")
    by_state: dict[DeliveryState, int]
    opened: Followers | None = Field(description="Null where opens are not tracked.")
    clicked: Followers | None = Field(description="Null where clicks are not tracked.")
    left: int = Field(description="Readers who got it and unsubscribed within a week.")
    started_at: Moment | None
    finished_at: Moment | None


@api.at(
    f"GET {ONE}/stats",
    tag=STATS,
    needs=Scope.STATS_READ,
    answers={200: IssueStats},
)
def get_issue_stats(session: Session, path: IssuePath) -> Reply:
    """Get what became of an issue's messages"""
    issue = issue_found(session, path.issue_id)
    counts = counted().of(session, issue.id)
    seen = touched_of(session, issue)
    left = kept().of(("left", issue.id), lambda: left_after(session, issue, now()))
    return Reply(
        IssueStats(
            issue_id=issue.id,
            state=issue.state,
            planned=sum(counts.values()),
            accepted=sum(counts[state] for state in SENT),
            delivered=counts[DeliveryState.DELIVERED],
            bounced=counts[DeliveryState.BOUNCED],
            complained=counts[DeliveryState.COMPLAINED],
            unresolved=sum(counts[state] for state in UNRESOLVED),
            by_state=dict(counts),
            opened=_followers(seen, InteractionKind.OPEN),
            clicked=_followers(seen, InteractionKind.CLICK),
            left=left.readers,
            started_at=issue.started_at,
            finished_at=issue.finished_at,
        )
    )


@api.at(
    f"GET {ONE}/links",
    tag=STATS,
    needs=Scope.STATS_READ,
    answers={200: LinkList},
)
def list_issue_links(session: Session, path: IssuePath) -> Reply:
    """List the links that readers followed

    At most 500. Empty where clicks are not tracked.
    """
    issue = issue_found(session, path.issue_id)
    found = kept().of(("links", issue.id), lambda: links(session, issue.id))
    items = [
        LinkShown(
            url=one.link.url,
            title=one.title,
            section=one.section,
            readers=one.link.readers,
            clicks=one.link.clicks,
            by_machines=one.link.by_machines,
        )
        for one in told_of(found, contents(issue), settings().base_url)
    ]
    return Reply(LinkList(items=items))


def _followers(
    seen: dict[InteractionKind, Touched] | None, kind: InteractionKind
) -> Followers | None:
    if seen is None:
        return None
    return Followers(people=seen[kind].people, machines=seen[kind].machines)
