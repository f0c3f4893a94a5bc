"""A newsletter to subscribe to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from service.models import Newsletter

SECTIONS: list[dict[str, Any]] = [
    {"slug": "labs", "kind": "headlines", "heading": "AI Labs", "optional": False},
    {"slug": "wire", "kind": "headlines", "heading": "From the Wire"},
    {
        "slug": "papers",
        "kind": "papers",
        "heading": "Research Papers",
        "topics": ["cs.CL", "cs.LG"],
    },
]


@pytest.fixture
def newsletter(session: Session, now: datetime) -> Newsletter:
    """Daily at 07:00 in Berlin, a weekly digest on Saturday."""
    row = Newsletter(
        slug="report",
        name="The Report",
        from_name="The Report",
        from_address="report@news.example.org",
        postal_address="1 Quay Street, Harbourtown",
        timezone="Europe/Berlin",
        send_hour=7,
        sections=SECTIONS,
        weekly_day=5,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row
