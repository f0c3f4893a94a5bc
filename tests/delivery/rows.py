"""Rows to deliver: a newsletter, its readers, an issue that is approved and rendered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audience.addresses import parse_address
from service.audience.joining import Reader, add_all_confirmed
from service.audience.preferences import Preferences
from service.issues.approve import approve, compose_manual
from service.models import Delivery, DeliveryState, Issue, Newsletter, Timing
from service.rendering.variants import render_missing_variants


def a_newsletter(session: Session, now: datetime, **fields: Any) -> Newsletter:
    row = Newsletter(
        **{
            "slug": "report",
            "name": "The Report",
            "from_name": "The Report",
            "from_address": "report@news.example.org",
            "postal_address": "1 Quay Street, Harbourtown",
            "timezone": "Europe/Berlin",
            "sections": [{"slug": "labs", "kind": "headlines", "heading": "AI Labs"}],
            "weekly_day": 5,
            "created_at": now,
            **fields,
        }
    )
    session.add(row)
    session.flush()
    return row


def add_readers(
    session: Session,
    newsletter: Newsletter,
    count: int,
    now: datetime,
    *,
    name: str = "reader",
    **preferences: Any,
) -> list[str]:
    """*count* active readers, ``reader1@example.org`` and on; their addresses."""
    emails = [f"{name}{number}@example.org" for number in range(1, count + 1)]
    readers = [Reader(parse_address(email), Preferences(**preferences)) for email in emails]
    for start in range(0, count, 500):
        add_all_confirmed(session, newsletter, readers[start : start + 500], now)
    return emails


def an_approved_issue(
    session: Session, newsletter: Newsletter, now: datetime, timing: Timing = Timing.NOW
) -> Issue:
    """A manual issue, frozen, and rendered for every choice that readers have now."""
    issue = compose_manual(session, newsletter, "A note to readers", "Good *morning*.", now)
    approve(session, issue, now, scheduled_at=now, timing=timing)
    render_missing_variants(session, issue, now)
    return issue


def states(session: Session, issue_id: int) -> list[DeliveryState]:
    """The state of each delivery of the issue, sorted by name."""
    found = session.scalars(select(Delivery.state).where(Delivery.issue_id == issue_id))
    return sorted(found, key=lambda state: state.value)
