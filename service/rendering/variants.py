"""The edge with rows: one rendering for each distinct choice, never one for each reader."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from service.audience.choices import wanted_by
from service.config import settings
from service.db import insert_ignoring
from service.message.slots import new_nonce
from service.models.audience import Choice, Subscription, SubscriptionState
from service.models.content import Issue, Variant
from service.models.document import Document
from service.rendering.issue import Identity, render_issue


def frozen_document(issue: Issue) -> Document:
    """What *issue* says. ValueError while it is a draft, whose content may still change."""
    if issue.document is None:
        raise ValueError(f"issue {issue.number} is not frozen yet: approve it first")
    return Document.model_validate(issue.document)


def render_missing_variants(
    session: Session, issue: Issue, now: datetime, *, limit: int | None = None
) -> int:
    """Render *issue* for each choice of its active readers that has no variant; how many.

    Called again it renders only what came since: a choice made after the first call, or what is
    beyond *limit*. Two callers at once are harmless, the unique key keeps one rendering of each.
    """
    document = frozen_document(issue)
    missing = _choices_without_variant(session, issue, limit)
    if not missing:
        return 0
    identity = Identity.of(issue.newsletter, settings().base_url)
    rows = [_row(document, choice, identity, issue.id, now) for choice in missing]
    table = Variant.__table__
    assert isinstance(table, Table)
    return insert_ignoring(session, table, rows)


def _choices_without_variant(session: Session, issue: Issue, limit: int | None) -> list[Choice]:
    in_use = select(Subscription.choice_id).where(
        Subscription.newsletter_id == issue.newsletter_id,
        Subscription.state == SubscriptionState.ACTIVE,
    )
    rendered = select(Variant.choice_id).where(Variant.issue_id == issue.id)
    query = select(Choice).where(Choice.id.in_(in_use), Choice.id.not_in(rendered))
    return list(session.scalars(query.order_by(Choice.id).limit(limit)))


def _row(
    document: Document, choice: Choice, identity: Identity, issue_id: int, now: datetime
) -> dict[str, Any]:
    parts = render_issue(document, wanted_by(choice), identity, new_nonce())
    return {
        "issue_id": issue_id,
        "choice_id": choice.id,
        "nonce": parts.nonce,
        "subject": parts.subject,
        "html": parts.html,
        "text": parts.text,
        "created_at": now,
    }
