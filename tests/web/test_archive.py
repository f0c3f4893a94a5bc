"""Issues and sections as web pages."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from service.db import session_scope
from service.models import Issue, IssueKind, IssueState, Newsletter
from service.models.document import Document, Headline, Section, SectionSpec

TITLE = "Small <b>runs</b> & large claims"


@pytest.fixture
def issue(newsletter: Newsletter, now: datetime) -> Issue:
    spec = SectionSpec(slug="labs", kind="headlines", heading="AI Labs", limit=2)
    lines = tuple(
        Headline(
            title=f"Headline {number}",
            url="javascript:alert(1)" if number == 1 else f"https://lab.example/{number}",
            source="A lab",
            published_at=now,
        )
        for number in range(1, 5)
    )
    document = Document(
        newsletter="report",
        title="The Report",
        kind="daily",
        number=7,
        issue_date=date(2026, 11, 20),
        subject=TITLE,
        editorial="Hello <script>alert(1)</script> [x](javascript:alert(1))",
        sections=(Section(spec=spec, entries=lines),),
    )
    with session_scope() as session:
        row = Issue(
            newsletter_id=newsletter.id,
            kind=IssueKind.DAILY,
            number=7,
            local_date=document.issue_date,
            state=IssueState.SENT,
            subject=TITLE,
            document=document.model_dump(mode="json"),
            created_at=now,
            started_at=now,
        )
        session.add(row)
    return row


def test_it_shows_an_issue(client: FlaskClient, issue: Issue) -> None:
    page = client.get("/n/report/issues/7").text
    assert "Small &lt;b&gt;runs&lt;/b&gt; &amp; large claims" in page
    assert "Headline 2" in page
    assert "Headline 3" not in page


def test_it_runs_nothing_that_a_source_or_an_editor_wrote(
    client: FlaskClient, issue: Issue
) -> None:
    page = client.get("/n/report/issues/7").text
    assert "<script>alert" not in page
    assert 'href="javascript' not in page


def test_it_shows_more_on_the_page_of_a_section(client: FlaskClient, issue: Issue) -> None:
    assert "Headline 4" in client.get("/n/report/labs").text


def test_it_lists_issues(client: FlaskClient, issue: Issue) -> None:
    assert "/n/report/issues/7" in client.get("/n/report/archive").text
    assert "/n/report/issues/7" in client.get("/n/report/").text


def test_it_hides_an_issue_that_has_not_begun_to_go(
    client: FlaskClient, issue: Issue, now: datetime
) -> None:
    with session_scope() as session:
        row = session.get_one(Issue, issue.id)
        row.state, row.started_at = IssueState.APPROVED, None
        row.scheduled_at = now + timedelta(days=1)
    assert client.get("/n/report/issues/7").status_code == 404
    assert "/n/report/issues/7" not in client.get("/n/report/archive").text


@pytest.mark.parametrize(
    "path",
    [
        "/n/nothing/",
        "/n/%00/",
        "/n/report/nothing",
        "/n/report/issues/99999999999999999999",
        "/n/report/issues/8",
        "/nothing",
    ],
)
def test_it_says_that_there_is_nothing(path: str, client: FlaskClient) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text


def test_it_opens_the_only_newsletter_at_once(client: FlaskClient) -> None:
    assert client.get("/").headers["Location"] == "/n/report/"
