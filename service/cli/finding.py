"""Find what a command's argument names, or say what there is instead."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.models import Issue, IssueState, Newsletter


def ready(*, begins: bool = False) -> None:
    """The schema up to date, and the log set up: what every command needs first.

    Only a command that *begins* something may make a database where there is none.
    """
    from service.cli.reach import check_there_is_one, upgrade_schema
    from service.log import set_up_logging

    set_up_logging()
    if not begins:
        check_there_is_one()
    upgrade_schema()


def newsletter_named(session: Session, slug: str | None) -> Newsletter:
    """The newsletter called *slug*; without a name, the only one there is."""
    found = list(session.scalars(select(Newsletter).order_by(Newsletter.slug)))
    if not found:
        raise click.ClickException("There is no newsletter yet: `broadsheet load FILE.toml`.")
    for newsletter in found:
        if newsletter.slug == slug or (slug is None and len(found) == 1):
            return newsletter
    names = ", ".join(newsletter.slug for newsletter in found)
    if slug is None:
        raise click.ClickException(f"Name one of the newsletters: {names}.")
    raise click.ClickException(f"There is no newsletter {slug!r}; there are: {names}.")


def issue_named(session: Session, name: str | None) -> Issue:
    """*name* is a number, ``7``, or ``NEWSLETTER/7``; None is the latest issue of all."""
    if name is None:
        issue = session.scalars(select(Issue).order_by(Issue.id.desc()).limit(1)).first()
        if issue is None:
            raise click.ClickException("There is no issue yet: `broadsheet build NEWSLETTER`.")
        return issue
    slug, _, number = name.rpartition("/")
    if not re.fullmatch("[0-9]{1,9}", number):
        raise click.ClickException(f"{name!r} is not an issue: give its number, or NEWSLETTER/7.")
    newsletter = newsletter_named(session, slug or None)
    issue = session.scalars(
        select(Issue).where(Issue.newsletter_id == newsletter.id, Issue.number == int(number))
    ).one_or_none()
    if issue is None:
        raise click.ClickException(f"{newsletter.slug} has no issue {number}.")
    return issue


def latest_draft(session: Session) -> Issue:
    """The draft that was made last."""
    issue = session.scalars(
        select(Issue).where(Issue.state == IssueState.DRAFT).order_by(Issue.id.desc()).limit(1)
    ).first()
    if issue is None:
        raise click.ClickException("There is no draft: `broadsheet build` makes one.")
    return issue


def moment(text: str, newsletter: Newsletter) -> datetime:
    """``2026-11-20 07:00`` in the newsletter's own time, or with an offset; UTC."""
    from zoneinfo import ZoneInfo

    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.ClickException(
            f"{text!r} is not a time: write it like 2026-11-20 07:00 ({newsletter.timezone})."
        ) from error
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(newsletter.timezone))
    return at.astimezone(UTC)


def name_of(issue: Issue) -> str:
    """As :func:`issue_named` takes it."""
    return f"{issue.newsletter.slug}/{issue.number}"


def note(session: Session, issue: Issue, action: str, **detail: object) -> None:
    """Keep in the audit log what was done to an issue from the shell."""
    from service.staff.users import audit

    subject = f"{issue.newsletter.slug} issue {issue.number}"
    audit(session, None, action, subject, datetime.now(UTC), **detail)
