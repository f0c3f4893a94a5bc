"""An issue's sections as they stand now, and the words that follow from them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.issues.gather import ENTRY
from service.issues.headline import preheader, subject
from service.languages import speaking
from service.models import Entry, Issue, IssueKind, Newsletter
from service.models.document import Section, SectionSpec
from service.models.editorial import fallback


def specs_of(newsletter: Newsletter) -> tuple[SectionSpec, ...]:
    """The newsletter's sections, in the order in which a mail has them."""
    return tuple(SectionSpec.model_validate(spec) for spec in newsletter.sections)


def sections_now(
    session: Session, issue: Issue, *, without: Collection[int] = ()
) -> tuple[Section, ...]:
    """The sections of *issue* as its entries stand: pinned first, dropped ones left out.

    *without* are ids of entries to leave out as well.
    """
    if issue.kind is IssueKind.MANUAL:
        return ()
    rows = session.scalars(
        select(Entry)
        .where(Entry.issue_id == issue.id, Entry.dropped.is_(False))
        .order_by(Entry.pinned.desc(), Entry.position, Entry.id)
    ).all()
    return tuple(
        Section(
            spec=spec,
            entries=tuple(
                ENTRY.validate_python(row.data)
                for row in rows
                if row.section == spec.slug and row.id not in without
            ),
        )
        for spec in specs_of(issue.newsletter)
    )


def follow(issue: Issue, sections: tuple[Section, ...]) -> None:
    """Let subject, preheader and editorial follow *sections*, where no editor wrote them."""
    if issue.kind is IssueKind.MANUAL or issue.local_date is None:
        return
    with speaking(issue.newsletter.language):
        if not issue.words_touched:
            weekly = issue.kind is IssueKind.WEEKLY
            issue.subject = subject(
                sections, issue.newsletter.name, issue.local_date, weekly=weekly
            )
            issue.preheader = preheader(sections)
        if issue.editorial_origin in {"none", "template"}:
            issue.editorial = fallback(sections)
            issue.editorial_origin = "template" if issue.editorial else "none"
