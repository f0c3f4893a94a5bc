"""Issues that went out, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from service.db import session_scope
from service.models import Issue, IssueKind, IssueState, Newsletter
from service.models.document import (
    AnyEntry,
    Column,
    Document,
    Headline,
    Section,
    SectionSpec,
    TableEntry,
    TableRow,
)

LABS = SectionSpec(slug="labs", kind="headlines", heading="AI Labs", limit=2)
TABLES = SectionSpec(slug="tables", kind="tables", heading="Benchmarks", limit=2)


def headlines(count: int, now: datetime) -> tuple[Headline, ...]:
    return tuple(
        Headline(
            title=f"Headline {number}",
            url="javascript:alert(1)" if number == 1 else f"https://lab.example/{number}",
            source="A lab",
            published_at=now,
        )
        for number in range(1, count + 1)
    )


def table(rows: int) -> TableEntry:
    return TableEntry(
        name="Language models",
        columns=(
            Column(key="rank", label="#", numeric=True),
            Column(key="model", label="Model"),
            Column(key="score", label="Score", numeric=True),
        ),
        rows=tuple(
            TableRow(cells=(str(rank), f"model-{rank}", f"{90 - rank}.5"), change=f"+{rank}.1")
            for rank in range(1, rows + 1)
        ),
    )


def add_issue(
    newsletter: Newsletter,
    number: int,
    began_at: datetime | None,
    subject: str,
    *,
    state: IssueState = IssueState.SENT,
    spec: SectionSpec = LABS,
    entries: Sequence[AnyEntry] | None = None,
) -> Issue:
    """An issue with one section; it began to go at *began_at*, or has not yet."""
    day = date(2026, 11, 20) - timedelta(days=100 - number)
    then = began_at or newsletter.created_at
    document = Document(
        newsletter=newsletter.slug,
        title=newsletter.name,
        kind="daily",
        number=number,
        issue_date=day,
        subject=subject,
        preheader=f"What {number} says",
        editorial="Hello <script>alert(1)</script> [x](javascript:alert(1))",
        sections=(Section(spec=spec, entries=tuple(entries or headlines(4, then))),),
    )
    with session_scope() as session:
        row = Issue(
            newsletter_id=newsletter.id,
            kind=IssueKind.DAILY,
            number=number,
            local_date=day,
            state=state,
            subject=subject,
            preheader=document.preheader,
            document=document.model_dump(mode="json"),
            created_at=then,
            started_at=began_at,
        )
        session.add(row)
    return row
