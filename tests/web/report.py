"""The newsletter that the tests of pages and of the API are about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from service.db import session_scope
from service.models import Newsletter

SECTIONS: list[dict[str, Any]] = [
    {"slug": "labs", "kind": "headlines", "heading": "AI Labs", "optional": False},
    {"slug": "wire", "kind": "headlines", "heading": "From the Wire"},
    {"slug": "papers", "kind": "papers", "heading": "Papers", "topics": ["cs.CL", "cs.LG"]},
]


def add_report(now: datetime) -> Newsletter:
    """ "The Report", with three sections and nobody who reads it."""
    with session_scope() as session:
        row = Newsletter(
            slug="report",
            name="The Report",
            from_name="The Report",
            from_address="report@news.example.org",
            postal_address="1 Quay Street, Harbourtown",
            timezone="Europe/Berlin",
            sections=SECTIONS,
            weekly_day=5,
            created_at=now,
        )
        session.add(row)
    return row
