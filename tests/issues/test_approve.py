"""Freezing an issue, letting it go, holding it back; and an issue by hand."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

from service.issues import approve as approval
from service.issues import curate
from service.issues.approve import approve, compose_manual, document_now
from service.issues.build import build_issue, issue_entries
from service.issues.errors import BadInput
from service.issues.states import IllegalMove
from service.models import Approval, Issue, IssueKind, IssueState, Timing
from service.models.document import Document
from tests.issues import rows
from tests.issues.rows import DAY, HOUR, NOW

TODAY = date(2026, 11, 20)


@pytest.fixture
def issue(session: Session) -> Issue:
    letter = rows.newsletter(session, approval=Approval.APPROVE)
    lab = rows.source(session, letter, "lab", "labs")
    rows.item(session, lab, "The first story", first_seen=NOW - HOUR)
    rows.item(session, lab, "The second story", first_seen=NOW - 2 * HOUR)
    return build_issue(session, letter, TODAY, NOW)


def test_it_freezes_the_issue_as_it_stands(session: Session, issue: Issue) -> None:
    curate.pin(session, issue_entries(session, issue)[1])
    approve(session, issue, NOW, scheduled_at=NOW + HOUR, timing=Timing.NOW)

    assert (issue.state, issue.scheduled_at) == (IssueState.APPROVED, NOW + HOUR)
    assert (issue.approved_at, issue.frozen_at, issue.timing) == (NOW, NOW, Timing.NOW)
    document = Document.model_validate(issue.document)
    assert (document.newsletter, document.title) == ("report", "The Report")
    assert (document.number, document.issue_date) == (1, TODAY)
    assert (document.subject, document.byline) == ("The second story", "Ada Writer")
    assert [section.spec.slug for section in document.sections] == [
        spec.slug for spec in rows.SPECS
    ]
    assert [getattr(entry, "title", "") for entry in document.sections[0].entries] == [
        "The second story",
        "The first story",
    ]


def test_an_approved_issue_goes_now_unless_a_time_is_set(session: Session, issue: Issue) -> None:
    assert approve(session, issue, NOW).scheduled_at == NOW


def test_a_preview_is_what_freezing_would_give(session: Session, issue: Issue) -> None:
    before = document_now(session, issue, NOW)
    approve(session, issue, NOW)
    assert document_now(session, issue, NOW + DAY) == before


@pytest.mark.parametrize(
    "state", [state for state in IssueState if state not in {IssueState.DRAFT, IssueState.HELD}]
)
def test_only_a_draft_is_approved(session: Session, issue: Issue, state: IssueState) -> None:
    issue.state = state
    with pytest.raises(IllegalMove):
        approve(session, issue, NOW)


def test_a_held_issue_is_resumed_and_not_frozen_again(session: Session, issue: Issue) -> None:
    approve(session, issue, NOW)
    approval.hold(session, issue, "A second look.")
    with pytest.raises(BadInput, match="resume it"):
        approve(session, issue, NOW + HOUR)


def test_an_issue_with_nothing_in_it_is_not_sent(session: Session, issue: Issue) -> None:
    for entry in issue_entries(session, issue):
        curate.drop(session, entry)
    with pytest.raises(BadInput, match="nothing in this issue"):
        approve(session, issue, NOW)
    assert issue.state is IssueState.DRAFT


def test_an_issue_without_a_postal_address_is_not_sent(session: Session, issue: Issue) -> None:
    issue.newsletter.postal_address = " "
    with pytest.raises(BadInput, match="The Report has no postal address"):
        approve(session, issue, NOW)


def test_nothing_of_an_archived_newsletter_is_sent_or_goes_on(
    session: Session, issue: Issue
) -> None:
    approve(session, issue, NOW)
    approval.hold(session, issue, "Look at it first.")
    issue.newsletter.archived_at = NOW
    with pytest.raises(BadInput, match="The Report is archived"):
        approval.resume(session, issue, NOW)
    with pytest.raises(BadInput, match="The Report is archived"):
        compose_manual(session, issue.newsletter, "A note", "Hello.", NOW)


def test_a_pinned_story_may_come_again(session: Session, issue: Issue) -> None:
    tomorrow = build_issue(session, issue.newsletter, date(2026, 11, 21), NOW + HOUR)
    curate.pin(session, issue_entries(session, tomorrow)[0])
    approve(session, issue, NOW + 2 * HOUR)

    approve(session, tomorrow, NOW + 3 * HOUR)

    document = Document.model_validate(tomorrow.document)
    assert [getattr(entry, "title", "") for entry in document.sections[0].entries] == [
        "The first story"
    ]


def test_it_is_held_with_a_reason_and_resumed(session: Session, issue: Issue) -> None:
    approve(session, issue, NOW)
    approval.hold(session, issue, "A second look.")
    assert (issue.state, issue.reason) == (IssueState.HELD, "A second look.")

    approval.resume(session, issue, NOW)
    assert (issue.state, issue.reason) == (IssueState.APPROVED, None)


def test_an_issue_that_had_begun_is_resumed_into_sending(session: Session, issue: Issue) -> None:
    approve(session, issue, NOW)
    issue.state, issue.started_at = IssueState.SENDING, NOW
    approval.hold(session, issue, "Amazon refused.")
    assert approval.resume(session, issue, NOW).state is IssueState.SENDING


def test_only_a_held_issue_is_resumed(session: Session, issue: Issue) -> None:
    with pytest.raises(BadInput, match="Issue 1 is draft, not held"):
        approval.resume(session, issue, NOW)


def test_an_approval_is_taken_back(session: Session, issue: Issue) -> None:
    approve(session, issue, NOW)
    approval.reopen(session, issue)

    assert (issue.state, issue.document, issue.scheduled_at) == (IssueState.DRAFT, None, None)
    curate.drop(session, issue_entries(session, issue)[0])
    assert issue.subject == "The second story"


def test_what_has_begun_to_go_out_is_not_taken_back(session: Session, issue: Issue) -> None:
    approve(session, issue, NOW)
    issue.state = IssueState.SENDING
    with pytest.raises(IllegalMove, match="being sent and cannot become a draft"):
        approval.reopen(session, issue)


def test_it_is_skipped_with_a_reason(session: Session, issue: Issue) -> None:
    approval.skip(session, issue, "A holiday.")
    assert (issue.state, issue.reason) == (IssueState.SKIPPED, "A holiday.")


def test_it_is_stopped_for_good(session: Session, issue: Issue) -> None:
    approve(session, issue, NOW)
    approval.stop(session, issue, "A mistake.", NOW + HOUR)
    assert (issue.state, issue.finished_at) == (IssueState.STOPPED, NOW + HOUR)
    with pytest.raises(IllegalMove, match="that is final"):
        approval.reopen(session, issue)


def test_what_another_connection_did_is_seen(session: Session, issue: Issue) -> None:
    session.commit()
    with Session(session.get_bind(), expire_on_commit=False) as other:
        approve(other, other.get_one(Issue, issue.id), NOW)
        other.commit()
    with pytest.raises(IllegalMove):
        approve(session, issue, NOW)


def test_an_issue_by_hand_is_its_editorial(session: Session, issue: Issue) -> None:
    note = compose_manual(session, issue.newsletter, " A note ", "\n# Hello\n", NOW)
    assert (note.kind, note.state, note.number) == (IssueKind.MANUAL, IssueState.DRAFT, 2)
    assert (note.local_date, note.timing) == (None, Timing.NOW)

    approve(session, note, NOW, scheduled_at=NOW + 2 * DAY)

    document = Document.model_validate(note.document)
    assert (document.title, document.subject) == ("A note", "A note")
    assert (document.editorial, document.editorial_origin) == ("# Hello", "editor")
    assert (document.kind, document.issue_date, document.sections) == (
        "manual",
        date(2026, 11, 22),
        (),
    )


def test_a_day_may_have_several_issues_by_hand(session: Session, issue: Issue) -> None:
    numbers = [
        compose_manual(session, issue.newsletter, "A note", "Hello.", NOW).number for _ in range(2)
    ]
    assert numbers == [2, 3]


@pytest.mark.parametrize(
    ("subject", "body", "problem"),
    [
        ("", "Hello.", "Write a subject"),
        ("  ", "Hello.", "Write a subject"),
        ("A\nnote", "Hello.", "A subject is one line"),
        ("A note\r", "Hello.", "A subject is one line"),
        ("A note", "", "The body is empty"),
        ("A note", " \n ", "The body is empty"),
    ],
)
def test_an_issue_by_hand_needs_a_subject_and_a_body(
    session: Session, issue: Issue, subject: str, body: str, problem: str
) -> None:
    with pytest.raises(BadInput, match=problem):
        compose_manual(session, issue.newsletter, subject, body, NOW)


def test_an_issue_by_hand_needs_a_postal_address(session: Session, issue: Issue) -> None:
    issue.newsletter.postal_address = ""
    with pytest.raises(BadInput, match="postal address"):
        compose_manual(session, issue.newsletter, "A note", "Hello.", NOW)
