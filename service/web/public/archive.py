"""Issues as web pages, from what was frozen; and each section's full page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import abort, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audience.choices import section_specs
from service.db import read_scope
from service.models import Issue, Newsletter
from service.models.document import Document, Section
from service.rendering.issue import FULLEST, choose
from service.web.asking import newsletter_or_404
from service.web.public import public

PAGE = 30
ISSUES_OF_A_SECTION = 7


@dataclass(frozen=True)
class Edition:
    """An issue that went out, and what it says."""

    row: Issue
    document: Document


@public.get("/n/<slug:newsletter>/archive")
def archive(newsletter: str) -> str:
    page = max(1, request.args.get("page", 1, type=int))
    with read_scope() as session:
        found = newsletter_or_404(session, newsletter)
        issues = latest_issues(session, found, PAGE + 1, offset=(min(page, 10_000) - 1) * PAGE)
        return render_template(
            "public/archive.html",
            newsletter=found,
            issues=issues[:PAGE],
            page=page,
            older=len(issues) > PAGE,
        )


@public.get("/n/<slug:newsletter>/issues/<int(max=2147483647):number>")
def issue(newsletter: str, number: int) -> str:
    with read_scope() as session:
        found = newsletter_or_404(session, newsletter)
        row = session.scalars(_published(found).where(Issue.number == number)).one_or_none()
        if row is None:
            abort(404)
        document = Document.model_validate(row.document)
        return render_template(
            "public/issue.html",
            newsletter=found,
            issue=choose(document, FULLEST),
            full_pages={spec.slug for spec in section_specs(found)},
        )


@public.get("/n/<slug:newsletter>/<slug:section>")
def section_page(newsletter: str, section: str) -> str:
    """All of a section, more than a mail shows: the pools of the last issues, newest first."""
    with read_scope() as session:
        found = newsletter_or_404(session, newsletter)
        spec = next((spec for spec in section_specs(found) if spec.slug == section), None)
        if spec is None:
            abort(404)
        several = 1 if spec.kind in ("tables", "repos") else ISSUES_OF_A_SECTION
        parts = _of_section(latest_issues(session, found, ISSUES_OF_A_SECTION), section)
        return render_template(
            "public/section.html", newsletter=found, spec=spec, parts=parts[:several]
        )


def latest_issues(
    session: Session, newsletter: Newsletter, most: int, offset: int = 0
) -> list[Edition]:
    """Issues that went out, newest first."""
    query = _published(newsletter).order_by(Issue.started_at.desc(), Issue.id.desc())
    rows = session.scalars(query.limit(most).offset(offset))
    return [Edition(row, Document.model_validate(row.document)) for row in rows]


def _published(newsletter: Newsletter):  # type: ignore[no-untyped-def]
    # Once the first mail may have left, its links must lead somewhere, whatever became of it.
    return select(Issue).where(
        Issue.newsletter_id == newsletter.id,
        Issue.started_at.is_not(None),
        Issue.document.is_not(None),
    )


def _of_section(editions: Sequence[Edition], slug: str) -> list[tuple[Edition, Section]]:
    """The section in each edition that has it with something in it."""
    return [
        (edition, section)
        for edition in editions
        for section in edition.document.sections
        if section.spec.slug == slug and section.entries
    ]
