"""Issues as web pages, from what was frozen; and each section's full page."""

from __future__ import annotations

from flask import Response, abort, render_template, request
from sqlalchemy.orm import Session

from service.audience.choices import section_specs
from service.db import read_scope
from service.models import Newsletter
from service.rendering.issue import FULLEST, choose
from service.web import fresh
from service.web.asking import newsletter_or_404
from service.web.public import editions
from service.web.public.blueprint import public

PAGE = 30
ISSUES_OF_A_SECTION = 5
"""On one page; each may bring a whole pool."""

ISSUE_SECONDS = 3600
LIST_SECONDS = 300


@public.get("/n/<slug:newsletter>/archive")
def archive(newsletter: str) -> Response:
    page = asked_page()
    with read_scope() as session:
        found = newsletter_or_404(session, newsletter)
        issues = editions.listed(session, found, PAGE + 1, offset=(page - 1) * PAGE)

        def body() -> str:
            return render_template(
                "public/archive.html",
                newsletter=found,
                issues=issues[:PAGE],
                page=page,
                older=len(issues) > PAGE,
            )

        return fresh.answer(found, [issue.stamp for issue in issues], body, seconds=LIST_SECONDS)


@public.get("/n/<slug:newsletter>/issues/<int(max=2147483647):number>")
def issue(newsletter: str, number: int) -> Response:
    with read_scope() as session:
        found = newsletter_or_404(session, newsletter)
        edition = editions.one(session, found, number)
        if edition is None:
            return _not_out(session, found, number)
        stamp = edition.stamp

        def body() -> str:
            document = editions.documents(session, [stamp[0]])[stamp[0]]
            return render_template(
                "public/issue.html",
                newsletter=found,
                issue=choose(document, FULLEST),
                began_at=stamp[1],
                full_pages={spec.slug for spec in section_specs(found)},
            )

        answer = fresh.answer(found, [stamp], body, seconds=ISSUE_SECONDS)
        if not edition.listed:
            answer.headers["X-Robots-Tag"] = "noindex, nofollow"
        return answer


def _not_out(session: Session, newsletter: Newsletter, number: int) -> Response:
    """A test copy links to its issue as readers' mail will: that it is not out is no error."""
    if not editions.is_to_come(session, newsletter, number):
        abort(404)
    page = render_template("public/not_out.html", newsletter=newsletter, number=number)
    response = Response(page, content_type="text/html; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    return response


@public.get("/n/<slug:newsletter>/<slug:section>")
def section_page(newsletter: str, section: str) -> Response:
    """All of a section, more than a mail shows: the pools of the last issues, newest first."""
    page = asked_page()
    with read_scope() as session:
        found = newsletter_or_404(session, newsletter)
        spec = next((spec for spec in section_specs(found) if spec.slug == section), None)
        if spec is None:
            abort(404)
        # A table is shown as it stands: yesterday's is on yesterday's issue.
        stands = spec.kind in ("tables", "repos")
        stamps = editions.stamps(
            session, found, ISSUES_OF_A_SECTION + 1, offset=(page - 1) * ISSUES_OF_A_SECTION
        )

        def body() -> str:
            shown = [identity for identity, _ in stamps[:ISSUES_OF_A_SECTION]]
            documents = editions.documents(session, shown)
            parts = [
                (documents[identity], part)
                for identity in shown
                for part in documents[identity].sections
                if part.spec.slug == section and part.entries
            ]
            return render_template(
                "public/section.html",
                newsletter=found,
                spec=spec,
                parts=parts[:1] if stands else parts,
                page=page,
                older=len(stamps) > ISSUES_OF_A_SECTION and not stands,
            )

        return fresh.answer(found, stamps, body, seconds=LIST_SECONDS)


def asked_page() -> int:
    """The page of a list that the address names; from 1."""
    return min(max(1, request.args.get("page", 1, type=int)), 10_000)
