"""Doorway to the webhooks: make the calls that are due to one of them."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.db import session_scope
from service.doorbell import Bell, publish
from service.models import Newsletter, Webhook
from service.staff.alerts import alert_owners
from service.webhooks.deliver import Claim, claim_call, make_call, record
from workers.app import app

log = structlog.get_logger(__name__)

CALLING_TIME = timedelta(seconds=5)
"""A task begins no call after this and rings for the rest, so that others get their turn."""


@app.task(name=Bell.WEBHOOK.value)
def call_webhook(webhook_id: int) -> None:
    """Make due calls for a while. A server that does not answer is asked once, until the tick."""
    until = time.monotonic() + CALLING_TIME.total_seconds()
    while time.monotonic() < until:
        with session_scope() as session:
            claim = claim_call(session, webhook_id, datetime.now(UTC))
        if claim is None:
            return
        if not _call(claim):
            return
    publish(Bell.WEBHOOK, webhook_id)


def _call(claim: Claim) -> bool:
    """Make one call; whether anybody answered."""
    answer = make_call(claim, datetime.now(UTC))
    chance = random.SystemRandom().random()
    with session_scope() as session:
        now = datetime.now(UTC)
        switched_off = record(session, claim, answer, now, chance)
        if switched_off is not None:
            _tell_owners(session, switched_off, now)
    log.info("webhook.called", call=claim.call_id, attempt=claim.attempt, status=answer.status)
    return answer.status is not None


def _tell_owners(session: Session, webhook: Webhook, now: datetime) -> None:
    newsletter = session.scalars(select(Newsletter).order_by(Newsletter.id).limit(1)).first()
    log.error("webhook.off", webhook=webhook.id, reason=webhook.reason)
    if newsletter is not None:
        text = (
            f"The webhook to {webhook.url} was switched off: {webhook.reason} "
            "Put it right and switch it on again under Webhooks; what waits is then told."
        )
        alert_owners(session, newsletter, "webhook_off", text, now)
