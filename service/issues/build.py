"""Make the draft of a date from the rows, or make it anew around what the editor has done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.issues import gather
from service.issues.compose import Pool, Window, compose
from service.issues.errors import IssueFrozen
from service.issues.states import FROZEN
from service.issues.values import Line
from service.issues.week import digest
from service.issues.words import follow, sections_now, specs_of
from service.models import Approval, Entry, Issue, IssueKind, IssueState, Newsletter

FIRST_WINDOW = {IssueKind.DAILY: timedelta(days=1), IssueKind.WEEKLY: timedelta(days=7)}
"""How far back the first issue of a newsletter looks."""


def build_issue(
    session: Session,
    newsletter: Newsletter,
    local_date: date,
    now: datetime,
    kind: IssueKind = IssueKind.DAILY,
) -> Issue:
    """Create or rebuild the draft of *local_date*: what was collected since the last issue.

    A weekly one is made of what the daily issues since the last one carried; in a week without
    any, of what was collected.
    What an editor pinned, dropped, moved or edited stays as it is. With ``approval = auto`` a day
    with fewer than ``min_items`` new items gives a skipped issue that says so. Raises
    :class:`IssueFrozen` when that date's issue was approved already.
    """
    lock_newsletter(session, newsletter)
    issue = find_issue(session, newsletter, local_date, kind)
    if issue is None:
        issue = _new_issue(session, newsletter, local_date, now, kind)
    elif issue.state in FROZEN:
        raise IssueFrozen(
            f"Issue {issue.number} of {local_date} is {issue.state.value}: it is not built again. "
            "Reopen it first if it has not begun to go out."
        )
    start = gather.covered_until(session, newsletter, kind) or now - FIRST_WINDOW[kind]
    issue.state, issue.reason = IssueState.DRAFT, None
    issue.window_start, issue.cutoff_at = start, now
    _write_entries(session, issue, _compose(session, issue, Window(start, now)))
    follow(issue, sections_now(session, issue))
    _skip_a_quiet_day(session, issue)
    session.flush()
    return issue


def find_issue(
    session: Session, newsletter: Newsletter, local_date: date, kind: IssueKind
) -> Issue | None:
    """The issue of that date and kind as the database has it now, locked; None when none is."""
    return session.scalar(
        select(Issue)
        .where(Issue.newsletter_id == newsletter.id)
        .where(Issue.kind == kind, Issue.local_date == local_date)
        .with_for_update(of=Issue)
        .execution_options(populate_existing=True)
    )


def lock_newsletter(session: Session, newsletter: Newsletter) -> None:
    """Builds of one newsletter wait for one another: they count its issues."""
    session.flush()
    session.refresh(newsletter, with_for_update=True)


def next_number(session: Session, newsletter: Newsletter) -> int:
    """The number of the newsletter's next issue; the newsletter must be locked."""
    highest = session.scalar(
        select(func.max(Issue.number)).where(Issue.newsletter_id == newsletter.id)
    )
    return (highest or 0) + 1


def _new_issue(
    session: Session, newsletter: Newsletter, local_date: date, now: datetime, kind: IssueKind
) -> Issue:
    issue = Issue(
        newsletter=newsletter,
        kind=kind,
        number=next_number(session, newsletter),
        local_date=local_date,
        state=IssueState.DRAFT,
        subject="",
        preheader="",
        editorial="",
        editorial_origin="none",
        words_touched=False,
        created_at=now,
    )
    session.add(issue)
    session.flush()
    return issue


def _compose(session: Session, issue: Issue, window: Window) -> tuple[Pool, ...]:
    newsletter = issue.newsletter
    specs = specs_of(newsletter)
    sent = gather.sent_before(session, newsletter, issue.kind, window.end)
    boards = gather.boards(session, newsletter, window)
    settled = gather.settled(session, issue)
    week = gather.carried(session, newsletter, window) if issue.kind is IssueKind.WEEKLY else None
    if week is not None:
        unsent = [
            found
            for found in week
            if not sent.holds(found.story.item_id, found.story.canonical_url)
        ]
        return digest(specs, unsent, boards, settled)
    fresh = [
        found
        for found in gather.candidates(session, newsletter, specs, window)
        if not sent.holds(found.item_id, found.canonical_url)
    ]
    return compose(specs, fresh, boards, window, settled)


def _write_entries(session: Session, issue: Issue, pools: Sequence[Pool]) -> None:
    """Bring the rows to *pools*, around those that an editor has decided about."""
    rows = {(row.section, row.key): row for row in issue_entries(session, issue)}
    kept = {place for place, row in rows.items() if row.touched or row.pinned or row.dropped}
    wanted: set[tuple[str, str]] = set()
    for pool in pools:
        section = pool.spec.slug
        held = {rows[place].position for place in kept if place[0] == section}
        lines = [line for line in pool.lines if (section, line.key) not in kept]
        for position, line in zip(_free(held, len(lines)), lines, strict=True):
            place = (section, line.key)
            wanted.add(place)
            row = rows.get(place) or _new_entry(session, issue, section, line)
            row.position = position
            row.data = line.entry.model_dump(mode="json")
    for place, row in rows.items():
        if place not in kept and place not in wanted:
            session.delete(row)
    session.flush()


def issue_entries(session: Session, issue: Issue) -> Sequence[Entry]:
    """All entries of *issue*, dropped ones too, in their order."""
    return session.scalars(
        select(Entry)
        .where(Entry.issue_id == issue.id)
        .order_by(Entry.section, Entry.position, Entry.id)
    ).all()


def _free(held: set[int], count: int) -> list[int]:
    """The first *count* positions that no kept entry holds."""
    return [place for place in range(count + len(held)) if place not in held][:count]


def _new_entry(session: Session, issue: Issue, section: str, line: Line) -> Entry:
    row = Entry(issue_id=issue.id, section=section, key=line.key, item_id=line.item_id)
    session.add(row)
    return row


def _skip_a_quiet_day(session: Session, issue: Issue) -> None:
    newsletter = issue.newsletter
    if newsletter.approval is not Approval.AUTO:
        return
    news = sum(
        1
        for row in issue_entries(session, issue)
        if not row.dropped and (row.item_id is not None or row.pinned)
    )
    if news < newsletter.min_items:
        issue.state = IssueState.SKIPPED
        issue.reason = (
            f"A quiet day: {news} new {'item' if news == 1 else 'items'}, and this newsletter "
            f"goes out with {newsletter.min_items} or more. The next issue carries them."
        )
