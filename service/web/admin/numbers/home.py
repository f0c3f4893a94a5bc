"""The desk: what comes next and what it lacks, what went out, how readers and sources fare."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import render_template
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload

from service.audience.growth import growth
from service.db import read_scope
from service.issues.next_up import NextUp, next_up
from service.models import Issue, IssueState, Newsletter, Source, SourceState
from service.web.admin.blueprint import admin
from service.web.admin.issue.progress import Progress, progress_of
from service.web.admin.issue.reach import Readers, readers_of
from service.web.admin.numbers.chart import Chart, chart_of
from service.web.admin.numbers.funnel import Funnel, funnel_of
from service.web.admin.numbers.kept import kept
from service.web.admin.numbers.reputation import reputation_now
from service.web.asking import now

LATEST = 5
SHOWN = 5
WAITING = (IssueState.DRAFT, IssueState.HELD)


@dataclass(frozen=True)
class Desk:
    """One newsletter at a glance."""

    newsletter: Newsletter
    readers: Readers
    next: NextUp
    leaving: list[Issue]
    """Approved, and waiting for their hour."""
    waiting: list[Issue]
    """Drafts and held issues, the latest: somebody has to do something."""
    waiting_in_all: int
    last: Funnel | None
    """Of the latest issue that began to go; None before the first."""
    chart: Chart
    sources: int
    paused: int
    troubled: list[Source]


@admin.get("/")
def home() -> str:
    with read_scope() as session:
        newsletters = session.scalars(select(Newsletter).order_by(Newsletter.name)).all()
        return render_template(
            "admin/numbers/home.html",
            desks=[_desk(session, one, now()) for one in newsletters if one.archived_at is None],
            archived=[one for one in newsletters if one.archived_at is not None],
            latest=latest(session, LATEST),
            reputation=reputation_now(session, now()),
            now=now(),
            most=SHOWN,
        )


def latest(
    session: Session, most: int, offset: int = 0, *only: ColumnElement[bool]
) -> list[tuple[Issue, Progress]]:
    """Issues of which *only* holds, newest first, with what has become of their deliveries."""
    issues = session.scalars(
        select(Issue)
        .where(*only)
        .options(joinedload(Issue.newsletter))
        .order_by(Issue.id.desc())
        .limit(most)
        .offset(offset)
    ).all()
    return [(issue, progress_of(session, issue, now())) for issue in issues]


def _desk(session: Session, newsletter: Newsletter, at: datetime) -> Desk:
    sources = session.scalars(
        select(Source).where(Source.newsletter_id == newsletter.id).order_by(Source.name)
    ).all()
    days = kept().of(
        ("growth", newsletter.id, at.date()), lambda: growth(session, newsletter.id, at)
    )
    return Desk(
        newsletter=newsletter,
        readers=kept().of(("readers", newsletter.id), lambda: readers_of(session, newsletter, at)),
        next=next_up(session, newsletter, at),
        leaving=_in_state(session, newsletter, IssueState.APPROVED),
        waiting=_in_state(session, newsletter, *WAITING),
        waiting_in_all=_number_in_state(session, newsletter, *WAITING),
        last=_last(session, newsletter, at),
        chart=chart_of(days),
        sources=len(sources),
        paused=sum(source.state is SourceState.PAUSED for source in sources),
        troubled=[
            source
            for source in sources
            if source.state is not SourceState.PAUSED
            and (source.failures > 0 or source.state is SourceState.MUTED)
        ],
    )


def _in_state(session: Session, newsletter: Newsletter, *states: IssueState) -> list[Issue]:
    query = (
        select(Issue)
        .where(Issue.newsletter_id == newsletter.id, Issue.state.in_(states))
        .order_by(Issue.id.desc())
        .limit(LATEST)
    )
    return list(session.scalars(query))


def _number_in_state(session: Session, newsletter: Newsletter, *states: IssueState) -> int:
    query = select(func.count()).where(
        Issue.newsletter_id == newsletter.id, Issue.state.in_(states)
    )
    return session.execute(query).scalar_one()


def _last(session: Session, newsletter: Newsletter, at: datetime) -> Funnel | None:
    issue = session.scalars(
        select(Issue)
        .where(Issue.newsletter_id == newsletter.id, Issue.audience_count.is_not(None))
        .order_by(Issue.started_at.desc())
        .limit(1)
    ).first()
    return None if issue is None else funnel_of(session, issue, progress_of(session, issue, at))
