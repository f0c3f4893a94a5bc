"""Mail to the owners about what only they can put right."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.models import Issue, Newsletter, Notice, NoticeKind, Role, User


def alert_owners(
    session: Session, about: Newsletter | Issue, kind: str, text: str, now: datetime
) -> None:
    """Queue *text* for every owner; *kind* is a word by which programs tell alerts apart."""
    newsletter_id, issue_id = (
        (about.newsletter_id, about.id) if isinstance(about, Issue) else (about.id, None)
    )
    owners = (
        select(User.email)
        .where(User.role == Role.OWNER, User.removed_at.is_(None))
        .order_by(User.id)
    )
    session.add_all(
        Notice(
            kind=NoticeKind.ALERT,
            newsletter_id=newsletter_id,
            issue_id=issue_id,
            address=address,
            payload={"kind": kind, "issue_id": issue_id, "text": text},
            due_at=now,
            created_at=now,
            changed_at=now,
        )
        for address in session.scalars(owners)
    )
