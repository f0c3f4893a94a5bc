"""Issues and sections as web pages."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.audience.segment import Held, Segment
from service.db import session_scope
from service.models import Issue, IssueKind, IssueState, Newsletter
from service.models.document import Document, Headline, Section, SectionSpec
from service.newsletters.spec import PAGES_OF_OURS
from tests.web.issues import TABLES, add_issue, table

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


@pytest.mark.parametrize(
    ("segment", "listed"),
    [
        (Segment(tags=("staff",)), False),
        (Segment(held=Held(issue=6, variants=(1,))), True),
        (None, True),
    ],
    ids=["a segment", "a correction", "everyone"],
)
def test_it_lists_what_everybody_may_find(
    client: FlaskClient, issue: Issue, segment: Segment | None, listed: bool
) -> None:
    with session_scope() as session:
        row = session.get_one(Issue, issue.id)
        row.segment = segment and segment.model_dump(mode="json")
    for page in ("", "archive", "feed.json"):
        assert ("/n/report/issues/7" in client.get(f"/n/report/{page}").text) is listed
    answer = client.get("/n/report/issues/7")
    assert "Headline 2" in answer.text, "who got it follows its link"
    assert ("noindex" in answer.headers.get("X-Robots-Tag", "")) is not listed


def test_it_hides_an_issue_that_has_not_begun_to_go(
    client: FlaskClient, issue: Issue, now: datetime
) -> None:
    with session_scope() as session:
        row = session.get_one(Issue, issue.id)
        row.state, row.started_at = IssueState.APPROVED, None
        row.scheduled_at = now + timedelta(days=1)
    answer = client.get("/n/report/issues/7")
    assert "Issue 7 is not out yet" in answer.text
    assert "Headline" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.text
    assert "/n/report/issues/7" not in client.get("/n/report/archive").text


@pytest.mark.parametrize("state", [IssueState.SKIPPED, IssueState.STOPPED])
def test_it_promises_no_issue_that_will_not_go(
    client: FlaskClient, issue: Issue, state: IssueState
) -> None:
    with session_scope() as session:
        row = session.get_one(Issue, issue.id)
        row.state, row.started_at = state, None
    assert client.get("/n/report/issues/7").status_code == 404


@pytest.mark.parametrize(
    ("link", "said"), [("unsubscribe", "where they unsubscribe"), ("preferences", "preferences")]
)
def test_it_says_what_a_link_of_a_test_copy_would_do(
    link: str, said: str, client: FlaskClient
) -> None:
    answer = client.get(f"/test-copy/report/{link}")
    assert answer.status_code == 200
    assert "This link is of a test copy" in answer.text
    assert said in answer.text


def test_it_names_the_zone_of_its_times(client: FlaskClient, issue: Issue) -> None:
    assert "Fri, Nov 20, 08:00 CET" in client.get("/n/report/issues/7").text


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


def test_it_shows_the_full_table_with_what_moved(
    client: FlaskClient, newsletter: Newsletter, now: datetime
) -> None:
    with session_scope() as session:
        row = session.get_one(Newsletter, newsletter.id)
        row.sections = [*row.sections, TABLES.model_dump(mode="json")]
    add_issue(newsletter, 8, now, "Tables", spec=TABLES, entries=[table(5)])
    assert "model-3" not in client.get("/n/report/issues/8").text
    page = client.get("/n/report/tables").text
    assert "model-5" in page
    assert '<span class="change">+5.1</span>' in page


def test_it_shows_the_last_table_after_an_issue_without_one(
    client: FlaskClient, newsletter: Newsletter, now: datetime
) -> None:
    with session_scope() as session:
        row = session.get_one(Newsletter, newsletter.id)
        row.sections = [*row.sections, TABLES.model_dump(mode="json")]
    add_issue(newsletter, 8, now, "Tables", spec=TABLES, entries=[table(5)])
    add_issue(newsletter, 9, now + timedelta(days=1), "No tables")
    assert "model-5" in client.get("/n/report/tables").text


def test_it_shows_a_table_once_as_it_stands(
    client: FlaskClient, newsletter: Newsletter, now: datetime
) -> None:
    with session_scope() as session:
        session.get_one(Newsletter, newsletter.id).sections = [TABLES.model_dump(mode="json")]
    add_issue(newsletter, 1, now - timedelta(days=1), "Old", spec=TABLES, entries=[table(3)])
    add_issue(newsletter, 2, now, "New", spec=TABLES, entries=[table(4)])
    page = client.get("/n/report/tables").text
    assert page.count("<table") == 1
    assert "model-4" in page


@pytest.mark.parametrize("origin", ["ai", "editor"])
def test_it_says_whether_a_model_drafted_the_editorial(
    origin: str, client: FlaskClient, issue: Issue
) -> None:
    with session_scope() as session:
        row = session.get_one(Issue, issue.id)
        row.document = {**(row.document or {}), "editorial_origin": origin}
    said = "Drafted by a language model" in client.get("/n/report/issues/7").text
    assert said == (origin == "ai")


def test_it_goes_through_a_long_archive_by_pages(
    client: FlaskClient, newsletter: Newsletter, now: datetime
) -> None:
    for number in range(1, 33):
        add_issue(newsletter, number, now + timedelta(days=number), f"Subject {number}.")
    first, second = (client.get(f"/n/report/archive?page={page}").text for page in (1, 2))
    assert "Subject 32." in first
    assert "Subject 2." not in first
    assert "/n/report/archive?page=2" in first
    assert "Subject 2." in second
    assert "Older" not in second


def test_it_goes_through_a_section_by_pages(
    client: FlaskClient, newsletter: Newsletter, now: datetime
) -> None:
    for number in range(1, 8):
        add_issue(newsletter, number, now + timedelta(days=number), f"Subject {number}")
    first, second = (client.get(f"/n/report/labs?page={page}").text for page in (1, 2))
    assert "issues/3" in first
    assert "issues/2" not in first
    assert "issues/2" in second
    assert "Older" not in second


def test_it_says_what_a_page_is_to_those_who_share_it(client: FlaskClient, issue: Issue) -> None:
    page = client.get("/n/report/issues/7").text
    for tag in (
        '<link rel="canonical" href="http://news.example.org/n/report/issues/7">',
        '<meta property="og:title" content="Small &lt;b&gt;runs&lt;/b&gt; &amp; large claims">',
        '<meta property="og:url" content="http://news.example.org/n/report/issues/7">',
        '<meta property="og:site_name" content="The Report">',
        '<meta property="og:type" content="article">',
        '<meta property="article:published_time" content="2026-11-20T07:00:00+00:00">',
        '<meta name="twitter:card" content="summary">',
        'type="application/rss+xml" title="The Report (RSS)" '
        'href="http://news.example.org/n/report/feed.xml"',
    ):
        assert tag in page


def test_it_gives_the_front_page_one_address(client: FlaskClient) -> None:
    page = client.get("/n/report/?utm_source=x").text
    assert '<link rel="canonical" href="http://news.example.org/n/report/">' in page


def test_it_hides_no_section_behind_a_page_of_ours(app: Flask) -> None:
    """All that a section's slug could be taken for is refused as one."""
    start = "/n/<slug:newsletter>/"
    pages = {
        rule.rule.removeprefix(start)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(start) and "GET" in (rule.methods or ())
    }
    assert {page for page in pages if re.fullmatch("[a-z][a-z0-9-]*", page)} == PAGES_OF_OURS
