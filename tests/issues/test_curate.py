"""The editor's hand on a draft."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from service.issues import curate
from service.issues.approve import approve
from service.issues.build import build_issue, issue_entries
from service.issues.errors import BadInput, IssueFrozen
from service.issues.words import sections_now
from service.models import Entry, Issue
from tests.issues import rows
from tests.issues.rows import HOUR, NOW

TODAY = date(2026, 11, 20)


@pytest.fixture
def issue(session: Session) -> Issue:
    """A draft of three stories in one section: alpha, bravo, charlie."""
    letter = rows.newsletter(session)
    lab = rows.source(session, letter, "lab", "labs")
    for hours, name in enumerate(["alpha", "bravo", "charlie"], start=1):
        rows.item(session, lab, f"The {name} story", first_seen=NOW - hours * HOUR)
    return build_issue(session, letter, TODAY, NOW)


def order(session: Session, issue: Issue) -> list[str]:
    entries = sections_now(session, issue)[0].entries
    return [entry.title.split()[1] for entry in entries if entry.kind == "headline"]


def named(session: Session, issue: Issue, name: str) -> Entry:
    return next(row for row in issue_entries(session, issue) if name in row.data["title"])


def test_a_pinned_entry_comes_first(session: Session, issue: Issue) -> None:
    entry = named(session, issue, "charlie")
    curate.pin(session, entry)
    assert order(session, issue) == ["charlie", "alpha", "bravo"]
    assert issue.subject == "The charlie story"

    curate.pin(session, entry, pinned=False)
    assert order(session, issue) == ["alpha", "bravo", "charlie"]


def test_a_dropped_entry_is_left_out(session: Session, issue: Issue) -> None:
    entry = named(session, issue, "alpha")
    curate.drop(session, entry)
    assert order(session, issue) == ["bravo", "charlie"]
    assert issue.subject == "The bravo story"
    assert issue.editorial == "In this issue: 2 in AI Labs."

    curate.drop(session, entry, dropped=False)
    assert order(session, issue) == ["alpha", "bravo", "charlie"]


def test_a_new_order_stays_after_a_rebuild(session: Session, issue: Issue) -> None:
    keys = [named(session, issue, name).key for name in ("charlie", "alpha")]
    curate.reorder(session, issue, "labs", keys)
    build_issue(session, issue.newsletter, TODAY, NOW + HOUR)
    assert order(session, issue) == ["charlie", "alpha", "bravo"]


@pytest.mark.parametrize("keys", [["item:999999"], ["twice", "twice"]])
def test_an_order_of_what_is_not_there_is_refused(
    session: Session, issue: Issue, keys: list[str]
) -> None:
    real = [named(session, issue, "alpha").key] * 2 if "twice" in keys else keys
    with pytest.raises(BadInput, match="load the page again"):
        curate.reorder(session, issue, "labs", real)


def test_an_edited_entry_says_what_the_editor_wrote(session: Session, issue: Issue) -> None:
    curate.edit(session, named(session, issue, "alpha"), {"title": "The altered story"})
    assert order(session, issue)[0] == "altered"
    assert issue.subject == "The altered story"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"titel": "x"}, "titel: Extra inputs are not permitted."),
        ({"published_at": "soon"}, "published_at: Input should be a valid datetime"),
        ({"kind": "paper"}, "An entry stays of its kind"),
    ],
)
def test_an_edit_that_its_kind_does_not_have_is_refused(
    session: Session, issue: Issue, changes: dict[str, Any], problem: str
) -> None:
    entry = named(session, issue, "alpha")
    before = dict(entry.data)
    with pytest.raises(BadInput, match=problem):
        curate.edit(session, entry, changes)
    assert entry.data == before


def test_the_editors_words_stay(session: Session, issue: Issue) -> None:
    curate.write(session, issue, subject="My subject", editorial="My *editorial*.")
    curate.drop(session, named(session, issue, "alpha"))
    build_issue(session, issue.newsletter, TODAY, NOW + HOUR)

    assert (issue.subject, issue.editorial) == ("My subject", "My *editorial*.")
    assert issue.editorial_origin == "editor"


def test_an_editor_may_want_no_editorial(session: Session, issue: Issue) -> None:
    curate.write(session, issue, editorial="  ")
    build_issue(session, issue.newsletter, TODAY, NOW + HOUR)
    assert (issue.editorial, issue.editorial_origin) == ("", "editor")


@pytest.mark.parametrize(
    "subject",
    ["", "   ", "two\nlines", "Bcc:\r\n x@example.org", "\n", "a\u2028b", "nul\0", "esc\x1b"],
)
def test_a_subject_is_one_line(session: Session, issue: Issue, subject: str) -> None:
    with pytest.raises(BadInput):
        curate.write(session, issue, subject=subject)


def test_an_approved_issue_is_not_changed(session: Session, issue: Issue) -> None:
    entry = named(session, issue, "alpha")
    approve(session, issue, NOW)
    changes: list[Callable[[], None]] = [
        lambda: curate.pin(session, entry),
        lambda: curate.drop(session, entry),
        lambda: curate.edit(session, entry, {"title": "x"}),
        lambda: curate.reorder(session, issue, "labs", [entry.key]),
        lambda: curate.write(session, issue, subject="x"),
    ]
    for change in changes:
        with pytest.raises(IssueFrozen, match="only a draft can be changed"):
            change()
