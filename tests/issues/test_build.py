"""A draft from the rows, on both databases."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

from service.issues import approve as approval
from service.issues import curate
from service.issues.approve import approve
from service.issues.build import build_issue, issue_entries
from service.issues.errors import IssueFrozen
from service.models import Approval, Entry, Issue, IssueKind, IssueState, SourceState
from service.models.document import Document
from tests.issues import rows
from tests.issues.rows import DAY, HOUR, NOW

TODAY = date(2026, 11, 20)


def titles(session: Session, issue: Issue, section: str) -> list[str]:
    return [
        row.data.get("title") or row.data["name"]
        for row in issue_entries(session, issue)
        if row.section == section and not row.dropped
    ]


def entry(session: Session, issue: Issue, title: str) -> Entry:
    return next(row for row in issue_entries(session, issue) if row.data.get("title") == title)


def test_it_makes_a_draft_of_what_was_collected(session: Session) -> None:
    letter = rows.newsletter(session, approval=Approval.APPROVE)
    lab = rows.source(session, letter, "lab", "labs")
    rows.item(session, lab, "A model that listens", first_seen=NOW - 2 * HOUR)
    rows.item(session, lab, "A model that speaks", first_seen=NOW - HOUR)

    issue = build_issue(session, letter, TODAY, NOW)

    assert (issue.state, issue.number, issue.kind) == (IssueState.DRAFT, 1, IssueKind.DAILY)
    assert (issue.window_start, issue.cutoff_at) == (NOW - DAY, NOW)
    assert titles(session, issue, "labs") == ["A model that speaks", "A model that listens"]
    assert issue.subject == "A model that speaks"
    assert issue.preheader == "A model that listens"


def test_the_window_begins_where_the_last_issue_ended(session: Session) -> None:
    letter = rows.newsletter(session)
    lab = rows.source(session, letter, "lab", "labs")
    rows.item(session, lab, "Before the first issue", first_seen=NOW - 2 * DAY)
    rows.item(session, lab, "In the first issue", first_seen=NOW - HOUR)
    rows.item(session, lab, "At the very cut-off", first_seen=NOW)
    first = approve(session, build_issue(session, letter, TODAY, NOW), NOW)
    rows.item(session, lab, "After it went", first_seen=NOW + HOUR)

    later = NOW + 3 * DAY
    second = build_issue(session, letter, date(2026, 11, 23), later)

    assert titles(session, first, "labs") == ["In the first issue"]
    assert titles(session, second, "labs") == ["After it went", "At the very cut-off"]
    assert (second.number, second.window_start) == (2, NOW)


def test_an_issue_that_was_skipped_leaves_its_window_open(session: Session) -> None:
    letter = rows.newsletter(session, min_items=2)
    lab = rows.source(session, letter, "lab", "labs")
    rows.item(session, lab, "The only news of a quiet day", first_seen=NOW - HOUR)
    quiet = build_issue(session, letter, TODAY, NOW)
    rows.item(session, lab, "And another one", first_seen=NOW + HOUR)

    issue = build_issue(session, letter, date(2026, 11, 21), NOW + 20 * HOUR)

    assert quiet.state is IssueState.SKIPPED
    assert quiet.reason is not None
    assert quiet.reason.startswith("A quiet day: 1 new item, and this newsletter goes out with 2")
    assert issue.state is IssueState.DRAFT
    assert len(titles(session, issue, "labs")) == 2


def test_a_first_issue_that_was_skipped_loses_nothing_to_the_next(session: Session) -> None:
    letter = rows.newsletter(session, min_items=2)
    lab = rows.source(session, letter, "lab", "labs")
    rows.item(session, lab, "Before there was any issue", first_seen=NOW - 2 * DAY)
    rows.item(session, lab, "The only news of a quiet day", first_seen=NOW - 20 * HOUR)
    assert build_issue(session, letter, TODAY, NOW).state is IssueState.SKIPPED
    rows.item(session, lab, "And another one", first_seen=NOW + HOUR)

    issue = build_issue(session, letter, date(2026, 11, 21), NOW + DAY)

    assert titles(session, issue, "labs") == ["And another one", "The only news of a quiet day"]
    assert issue.window_start == NOW - DAY


def test_what_an_editor_dropped_does_not_fill_a_quiet_day(session: Session) -> None:
    letter = rows.newsletter(session, min_items=1)
    rows.item(session, rows.source(session, letter, "lab", "labs"), "A story")
    issue = build_issue(session, letter, TODAY, NOW)
    curate.drop(session, entry(session, issue, "A story"))
    assert build_issue(session, letter, TODAY, NOW).state is IssueState.SKIPPED


def test_a_quiet_day_waits_for_the_editor_where_one_approves(session: Session) -> None:
    letter = rows.newsletter(session, min_items=5, approval=Approval.APPROVE)
    assert build_issue(session, letter, TODAY, NOW).state is IssueState.DRAFT


def test_a_page_of_an_earlier_issue_does_not_come_again(session: Session) -> None:
    letter = rows.newsletter(session)
    lab = rows.source(session, letter, "lab", "labs")
    wire = rows.source(session, letter, "wire", "wire")
    told = rows.item(session, lab, "The lab tells it")
    approve(session, build_issue(session, letter, TODAY, NOW), NOW)
    rows.item(
        session,
        wire,
        "Someone links to it a day later",
        canonical_url=told.canonical_url,
        first_seen=NOW + HOUR,
    )

    issue = build_issue(session, letter, date(2026, 11, 21), NOW + DAY)

    assert titles(session, issue, "wire") == []


def test_a_page_that_an_editor_dropped_does_not_come_again(session: Session) -> None:
    letter = rows.newsletter(session)
    lab = rows.source(session, letter, "lab", "labs")
    told = rows.item(session, lab, "Nobody needs to read this")
    rows.item(session, lab, "Something else entirely")
    issue = build_issue(session, letter, TODAY, NOW)
    curate.drop(session, entry(session, issue, "Nobody needs to read this"))
    approve(session, issue, NOW)
    wire = rows.source(session, letter, "wire", "wire")
    url = told.canonical_url
    rows.item(session, wire, "Yet here it is", canonical_url=url, first_seen=NOW + HOUR)

    following = build_issue(session, letter, date(2026, 11, 21), NOW + DAY)

    assert titles(session, following, "wire") == []


def test_a_paused_source_has_no_say(session: Session) -> None:
    letter = rows.newsletter(session, approval=Approval.APPROVE)
    lab = rows.source(session, letter, "lab", "labs", state=SourceState.PAUSED)
    rows.item(session, lab, "Not to be read")
    assert titles(session, build_issue(session, letter, TODAY, NOW), "labs") == []


def test_building_again_changes_nothing(session: Session) -> None:
    letter = rows.newsletter(session)
    lab = rows.source(session, letter, "lab", "labs")
    for number in range(5):
        rows.item(session, lab, f"Story number {number}", first_seen=NOW - number * HOUR)
    issue = build_issue(session, letter, TODAY, NOW)
    before = [(row.id, row.position, row.data) for row in issue_entries(session, issue)]

    again = build_issue(session, letter, TODAY, NOW)

    assert again.id == issue.id
    assert [(row.id, row.position, row.data) for row in issue_entries(session, again)] == before


def test_a_rebuild_leaves_the_editors_work_alone(session: Session) -> None:
    letter = rows.newsletter(session)
    lab = rows.source(session, letter, "lab", "labs")
    for number, name in enumerate(["alpha", "bravo", "charlie", "delta"]):
        rows.item(session, lab, f"The {name} story", first_seen=NOW - (number + 1) * HOUR)
    issue = build_issue(session, letter, TODAY, NOW)
    curate.drop(session, entry(session, issue, "The alpha story"))
    curate.edit(session, entry(session, issue, "The bravo story"), {"title": "Bravo, retold"})
    curate.pin(session, entry(session, issue, "The delta story"))
    rows.item(session, lab, "News of the last hour", first_seen=NOW + HOUR)

    build_issue(session, letter, TODAY, NOW + 2 * HOUR)

    kept = {row.data["title"]: row for row in issue_entries(session, issue)}
    assert kept["The alpha story"].dropped
    assert kept["Bravo, retold"].position == 1
    assert kept["The delta story"].pinned
    assert "News of the last hour" in kept
    assert issue.subject == "The delta story"


def test_what_repeats_a_dropped_story_stays_out_too(session: Session) -> None:
    letter = rows.newsletter(session)
    lab = rows.source(session, letter, "lab", "labs")
    wire = rows.source(session, letter, "wire", "wire")
    rows.item(session, lab, "A story that nobody needs to read")
    rows.item(session, lab, "Something else entirely")
    issue = build_issue(session, letter, TODAY, NOW)
    curate.drop(session, entry(session, issue, "A story that nobody needs to read"))
    rows.item(session, wire, "A story that nobody needs to read", first_seen=NOW + HOUR)

    build_issue(session, letter, TODAY, NOW + 2 * HOUR)

    assert titles(session, issue, "wire") == []


def test_what_is_no_longer_collected_leaves_the_draft(session: Session) -> None:
    letter = rows.newsletter(session)
    lab = rows.source(session, letter, "lab", "labs")
    other = rows.source(session, letter, "other", "labs")
    rows.item(session, lab, "Stays in the issue")
    rows.item(session, other, "Goes with its source")
    issue = build_issue(session, letter, TODAY, NOW)
    other.state = SourceState.PAUSED

    build_issue(session, letter, TODAY, NOW)

    assert titles(session, issue, "labs") == ["Stays in the issue"]


@pytest.mark.parametrize(
    "state", [IssueState.APPROVED, IssueState.SENDING, IssueState.SENT, IssueState.HELD]
)
def test_an_approved_issue_is_not_built_again(session: Session, state: IssueState) -> None:
    letter = rows.newsletter(session)
    rows.item(session, rows.source(session, letter, "lab", "labs"), "A story")
    build_issue(session, letter, TODAY, NOW).state = state

    with pytest.raises(IssueFrozen, match=f"Issue 1 of 2026-11-20 is {state.value}"):
        build_issue(session, letter, TODAY, NOW)


def test_tables_are_kept_whole_and_tell_what_moved(session: Session) -> None:
    letter = rows.newsletter(session, min_items=0)
    board = rows.source(
        session,
        letter,
        "bench",
        "benchmarks",
        kind="table",
        name="Bench",
        config={"columns": rows.SCORE},
    )
    rows.source(session, letter, "silent", "benchmarks", kind="table", name="Silent")
    rows.scores(session, board, NOW - 2 * DAY, "v1", one=60.0, two=50.0, three=40.0)
    rows.scores(session, board, NOW - HOUR, "v1", one=61.5, two=50.0, three=40.25)

    issue = approve(session, build_issue(session, letter, TODAY, NOW), NOW)

    document = Document.model_validate(issue.document)
    bench, silent = document.sections[3].entries
    assert bench.kind == "table"
    assert [row.cells for row in bench.rows] == [
        ("1", "one", "61.5%"),
        ("2", "two", "50.0%"),
        ("3", "three", "40.3%"),
    ]
    assert [row.change for row in bench.rows] == ["+1.5", "", "+0.3"]
    assert silent.kind == "table"
    assert (silent.rows, silent.empty) == ((), "No benchmark data.")
    assert issue.editorial == "On Bench, one rose 1.5 points to 61.5%."
    assert issue.editorial_origin == "template"


def test_repositories_are_ranked_by_the_stars_they_gained(session: Session) -> None:
    letter = rows.newsletter(session, approval=Approval.APPROVE)
    hub = rows.source(session, letter, "hub", "trending", kind="github")
    rows.stars(session, hub, NOW - 2 * DAY, old=9000, quick=100)
    rows.stars(session, hub, NOW - HOUR, old=9010, quick=700, fresh=400)

    issue = build_issue(session, letter, TODAY, NOW)

    assert titles(session, issue, "trending") == ["quick", "old", "fresh"]
    gained = [row.data["gained"] for row in issue_entries(session, issue)]
    assert gained == [600, 10, None]


def test_a_week_without_daily_issues_has_a_digest_of_what_was_collected(session: Session) -> None:
    letter = rows.newsletter(session, weekly_day=4)
    lab = rows.source(session, letter, "lab", "labs")
    rows.item(session, lab, "News of Monday", first_seen=NOW - 4 * DAY)
    rows.item(session, lab, "News of today", first_seen=NOW - HOUR)

    digest = build_issue(session, letter, TODAY, NOW, IssueKind.WEEKLY)

    assert titles(session, digest, "labs") == ["News of today", "News of Monday"]
    assert digest.subject == "The week: News of today"
    assert digest.window_start == NOW - 7 * DAY


def test_two_drafts_do_not_carry_the_same_story(session: Session) -> None:
    letter = rows.newsletter(session, approval=Approval.APPROVE)
    lab = rows.source(session, letter, "lab", "labs")
    rows.item(session, lab, "In both drafts")
    waiting = build_issue(session, letter, TODAY, NOW)
    rows.item(session, lab, "News of tomorrow", first_seen=NOW + HOUR)
    tomorrow = build_issue(session, letter, date(2026, 11, 21), NOW + 6 * HOUR)
    approve(session, waiting, NOW + 7 * HOUR)

    approve(session, tomorrow, NOW + 8 * HOUR)

    document = Document.model_validate(tomorrow.document)
    assert [entry.title for entry in document.sections[0].entries if entry.kind == "headline"] == [
        "News of tomorrow"
    ]
    assert tomorrow.subject == "News of tomorrow"


def test_a_stopped_issue_that_never_began_gives_its_news_back(session: Session) -> None:
    letter = rows.newsletter(session)
    lab = rows.source(session, letter, "lab", "labs")
    rows.item(session, lab, "Told to nobody yet")
    issue = approve(session, build_issue(session, letter, TODAY, NOW), NOW)
    approval.stop(session, issue, "A mistake in it.", NOW)

    following = build_issue(session, letter, date(2026, 11, 21), NOW + 20 * HOUR)

    assert titles(session, following, "labs") == ["Told to nobody yet"]
