"""The digest: what the week's issues carried, in one."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from service.issues import approve as approval
from service.issues import curate
from service.issues.approve import approve
from service.issues.build import build_issue, issue_entries
from service.issues.compose import Candidate
from service.issues.week import Carried, digest
from service.models import Approval, Issue, IssueKind, IssueState, Newsletter, Source
from service.models.document import Repository, TableEntry
from tests.issues import rows
from tests.issues.rows import DAY, HOUR, NOW, headline

MONDAY, TUESDAY, WEDNESDAY = (date(2026, 11, day) for day in (16, 17, 18))
TODAY = NOW.date()


def carried(
    title: str, day: date, rank: int, *, pinned: bool = False, section: str = "wire"
) -> Carried:
    return Carried(headline(title, section=section), day, rank, pinned)


def merged(found: list[Carried], settled: list[Candidate] | None = None) -> dict[str, list[str]]:
    pools = digest(rows.SPECS, found, (), settled or ())
    return {
        pool.spec.slug: [getattr(line.entry, "title", "") for line in pool.lines]
        for pool in pools
        if pool.lines
    }


WEEK = [
    carried("The lead of Monday", MONDAY, 0),
    carried("Further down on Monday", MONDAY, 1),
    carried("The lead of Tuesday", TUESDAY, 0),
    carried("Further down on Tuesday", TUESDAY, 1),
    carried("Pinned in the middle of Monday", MONDAY, 2, pinned=True),
]


def test_it_has_pinned_entries_first_then_each_days_first() -> None:
    assert merged(WEEK) == {
        "wire": [
            "Pinned in the middle of Monday",
            "The lead of Tuesday",
            "The lead of Monday",
            "Further down on Tuesday",
            "Further down on Monday",
        ]
    }


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_same_in_whatever_order_the_days_come(seed: int) -> None:
    shuffled = random.Random(seed).sample(WEEK, len(WEEK))
    assert merged(shuffled) == merged(WEEK)


def test_it_tells_a_story_of_two_days_once_in_the_first_section_that_has_it() -> None:
    found = [
        carried("A model that everyone talks about", MONDAY, 0, section="wire"),
        carried("A model that everyone talks about", TUESDAY, 3, section="labs"),
    ]
    assert merged(found) == {"labs": ["A model that everyone talks about"]}


def test_it_leaves_out_what_repeats_the_editors_own_entries() -> None:
    settled = [headline("The lead of Tuesday", source="elsewhere")]
    assert "The lead of Tuesday" not in merged(WEEK, settled)["wire"]


def test_it_keeps_no_more_than_a_sections_pool() -> None:
    spec = rows.SPECS[1].model_copy(update={"pool": 2})
    assert len(digest([spec], WEEK, ())[0].lines) == 2


# --- from the rows ---


@pytest.fixture
def letter(session: Session) -> Newsletter:
    return rows.newsletter(session, weekly_day=4)


@pytest.fixture
def lab(session: Session, letter: Newsletter) -> Source:
    return rows.source(session, letter, "lab", "labs")


def a_day(session: Session, letter: Newsletter, lab: Source, ago: int, *titles: str) -> Issue:
    """The daily issue of *ago* days before today, gone out with *titles* on top."""
    then = NOW - ago * DAY
    for place, title in enumerate(titles, start=1):
        rows.item(session, lab, title, first_seen=then - place * HOUR)
    issue = build_issue(session, letter, then.date(), then)
    return issue if issue.state is IssueState.SKIPPED else approve(session, issue, then)


def titles(session: Session, issue: Issue) -> list[str]:
    return [
        row.data["title"]
        for row in issue_entries(session, issue)
        if row.section == "labs" and not row.dropped
    ]


def weekly(session: Session, letter: Newsletter, after: timedelta = timedelta()) -> Issue:
    at = NOW + after
    return build_issue(session, letter, at.date(), at, IssueKind.WEEKLY)


def test_a_digest_is_made_of_the_weeks_issues(
    session: Session, letter: Newsletter, lab: Source
) -> None:
    a_day(session, letter, lab, 2, "The lead of Wednesday", "The second of Wednesday")
    a_day(session, letter, lab, 1, "The lead of Thursday", "The second of Thursday")
    rows.item(session, lab, "Collected and in no issue", first_seen=NOW - HOUR)

    made = weekly(session, letter)

    assert titles(session, made) == [
        "The lead of Thursday",
        "The lead of Wednesday",
        "The second of Thursday",
        "The second of Wednesday",
    ]
    assert made.subject == "The week: The lead of Thursday"
    assert (made.window_start, made.cutoff_at) == (NOW - 7 * DAY, NOW)


def test_a_digest_has_what_an_editor_pinned_and_edited_and_not_what_they_dropped(
    session: Session, letter: Newsletter, lab: Source
) -> None:
    rows.item(session, lab, "An ordinary story", first_seen=NOW - 2 * HOUR)
    rows.item(session, lab, "A story with a slip", first_seen=NOW - 3 * HOUR)
    rows.item(session, lab, "A story for nobody", first_seen=NOW - HOUR)
    daily = build_issue(session, letter, TODAY, NOW)
    by_title = {row.data["title"]: row for row in issue_entries(session, daily)}
    curate.edit(session, by_title["A story with a slip"], {"title": "A story put right"})
    curate.pin(session, by_title["A story with a slip"])
    curate.drop(session, by_title["A story for nobody"])
    approve(session, daily, NOW)
    a_day(session, letter, lab, -1, "The lead of tomorrow")

    assert titles(session, weekly(session, letter, DAY)) == [
        "A story put right",
        "The lead of tomorrow",
        "An ordinary story",
    ]


def test_the_next_digest_repeats_nothing(session: Session, letter: Newsletter, lab: Source) -> None:
    a_day(session, letter, lab, 1, "The lead of Thursday")
    approve(session, weekly(session, letter), NOW)
    a_day(session, letter, lab, -1, "The lead of Saturday")

    following = weekly(session, letter, 7 * DAY)

    assert titles(session, following) == ["The lead of Saturday"]
    assert following.window_start == NOW


def test_an_issue_approved_after_the_digest_is_in_the_next(
    session: Session, letter: Newsletter, lab: Source
) -> None:
    a_day(session, letter, lab, 1, "The lead of Thursday")
    letter.approval = Approval.APPROVE
    rows.item(session, lab, "The lead of Friday", first_seen=NOW - HOUR)
    friday = build_issue(session, letter, TODAY, NOW)
    first = approve(session, weekly(session, letter), NOW)
    approve(session, friday, NOW + 2 * HOUR)

    assert titles(session, first) == ["The lead of Thursday"]
    assert titles(session, weekly(session, letter, 7 * DAY)) == ["The lead of Friday"]


def test_an_issue_that_nobody_got_is_not_in_the_digest(
    session: Session, letter: Newsletter, lab: Source
) -> None:
    a_day(session, letter, lab, 2, "The lead of Wednesday")
    approval.stop(session, a_day(session, letter, lab, 1, "Stopped in time"), "A mistake.", NOW)
    assert titles(session, weekly(session, letter)) == ["The lead of Wednesday"]


def test_building_a_digest_again_changes_nothing(
    session: Session, letter: Newsletter, lab: Source
) -> None:
    a_day(session, letter, lab, 1, "The lead of Thursday", "The second of Thursday")
    made = weekly(session, letter)
    before = [(row.id, row.position, row.data) for row in issue_entries(session, made)]
    again = weekly(session, letter)
    assert [(row.id, row.position, row.data) for row in issue_entries(session, again)] == before


def test_its_tables_and_repositories_tell_of_the_whole_week(
    session: Session, letter: Newsletter, lab: Source
) -> None:
    board = rows.source(
        session, letter, "bench", "benchmarks", kind="table", config={"columns": rows.SCORE}
    )
    hub = rows.source(session, letter, "hub", "trending", kind="github")
    for ago, score, quick, slow in ((8, 50.0, 100, 900), (2, 52.0, 150, 910), (1, 53.0, 400, 915)):
        rows.scores(session, board, NOW - ago * DAY - HOUR, "v1", one=score)
        rows.stars(session, hub, NOW - ago * DAY - HOUR, quick=quick, slow=slow)
    a_day(session, letter, lab, 2, "The lead of Wednesday")
    a_day(session, letter, lab, 1, "The lead of Thursday")

    found = approval.document_now(session, weekly(session, letter), NOW)

    table = found.sections[3].entries[0]
    assert isinstance(table, TableEntry)
    assert [(row.cells[2], row.change) for row in table.rows] == [("53.0%", "+3")]
    gained = [
        (entry.name, entry.gained)
        for entry in found.sections[4].entries
        if isinstance(entry, Repository)
    ]
    assert gained == [("quick", 300), ("slow", 15)]
