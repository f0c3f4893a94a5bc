"""What came of an issue: the funnel, providers, links, who left; each of them as CSV too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Response, abort, render_template
from sqlalchemy.orm import Session

from service.config import settings
from service.db import read_scope
from service.delivery.report import Left, Link, Provider, left_after, links, providers
from service.models import DeliveryState, Issue
from service.models.document import Document
from service.web.admin.blueprint import admin
from service.web.admin.issue.issues import issue_or_404
from service.web.admin.issue.progress import LABELS, progress_of
from service.web.admin.numbers.funnel import Funnel, funnel_of
from service.web.admin.numbers.kept import kept
from service.web.admin.numbers.reputation import Reputation, is_heard, reputation
from service.web.admin.tables import csv_answer
from service.web.asking import now

SHOWN_PROVIDERS = 10
SHOWN_LINKS = 30

WORDS, OWN_PAGES, READERS_PAGES = "Editorial", "The issue on the web", "The reader's own pages"


@dataclass(frozen=True)
class Followed:
    """A link, what it is in the issue, and who followed it."""

    link: Link
    title: str
    section: str


@dataclass(frozen=True)
class BySection:
    section: str
    clicks: int
    by_machines: int


@dataclass(frozen=True)
class Report:
    issue: Issue
    funnel: Funnel
    reputation: Reputation
    """Of this issue alone."""
    providers: list[Provider]
    followed: list[Followed]
    sections: list[BySection]
    left: Left


@admin.get("/issues/<int(max=2147483647):issue_id>/report")
def report(issue_id: int) -> str:
    with read_scope() as session:
        return render_template(
            "admin/numbers/report.html",
            report=report_of(session, _sent_or_404(session, issue_id), now()),
            labels=LABELS,
            most_providers=SHOWN_PROVIDERS,
            most_links=SHOWN_LINKS,
        )


@admin.get(
    "/issues/<int(max=2147483647):issue_id>/report-"
    "<any(funnel, counts, providers, links, sections, reasons):what>.csv"
)
def report_csv(issue_id: int, what: str) -> Response:
    with read_scope() as session:
        issue = _sent_or_404(session, issue_id)
        rows = table_of(report_of(session, issue, now()), what)
        return csv_answer(f"{issue.newsletter.slug}-{issue.number}-{what}.csv", rows)


def report_of(session: Session, issue: Issue, at: datetime) -> Report:
    funnel = funnel_of(session, issue, progress_of(session, issue, at))
    counts = funnel.progress.counts
    followed = []
    if funnel.touched is not None:
        found = kept().of(("links", issue.id), lambda: links(session, issue.id))
        followed = told_of(found, contents(issue), settings().base_url)
    return Report(
        issue,
        funnel,
        reputation(counts, funnel.progress.planned, heard=is_heard(counts)),
        kept().of(("providers", issue.id), lambda: providers(session, issue.id)),
        followed,
        by_section(followed),
        kept().of(("left", issue.id), lambda: left_after(session, issue, at)),
    )


def contents(issue: Issue) -> dict[str, tuple[str, str]]:
    """The links of the entries of a frozen issue: the entry's title, and its section's heading."""
    if issue.document is None:
        return {}
    document = Document.model_validate(issue.document)
    return {
        entry.url: (getattr(entry, "title", "") or getattr(entry, "name", ""), section.spec.heading)
        for section in document.sections
        for entry in section.entries
        if entry.url
    }


def told_of(
    found: Iterable[Link], entries: Mapping[str, tuple[str, str]], base_url: str
) -> list[Followed]:
    """Pure: each link with what it is; what no entry has is the editorial's, or a page of ours."""
    told = []
    for link in found:
        title, section = entries.get(link.url, ("", WORDS))
        if not title and link.url.startswith(f"{base_url}/"):
            path = link.url.removeprefix(base_url)
            section = OWN_PAGES if path.startswith("/n/") else READERS_PAGES
        told.append(Followed(link, title, section))
    return told


def by_section(followed: Sequence[Followed]) -> list[BySection]:
    """Pure: clicks by section, the most clicked first."""
    names = dict.fromkeys(one.section for one in followed)
    found = [
        BySection(
            name,
            sum(one.link.clicks for one in followed if one.section == name),
            sum(one.link.by_machines for one in followed if one.section == name),
        )
        for name in names
    ]
    return sorted(found, key=lambda one: (-one.clicks, one.section))


def table_of(report: Report, what: str) -> list[Sequence[object]]:
    """Pure: one part of the report as rows, its heading first."""
    if what == "funnel":
        return [
            ("step", "readers", "share"),
            *((step.name, step.readers, f"{step.share:.4f}") for step in report.funnel.steps),
        ]
    if what == "counts":
        counts = report.funnel.progress.counts
        return [("state", "deliveries"), *((state.value, counts[state]) for state in DeliveryState)]
    if what == "providers":
        states = tuple(DeliveryState)
        return [
            ("domain", "planned", *(state.value for state in states)),
            *(
                (one.domain or "unknown", one.planned, *(one.of(state) for state in states))
                for one in report.providers
            ),
        ]
    if what == "links":
        return [
            ("url", "title", "section", "readers", "clicks", "clicks_by_machines"),
            *(
                (
                    one.link.url,
                    one.title,
                    one.section,
                    one.link.readers,
                    one.link.clicks,
                    one.link.by_machines,
                )
                for one in report.followed
            ),
        ]
    if what == "sections":
        return [
            ("section", "clicks", "clicks_by_machines"),
            *((one.section, one.clicks, one.by_machines) for one in report.sections),
        ]
    return [("reason", "readers"), *((why or "none given", n) for why, n in report.left.reasons)]


def _sent_or_404(session: Session, issue_id: int) -> Issue:
    issue = issue_or_404(session, issue_id)
    return issue if issue.audience_count is not None else abort(404)
