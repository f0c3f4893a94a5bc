"""The desk: what comes next, what went out, and whether the sources are well."""

from __future__ import annotations

from dataclasses import dataclass

from flask import render_template
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from service.db import read_scope
from service.models import (
    Issue,
    IssueState,
    Newsletter,
    Source,
    SourceState,
)
from service.web.admin import admin
from service.web.admin.progress import Progress, progress_of
from service.web.admin.reach import Readers, readers_of
from service.web.asking import now

LATEST = 5


@dataclass(frozen=True)
class Desk:
    """One newsletter at a glance."""

    newsletter: Newsletter
    readers: Readers
    waiting: list[Issue]
    """Drafts and held issues: somebody has to do something."""
    sources: int
    troubled: list[Source]


@admin.get("/")
def home() -> str:
    with read_scope() as session:
        newsletters = session.scalars(select(Newsletter).order_by(Newsletter.name)).all()
        return render_template(
            "admin/home.html",
            desks=[_desk(session, newsletter) for newsletter in newsletters],
            latest=latest(session, LATEST),
            now=now(),
        )


def latest(session: Session, most: int, offset: int = 0) -> list[tuple[Issue, Progress]]:
    """Issues, newest first, with what has become of their deliveries."""
    issues = session.scalars(
        select(Issue)
        .options(joinedload(Issue.newsletter))
        .order_by(Issue.id.desc())
        .limit(most)
        .offset(offset)
    ).all()
    return [(issue, progress_of(session, issue, now())) for issue in issues]


def _desk(session: Session, newsletter: Newsletter) -> Desk:
    waiting = (
        select(Issue)
        .where(
            Issue.newsletter_id == newsletter.id,
            Issue.state.in_([IssueState.DRAFT, IssueState.HELD]),
        )
        .order_by(Issue.id.desc())
        .limit(LATEST)
    )
    sources = session.scalars(
        select(Source).where(Source.newsletter_id == newsletter.id).order_by(Source.name)
    ).all()
    return Desk(
        newsletter=newsletter,
        readers=readers_of(session, newsletter, now()),
        waiting=list(session.scalars(waiting)),
        sources=len(sources),
        troubled=[
            source for source in sources if source.failures > 0 or source.state is SourceState.MUTED
        ],
    )
