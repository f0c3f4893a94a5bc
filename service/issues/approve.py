"""Freeze an issue and let it go, hold it, skip it, stop it; and an issue written by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, cast

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.issues.build import lock_newsletter, next_number
from service.issues.curate import checked_subject, locked_issue
from service.issues.errors import BadInput
from service.issues.gather import sent_before
from service.issues.states import check_move
from service.issues.words import follow, sections_now
from service.localtime import zone
from service.models import Entry, Issue, IssueKind, IssueState, Item, Newsletter, Timing, Variant
from service.models.document import Document, Section
from service.webhooks.announce import Happening, announce, of_issue

Origin = Literal["editor", "ai", "template", "none"]


def approve(
    session: Session,
    issue: Issue,
    now: datetime,
    *,
    scheduled_at: datetime | None = None,
    timing: Timing | None = None,
) -> Issue:
    """Freeze a draft as it stands; it goes out from *scheduled_at* on (None: now).

    What another issue carried meanwhile is left out, unless it is pinned. Raises
    :class:`IllegalMove` unless it is a draft, and :class:`BadInput` when it must not be sent.
    """
    check_move(locked_issue(session, issue).state, IssueState.APPROVED)
    if issue.state is IssueState.HELD:
        raise BadInput("The issue is approved already and held: resume it.")
    sections = sections_now(session, issue, without=_repeats(session, issue))
    follow(issue, sections)
    _check_sendable(issue, sections)
    issue.scheduled_at = scheduled_at or now
    issue.timing = timing or issue.timing
    issue.document = freeze(issue, sections, issue.scheduled_at).model_dump(mode="json")
    issue.state, issue.reason = IssueState.APPROVED, None
    issue.approved_at = issue.frozen_at = issue.released_at = now
    issue.waiting_since = None
    # Rendered of what was frozen before: an approval that was taken back, and changed.
    session.execute(delete(Variant).where(Variant.issue_id == issue.id))
    session.flush()
    return issue


def freeze(issue: Issue, sections: tuple[Section, ...], goes_at: datetime) -> Document:
    """The issue as a value. A manual one bears the date on which it goes."""
    newsletter = issue.newsletter
    manual = issue.kind is IssueKind.MANUAL
    return Document(
        newsletter=newsletter.slug,
        title=issue.subject if manual else newsletter.name,
        kind=issue.kind.value,
        number=issue.number,
        issue_date=issue.local_date or goes_at.astimezone(zone(newsletter.timezone)).date(),
        subject=issue.subject,
        preheader=issue.preheader,
        editorial=issue.editorial,
        editorial_origin=cast("Origin", issue.editorial_origin),
        byline=newsletter.byline,
        sections=sections,
    )


def document_now(session: Session, issue: Issue, now: datetime) -> Document:
    """What was frozen, or what freezing at *now* would give: for previews and test copies."""
    if issue.document is not None:
        return Document.model_validate(issue.document)
    return freeze(issue, sections_now(session, issue), issue.scheduled_at or now)


def compose_manual(
    session: Session, newsletter: Newsletter, subject: str, markdown: str, now: datetime
) -> Issue:
    """A draft with nothing but an editorial; raises :class:`BadInput` for what cannot be sent."""
    subject = checked_subject(subject)
    if not markdown.strip():
        raise BadInput("The body is empty: write what readers are to get, in Markdown.")
    _check_newsletter(newsletter)
    lock_newsletter(session, newsletter)
    issue = Issue(
        newsletter=newsletter,
        kind=IssueKind.MANUAL,
        number=next_number(session, newsletter),
        state=IssueState.DRAFT,
        subject=subject,
        preheader="",
        words_touched=True,
        editorial=markdown.strip(),
        editorial_origin="editor",
        timing=Timing.NOW,
        created_at=now,
    )
    session.add(issue)
    session.flush()
    return issue


def copy_manual(session: Session, issue: Issue, now: datetime) -> Issue:
    """A new draft with the words of a manual *issue*, to those to whom it went.

    Raises :class:`BadInput` when there is nothing to copy, or nobody to send it to any more.
    """
    copy = compose_manual(session, issue.newsletter, issue.subject, issue.editorial, now)
    copy.preheader, copy.segment = issue.preheader, issue.segment
    session.flush()
    return copy


def reopen(session: Session, issue: Issue) -> Issue:
    """Take back an approval, or a skip, before anything has gone out: a draft again."""
    check_move(locked_issue(session, issue).state, IssueState.DRAFT)
    issue.state, issue.reason = IssueState.DRAFT, None
    issue.document = issue.scheduled_at = None
    issue.approved_at = issue.frozen_at = issue.released_at = None
    session.flush()
    return issue


def hold(session: Session, issue: Issue, reason: str) -> Issue:
    """Let nothing more go out until it is resumed; *reason* is shown with it."""
    _move(session, issue, IssueState.HELD, reason)
    # When it is told of is all that the time is for.
    announce(session, Happening.ISSUE_HELD, of_issue(issue), datetime.now(UTC))
    return issue


def resume(session: Session, issue: Issue, now: datetime) -> Issue:
    """Let a held issue go on from where it was, to all: nobody is late for having waited."""
    locked_issue(session, issue)
    goes_on = IssueState.SENDING if issue.started_at else IssueState.APPROVED
    if issue.state is not IssueState.HELD:
        raise BadInput(f"Issue {issue.number} is {issue.state.value}, not held.")
    check_goes_on(issue.newsletter)
    issue.released_at = now
    return _move(session, issue, goes_on, None)


def skip(session: Session, issue: Issue, reason: str) -> Issue:
    """Send nothing on that date; what was new waits for the next issue."""
    return _move(session, issue, IssueState.SKIPPED, reason)


def stop(session: Session, issue: Issue, reason: str, now: datetime) -> Issue:
    """End it for good, however many have gone out."""
    _move(session, issue, IssueState.STOPPED, reason)
    issue.finished_at = now
    announce(session, Happening.ISSUE_STOPPED, of_issue(issue), now)
    return issue


def _move(session: Session, issue: Issue, state: IssueState, reason: str | None) -> Issue:
    check_move(locked_issue(session, issue).state, state)
    issue.state, issue.reason, issue.waiting_since = state, reason, None
    session.flush()
    return issue


def _repeats(session: Session, issue: Issue) -> frozenset[int]:
    """Entries that an issue approved since this draft was built has carried."""
    if issue.kind is IssueKind.MANUAL or issue.cutoff_at is None:
        return frozenset()
    sent = sent_before(session, issue.newsletter, issue.kind, issue.cutoff_at)
    rows = session.execute(
        select(Entry.id, Item.id, Item.canonical_url)
        .join(Item, Item.id == Entry.item_id)
        .where(Entry.issue_id == issue.id, Entry.pinned.is_(False))
    )
    return frozenset(entry for entry, item, url in rows if sent.holds(item, url))


def _check_sendable(issue: Issue, sections: tuple[Section, ...]) -> None:
    checked_subject(issue.subject)
    _check_newsletter(issue.newsletter)
    if not issue.editorial.strip() and not any(section.entries for section in sections):
        raise BadInput("There is nothing in this issue: write an editorial, or skip it.")


def check_goes_on(newsletter: Newsletter) -> None:
    """Raise :class:`BadInput` when nothing of the newsletter is sent any more."""
    if newsletter.archived_at is not None:
        raise BadInput(
            f"{newsletter.name} is archived, so nothing of it is sent: restore it in its settings "
            "first."
        )


def _check_newsletter(newsletter: Newsletter) -> None:
    check_goes_on(newsletter)
    if not newsletter.postal_address.strip():
        raise BadInput(
            f"{newsletter.name} has no postal address, which the law asks for in every issue: "
            "set it in its settings, or in its file and load it again."
        )
