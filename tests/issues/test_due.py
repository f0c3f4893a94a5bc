"""What the minute's tick finds, and that two beats find it once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.issues import approve as approval
from service.issues.approve import approve
from service.issues.build import build_issue
from service.issues.due import WAITS, advance, build_due, due_issues, due_newsletters
from service.models import Approval, Issue, IssueKind, IssueState, Newsletter, Timing
from tests.issues import rows
from tests.issues.rows import DAY, HOUR, NOW

TODAY = date(2026, 11, 20)


def with_news(session: Session, letter: Newsletter) -> Newsletter:
    rows.item(session, rows.source(session, letter, "lab", "labs"), "A story of today")
    return letter


def test_a_newsletter_is_due_at_its_hour(session: Session) -> None:
    letter = rows.newsletter(session)
    assert due_newsletters(session, NOW - timedelta(seconds=1)) == []
    assert due_newsletters(session, NOW) == [(letter.id, TODAY)]


def test_a_newsletter_without_a_run_is_never_due(session: Session) -> None:
    rows.newsletter(session, next_run=None)
    assert due_newsletters(session, NOW + 365 * DAY) == []


def test_claiming_sets_the_next_run(session: Session) -> None:
    letter = rows.newsletter(session)
    (task,) = advance(session, letter, NOW + HOUR)
    assert (task.local_date, task.due_at) == (TODAY, NOW)
    assert letter.next_run == NOW + DAY
    assert advance(session, letter, NOW + HOUR) == ()


def test_who_saw_the_run_before_another_claimed_it_gets_nothing(
    database: Engine, session: Session
) -> None:
    letter = rows.newsletter(session)
    session.commit()  # and what it saw of the row stays as it was
    with Session(database) as other:
        assert advance(other, other.get_one(Newsletter, letter.id), NOW)
        other.commit()
    assert advance(session, letter, NOW) == ()
    assert letter.next_run == NOW + DAY


def test_with_auto_the_issue_is_approved_for_its_hour(session: Session) -> None:
    letter = with_news(session, rows.newsletter(session))
    (issue,) = build_due(session, letter.id, NOW + timedelta(seconds=40))
    assert (issue.state, issue.scheduled_at) == (IssueState.APPROVED, NOW)
    assert issue.timing is Timing.READER_HOUR
    assert due_issues(session, NOW + timedelta(seconds=40)) == [issue.id]


def test_with_approve_it_waits_and_says_so(session: Session) -> None:
    letter = with_news(session, rows.newsletter(session, approval=Approval.APPROVE))
    (issue,) = build_due(session, letter.id, NOW)
    assert (issue.state, issue.reason) == (IssueState.DRAFT, WAITS)
    assert due_issues(session, NOW) == []


def test_a_quiet_day_is_skipped(session: Session) -> None:
    letter = rows.newsletter(session)
    (issue,) = build_due(session, letter.id, NOW)
    assert issue.state is IssueState.SKIPPED
    assert letter.next_run == NOW + DAY


def test_a_quiet_day_goes_out_short_where_no_number_of_items_is_asked_for(
    session: Session,
) -> None:
    letter = rows.newsletter(session, min_items=0)
    board = rows.source(session, letter, "bench", "benchmarks", kind="table")
    rows.scores(session, board, NOW - HOUR, "v1", one=61.5)
    (issue,) = build_due(session, letter.id, NOW)
    assert issue.state is IssueState.APPROVED


def test_what_must_not_be_sent_waits_with_the_reason(session: Session) -> None:
    letter = with_news(session, rows.newsletter(session, postal_address=""))
    (issue,) = build_due(session, letter.id, NOW)
    assert issue.state is IssueState.DRAFT
    assert issue.reason is not None
    assert issue.reason.startswith("Not approved: The Report has no postal address")


def test_after_an_outage_one_issue_catches_up(session: Session) -> None:
    letter = rows.newsletter(session)
    lab = rows.source(session, letter, "lab", "labs")
    first = rows.item(session, lab, "Before the outage")
    build_due(session, letter.id, NOW)
    rows.item(session, lab, "During the outage", first_seen=NOW + 30 * HOUR)

    back = NOW + 4 * DAY + 5 * HOUR
    issues = build_due(session, letter.id, back)

    assert [issue.local_date for issue in issues] == [date(2026, 11, 24)]
    assert issues[0].subject == "During the outage"
    assert first.title not in str(issues[0].document)
    assert letter.next_run == NOW + 5 * DAY
    assert build_due(session, letter.id, back) == []


def test_the_digest_comes_on_its_day_beside_the_daily_issue(session: Session) -> None:
    letter = with_news(session, rows.newsletter(session, weekly_day=4))
    issues = build_due(session, letter.id, NOW)
    assert [(issue.kind, issue.number) for issue in issues] == [
        (IssueKind.DAILY, 1),
        (IssueKind.WEEKLY, 2),
    ]


def test_an_issue_that_was_approved_before_its_hour_is_left_alone(session: Session) -> None:
    letter = with_news(session, rows.newsletter(session))
    early = approve(
        session, build_issue(session, letter, TODAY, NOW - HOUR / 2), NOW, scheduled_at=NOW
    )
    assert build_due(session, letter.id, NOW) == []
    assert early.state is IssueState.APPROVED
    assert letter.next_run == NOW + DAY


def test_a_date_that_an_editor_skipped_stays_skipped(session: Session) -> None:
    letter = with_news(session, rows.newsletter(session))
    issue = build_issue(session, letter, TODAY, NOW - HOUR / 2)
    approval.skip(session, issue, "A holiday.")
    assert build_due(session, letter.id, NOW) == []
    assert (issue.state, issue.reason) == (IssueState.SKIPPED, "A holiday.")


def test_there_is_nothing_to_build_for_a_newsletter_that_is_gone(session: Session) -> None:
    assert build_due(session, 4711, NOW) == []


def test_an_approved_issue_is_due_at_its_time(session: Session) -> None:
    letter = with_news(session, rows.newsletter(session))
    issue = build_issue(session, letter, TODAY, NOW)
    approve(session, issue, NOW, scheduled_at=NOW + HOUR)
    assert due_issues(session, NOW + HOUR - timedelta(seconds=1)) == []
    assert due_issues(session, NOW + HOUR) == [issue.id]


def together(count: int, work: Callable[[], list[int]]) -> list[list[int]]:
    """What *work* gives when *count* threads begin it at the same moment."""
    barrier = Barrier(count)

    def begin(_: int) -> list[int]:
        barrier.wait(timeout=20)
        return work()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def test_two_beats_build_one_issue(database: Engine, session: Session) -> None:
    letter = with_news(session, rows.newsletter(session))
    session.commit()

    def beat() -> list[int]:
        with Session(database, expire_on_commit=False) as own, own.begin():
            return [issue.id for issue in build_due(own, letter.id, NOW)]

    built = together(4, beat)

    assert sorted(len(ids) for ids in built) == [0, 0, 0, 1]
    assert session.scalars(select(Issue.number)).all() == [1]


def test_two_builds_of_a_date_make_one_issue(database: Engine, session: Session) -> None:
    letter = with_news(session, rows.newsletter(session, approval=Approval.APPROVE))
    session.commit()

    def build() -> list[int]:
        with Session(database, expire_on_commit=False) as own, own.begin():
            return [build_issue(own, own.get_one(Newsletter, letter.id), TODAY, NOW).id]

    built = together(4, build)

    assert len({ids[0] for ids in built}) == 1
    assert session.scalars(select(Issue.number)).all() == [1]


def test_a_crash_while_building_undoes_the_claim(database: Engine, session: Session) -> None:
    letter = with_news(session, rows.newsletter(session))
    session.commit()
    with Session(database) as own:
        assert build_due(own, letter.id, NOW)
        own.rollback()

    session.expire_all()
    assert due_newsletters(session, NOW) == [(letter.id, TODAY)]
    assert session.scalars(select(Issue.id)).all() == []
