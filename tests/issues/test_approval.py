"""An issue that waits for an editor: reminders, the limit, and that nothing goes by itself."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.config import settings
from service.issues import approve as approving
from service.issues.approval import Rule, Step, next_step
from service.issues.build import build_issue
from service.issues.due import build_due, due_issues
from service.issues.waiting import tend_waiting
from service.models import (
    Approval,
    Issue,
    IssueState,
    Newsletter,
    Notice,
    NoticeKind,
    Role,
    UnapprovedPolicy,
    User,
)
from tests.issues import rows
from tests.issues.rows import DAY, HOUR, NOW

MINUTE = timedelta(minutes=1)
HOLD = Rule(6 * HOUR, UnapprovedPolicy.HOLD)
SKIP = Rule(6 * HOUR, UnapprovedPolicy.SKIP)
SHORT = Rule(HOUR, UnapprovedPolicy.HOLD)


@pytest.mark.parametrize(
    ("rule", "waited", "reminders", "expected"),
    [
        (HOLD, 0 * HOUR, 0, Step.REMIND),
        (HOLD, 0 * HOUR, 1, None),
        (HOLD, 5 * HOUR - MINUTE, 0, Step.REMIND),
        (HOLD, 5 * HOUR - MINUTE, 1, None),
        (HOLD, 5 * HOUR, 1, Step.REMIND_AGAIN),
        (HOLD, 5 * HOUR, 0, Step.REMIND_AGAIN),
        (HOLD, 6 * HOUR - MINUTE, 2, None),
        (HOLD, 6 * HOUR, 2, Step.HOLD),
        (HOLD, 6 * HOUR, 0, Step.HOLD),
        (HOLD, 90 * HOUR, 3, None),
        (SKIP, 6 * HOUR - MINUTE, 2, None),
        (SKIP, 6 * HOUR, 2, Step.SKIP),
        (SKIP, 90 * HOUR, 3, None),
        (SHORT, 29 * MINUTE, 1, None),
        (SHORT, 30 * MINUTE, 1, Step.REMIND_AGAIN),
        (SHORT, 60 * MINUTE, 2, Step.HOLD),
    ],
)
def test_it_takes_each_step_once_at_its_time(
    rule: Rule, waited: timedelta, reminders: int, expected: Step | None
) -> None:
    assert next_step(rule, NOW, reminders, NOW + waited) is expected


@pytest.fixture
def letter(session: Session) -> Newsletter:
    for name, role in (("ada", Role.OWNER), ("ben", Role.OWNER), ("eve", Role.EDITOR)):
        session.add(User(email=f"{name}@example.org", password_hash="", role=role, created_at=NOW))
    letter = rows.newsletter(
        session, approval=Approval.APPROVE, hold_hours=6, timezone="Europe/Berlin", send_hour=8
    )
    rows.item(session, rows.source(session, letter, "lab", "labs"), "A story of today")
    return letter


@pytest.fixture
def issue(session: Session, letter: Newsletter) -> Issue:
    (issue,) = build_due(session, letter.id, NOW)
    return issue


def alerts(session: Session) -> list[Notice]:
    return list(session.scalars(select(Notice).order_by(Notice.id)))


def test_it_tells_every_owner_at_its_hour(session: Session, issue: Issue) -> None:
    assert tend_waiting(session, NOW) == 1

    told = alerts(session)
    assert [notice.address for notice in told] == ["ada@example.org", "ben@example.org"]
    assert {notice.kind for notice in told} == {NoticeKind.ALERT}
    assert (told[0].due_at, told[0].issue_id) == (NOW, issue.id)
    assert told[0].payload == {
        "kind": "waits",
        "issue_id": issue.id,
        "text": "Issue 1, “A story of today”. It waits for an editor until 14:00 on November 20 "
        "(Europe/Berlin): approve it, or skip it.",
    }


def test_it_tells_each_thing_once_however_often_it_is_looked_at(
    session: Session, issue: Issue
) -> None:
    for minutes in range(0, 9 * 60, 10):
        tend_waiting(session, NOW + minutes * MINUTE)
    assert [notice.payload["kind"] for notice in alerts(session) if "ada" in notice.address] == [
        "waits",
        "last_call",
        "held",
    ]


def test_it_is_held_at_its_limit_and_never_sent_by_itself(session: Session, issue: Issue) -> None:
    tend_waiting(session, NOW + 6 * HOUR)

    assert issue.state is IssueState.DRAFT
    assert issue.reason is not None
    assert issue.reason.startswith("Held: nobody approved it by 14:00 on November 20")
    assert due_issues(session, NOW + 30 * DAY) == []
    assert approving.approve(session, issue, NOW + 7 * HOUR).reason is None
    assert due_issues(session, NOW + 7 * HOUR) == [issue.id], "approved late, it must go at once"


def test_it_is_skipped_at_its_limit_where_that_is_wanted(
    session: Session, letter: Newsletter, issue: Issue
) -> None:
    letter.unapproved_policy = UnapprovedPolicy.SKIP
    tend_waiting(session, NOW + 6 * HOUR)
    assert issue.state is IssueState.SKIPPED
    assert issue.reason is not None
    assert issue.reason.startswith("Skipped: nobody approved it by 14:00 on November 20")


def test_an_issue_that_was_approved_reminds_no_more(session: Session, issue: Issue) -> None:
    approving.approve(session, issue, NOW + HOUR)
    assert tend_waiting(session, NOW + 6 * HOUR) == 0
    assert issue.state is IssueState.APPROVED
    assert alerts(session) == []


@pytest.mark.parametrize("decided", ["approve", "skip"])
def test_what_an_editor_took_back_is_in_their_hands(
    session: Session, letter: Newsletter, issue: Issue, decided: str
) -> None:
    letter.unapproved_policy = UnapprovedPolicy.SKIP
    if decided == "approve":
        approving.approve(session, issue, NOW + HOUR)
    else:
        approving.skip(session, issue, "A holiday.")
    approving.reopen(session, issue)
    assert tend_waiting(session, NOW + 9 * HOUR) == 0
    assert issue.state is IssueState.DRAFT


def test_a_skipped_issue_that_is_taken_back_is_not_skipped_again(
    session: Session, letter: Newsletter, issue: Issue
) -> None:
    letter.unapproved_policy = UnapprovedPolicy.SKIP
    tend_waiting(session, NOW + 6 * HOUR)
    approving.reopen(session, issue)
    tend_waiting(session, NOW + 7 * HOUR)
    assert issue.state is IssueState.DRAFT


def test_what_was_new_on_a_skipped_day_comes_the_day_after(
    session: Session, letter: Newsletter
) -> None:
    build_issue(session, letter, date(2026, 11, 19), NOW - DAY).state = IssueState.SENT
    build_due(session, letter.id, NOW)
    letter.unapproved_policy = UnapprovedPolicy.SKIP
    tend_waiting(session, NOW + 6 * HOUR)
    (following,) = build_due(session, letter.id, NOW + DAY)
    assert following.local_date == date(2026, 11, 21)
    assert following.subject == "A story of today"


def test_an_issue_that_cannot_be_approved_reminds_as_well(
    session: Session, letter: Newsletter
) -> None:
    letter.approval, letter.postal_address = Approval.AUTO, " "
    build_due(session, letter.id, NOW)
    assert tend_waiting(session, NOW) == 1


def test_the_tick_reminds(session: Session, issue: Issue) -> None:
    from workers.tend import sweep

    session.commit()
    sweep(NOW + 5 * HOUR)
    session.expire_all()
    assert {notice.payload["kind"] for notice in alerts(session)} == {"last_call"}


def test_the_reminder_is_a_mail_that_leads_to_the_issue(session: Session, issue: Issue) -> None:
    from workers.notices import mail_of_notice

    tend_waiting(session, NOW)
    notice = alerts(session)[0]
    mail, values = mail_of_notice(session, notice, settings())
    filled = mail.fill(values)
    assert "It waits for an editor until 14:00" in " ".join(filled.text.split())
    assert f"/admin/issues/{issue.id}" in filled.text
