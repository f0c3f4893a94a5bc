"""Issues: all of them, one, a manual one written and changed."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from service.config import settings
from service.issues.approve import compose_manual
from service.issues.curate import write
from service.issues.errors import BadInput, IssueFrozen
from service.models import Issue, IssueKind, IssueState, Timing
from service.staff.tokens import Scope
from service.web.api.blueprint import ISSUES, api
from service.web.api.replies import Reply, require_unchanged
from service.web.api.segments import (
    SegmentAsked,
    SegmentShown,
    change_segment,
    segment_of,
    segment_shown,
)
from service.web.api.shapes import (
    Id,
    Moment,
    Paged,
    Shape,
    Slug,
    Text,
    cursor_of,
    newsletter_named,
    noted,
    running,
)
from service.web.asking import now
from service.web.problems import CHANGED_MEANWHILE, NOT_FOUND, NOT_POSSIBLE, Problem

ONE = "/issues/<issue_id>"
Subject = Annotated[Text, Field(min_length=1, max_length=500)]
Markdown = Annotated[Text, Field(max_length=500_000)]


class IssuesAsked(Paged):
    """Which issues; what is given must all hold."""

    newsletter: Slug | None = None
    state: IssueState | None = None
    kind: IssueKind | None = None


class IssuePath(Shape):
    issue_id: Id


class IssueShown(Shape):
    """One issue."""

    id: int
    newsletter: str
    number: int
    kind: IssueKind
    local_date: date | None = Field(description="Null for a manual issue.")
    state: IssueState
    reason: str | None = Field(description="Why it is held, skipped or stopped.")
    subject: str
    preheader: str
    markdown: str = Field(description="The editorial; all there is to a manual issue.")
    segment: SegmentShown | None = Field(description="To whom alone it goes; null: to everyone.")
    timing: Timing
    scheduled_at: Moment | None
    audience: int | None = Field(description="Deliveries planned; null: not planned yet.")
    url: str | None = Field(description="On the web, once it has begun to go out.")
    created_at: Moment
    approved_at: Moment | None
    started_at: Moment | None
    finished_at: Moment | None


class IssueList(Shape):
    """A page of issues, the latest first."""

    items: list[IssueShown]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


class NewIssue(Shape):
    """An issue written by hand."""

    newsletter: Slug
    subject: Subject
    markdown: Annotated[Markdown, Field(min_length=1)]
    preheader: Text = Field(default="", max_length=500)
    segment: SegmentAsked | None = Field(default=None, description="Null: to everyone.")


class IssueChange(Shape):
    """What to change; what is left out stays as it is."""

    subject: Subject | None = None
    markdown: Markdown | None = None
    preheader: Text | None = Field(default=None, max_length=500)
    segment: SegmentAsked | None = Field(
        default=None, description="Of a manual issue alone; null: to everyone."
    )


@api.at("GET /issues", tag=ISSUES, needs=Scope.ISSUES_READ, answers={200: IssueList})
def list_issues(session: Session, query: IssuesAsked) -> Reply:
    """List issues, the latest first"""
    found = (
        select(Issue)
        .options(joinedload(Issue.newsletter))
        .order_by(Issue.id.desc())
        .limit(query.limit + 1)
    )
    if query.after is not None:
        found = found.where(Issue.id < query.after)
    if query.newsletter is not None:
        found = found.where(Issue.newsletter_id == newsletter_named(session, query.newsletter).id)
    if query.state is not None:
        found = found.where(Issue.state == query.state)
    if query.kind is not None:
        found = found.where(Issue.kind == query.kind)
    rows = session.scalars(found).all()
    items = [issue_shown(row) for row in rows[: query.limit]]
    more = len(rows) > query.limit
    return Reply(IssueList(items=items, next=cursor_of(items[-1].id) if more else None))


@api.at(
    "POST /issues",
    tag=ISSUES,
    needs=Scope.ISSUES_WRITE,
    answers={201: IssueShown},
    fails=[NOT_POSSIBLE],
)
def create_issue(session: Session, body: NewIssue) -> Reply:
    """Write a manual issue

    It is a draft: nothing goes out before it is scheduled or sent.
    """
    newsletter = running(newsletter_named(session, body.newsletter))
    segment = segment_of(newsletter, body.segment)
    try:
        issue = compose_manual(session, newsletter, body.subject, body.markdown, now())
        if body.preheader:
            write(session, issue, preheader=body.preheader)
    except BadInput as error:
        raise Problem(NOT_POSSIBLE, str(error)) from error
    if segment is not None:
        issue.segment = segment.model_dump(mode="json")
    note(session, issue, "issue.write")
    return Reply(issue_shown(issue), 201, f"/api/v1/issues/{issue.id}", tagged=True)


@api.at(f"GET {ONE}", tag=ISSUES, needs=Scope.ISSUES_READ, answers={200: IssueShown})
def get_issue(session: Session, path: IssuePath) -> Reply:
    """Get one issue"""
    return Reply(issue_shown(issue_found(session, path.issue_id)), tagged=True)


@api.at(
    f"PATCH {ONE}",
    tag=ISSUES,
    needs=Scope.ISSUES_WRITE,
    answers={200: IssueShown},
    fails=[NOT_POSSIBLE, CHANGED_MEANWHILE],
)
def change_issue(session: Session, path: IssuePath, body: IssueChange) -> Reply:
    """Change a draft

    Its words, also of one that was collected, and to whom alone a manual one goes. Send the ETag
    in `If-Match`, so that you do not write over what somebody else changed meanwhile.
    """
    issue = issue_found(session, path.issue_id)
    session.refresh(issue, with_for_update={"of": Issue})
    require_unchanged(issue_shown(issue))
    try:
        write(
            session,
            issue,
            subject=body.subject,
            preheader=body.preheader,
            editorial=body.markdown,
        )
        if "segment" in body.model_fields_set:
            change_segment(issue, body.segment)
    except (BadInput, IssueFrozen) as error:
        raise Problem(NOT_POSSIBLE, str(error)) from error
    if body.model_fields_set:
        note(session, issue, "issue.write", fields=sorted(body.model_fields_set))
    return Reply(issue_shown(issue), tagged=True)


def issue_shown(issue: Issue) -> IssueShown:
    newsletter = issue.newsletter
    began = issue.started_at is not None
    page = f"{settings().base_url}/n/{newsletter.slug}/issues/{issue.number}"
    return IssueShown(
        id=issue.id,
        newsletter=newsletter.slug,
        number=issue.number,
        kind=issue.kind,
        local_date=issue.local_date,
        state=issue.state,
        reason=issue.reason,
        subject=issue.subject,
        preheader=issue.preheader,
        markdown=issue.editorial,
        segment=segment_shown(issue),
        timing=issue.timing,
        scheduled_at=issue.scheduled_at,
        audience=issue.audience_count,
        url=page if began else None,
        created_at=issue.created_at,
        approved_at=issue.approved_at,
        started_at=issue.started_at,
        finished_at=issue.finished_at,
    )


def issue_found(session: Session, issue_id: int) -> Issue:
    """The issue; a 404 when there is none."""
    found = session.get(Issue, issue_id)
    if found is None:
        raise Problem(NOT_FOUND, f"There is no issue {issue_id}.")
    return found


def note(session: Session, issue: Issue, action: str, **detail: Any) -> None:
    noted(session, action, f"{issue.newsletter.slug} issue {issue.number}", **detail)
