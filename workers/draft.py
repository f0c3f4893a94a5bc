"""Doorway to a model that drafts an editorial, asked for at the desk."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from celery.exceptions import SoftTimeLimitExceeded

from service.config import settings
from service.doorbell import Bell
from service.issues.ai.asked import LONGEST, bring_draft, give_up
from service.issues.ai.client import Endpoint
from workers.app import app

log = structlog.get_logger(__name__)

LIMIT = int(LONGEST.total_seconds())


@app.task(name=Bell.DRAFT.value, soft_time_limit=LIMIT, time_limit=LIMIT + 30)
def draft_editorial(issue_id: int) -> None:
    """Have the draft written that an editor waits for; what went wrong is shown at the desk."""
    try:
        problem = bring_draft(Endpoint.of(settings()), issue_id, datetime.now(UTC))
    except SoftTimeLimitExceeded:
        problem = give_up(issue_id, f"The model did not come to an end in {LIMIT} s.")
    if problem:
        log.warning("draft.refused", issue=issue_id, reason=problem)
